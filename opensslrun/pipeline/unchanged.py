"""A run over the very same inputs as an earlier one, answered by what that one came to.

A verdict follows from the cells, the record, the catalogue, the promises and the code that judges, and from nothing
else. How a whole run was judged is kept under a hash of the code, the libraries, the options and the targets, with the
sha256 of each file that was read to judge it, and of each file of cells it rests on. So it is taken only where judging
anew would give the same word for word; whatever has changed, even in a comment of this package, is judged anew from
the cells.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import platform
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from opensslrun.data import shipped
from opensslrun.errors import OpensslrunError
from opensslrun.judge.model import Verdict
from opensslrun.noted import Noted, noting
from opensslrun.pipeline.cellcache import CellCache, target_key
from opensslrun.pipeline.cellstore import JUDGED, NotKeptError, Store, is_believed_at
from opensslrun.pipeline.observed import Outcome
from opensslrun.pipeline.plan import Plan, Wanted, case_folders, difference_files, plan_of
from opensslrun.pipeline.recall import proof_of
from opensslrun.pipeline.result import code_sha256
from opensslrun.pipeline.run import Had, Observed
from opensslrun.report import model as m
from opensslrun.report.written import rest_in_pieces
from opensslrun.targets.cache import sha256_of
from opensslrun.targets.model import Obtained

_LIBRARIES: Final = ("asn1crypto", "cryptography", "docker", "packaging", "pexpect", "pydantic", "pydantic-core")
"""The libraries that what is observed and judged rests on."""
_PIECE: Final = 64 * 1024
_NOTHING_MORE_TO_SAY: Final = frozenset({Verdict.PASS, Verdict.KNOWN})
"""Verdicts of cells of which a terminal shows no more than their mark and their known differences."""


@dataclass(frozen=True, slots=True)
class Before:
    """What an earlier run came to.

    ``shown`` is its result with what is not simply as recorded, and without the facts of its steps: as much as a
    terminal shows. ``judged`` is when it was judged (UTC, ISO 8601). ``packed`` is the rest of the document,
    compressed.
    """

    shown: m.Result
    judged: str
    packed: bytes = field(repr=False)

    def rest(self) -> Iterator[str]:
        """The document after its head, as :func:`~opensslrun.report.written.rest_in_pieces` gave it."""
        unpacker, decoder = zlib.decompressobj(), codecs.getincrementaldecoder("utf-8")()
        for begin in range(0, len(self.packed), _PIECE):
            yield decoder.decode(unpacker.decompress(self.packed[begin : begin + _PIECE]))
        yield decoder.decode(unpacker.flush(), final=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run rests on: of each target what was had and its cells' file, and the second of its oldest cell."""

    got: list[list[Any]]
    oldest: int


class Unchanged:
    """Looks whether all that a run rests on is as it was in an earlier run: first the files that say what is run and
    what is predicted, then, while targets are obtained, each of these.

    Whatever goes wrong with that is as if there were no earlier run.
    """

    def __init__(self, wanted: Wanted, store: Store) -> None:
        """Raises UsageError for a mistake in a project's settings."""
        self._wanted = wanted
        self._store = store
        self._name = inputs_sha256(wanted) + JUDGED
        self._noted = Noted()
        self._agreed: set[str] = set()
        self._document = self._read()
        self._expected = {each[0]: each for each in self._document["got"]} if self._document else {}

    @property
    def may_be(self) -> bool:
        """Whether nothing that has been looked at so far is different."""
        return self._document is not None

    def plan(self) -> Plan:
        """What is to be run after all. Raises UsageError, as :func:`~opensslrun.pipeline.plan.make_plan` does."""
        with noting() as noted:
            plan = plan_of(self._wanted)
        self._noted = noted
        return plan

    def _read(self) -> dict[str, Any] | None:
        try:
            content = self._store.unsealed(self._name)
        except NotKeptError:
            return None
        if content is None:
            return None
        said, _, rest = content.partition(b"\n")
        document: dict[str, Any] = json.loads(said)  # sealed, and so as it was written
        document["rest"] = rest
        noted = Noted(document["read"], document["listed"])
        return document if is_believed_at(document["oldest"]) and noted.still_holds() else None

    def there(self, obtained: Obtained, kept: CellCache) -> bool:
        """Whether a target that is there, and its cells, are what they were."""
        name = obtained.target.id
        if self._document is not None and self._expected.get(name) == _as_it_is(obtained, kept):
            self._agreed.add(name)
            return True
        self._document = None
        return False

    def before(self, had: Had) -> Before | None:
        """What the earlier run came to, if all that was had is as it was then."""
        document = self._document
        if document is None or self._agreed != set(had.ready):
            return None
        now = [self._expected[name] if name in had.ready else _missing(name, got) for name, got in had.got.items()]
        if now != document["got"]:
            return None
        shown, _, packed = document["rest"].partition(b"\n")
        return Before(m.Result.model_validate_json(shown), document["judged"], packed)

    def seen(self, had: Had, observed: Observed, kept: CellCache) -> Seen | None:
        """What a run rests on; None where it was not whole, or not all of it is kept."""
        if observed.interrupted or observed.defect is not None:
            return None
        runs = {run.target.id: run for run in observed.runs}
        got, oldest = [], None
        for name, what in had.got.items():
            if isinstance(what, OpensslrunError):
                got.append(_missing(name, what))
                continue
            run = runs[name]
            if run.outcome is not Outcome.RAN or run.proof is None:
                return None
            if what.image_id is None and proof_of(what, kept) != run.proof:
                return None  # another binary by now, of which these cells say nothing
            cells = [*run.cells, *(pair.cell for pair in observed.pairs if pair.consumer == name and pair.cell)]
            as_it_is = _as_it_is(what, kept)
            stamp = kept.oldest(what, run.proof, [cell.case for cell in cells])
            if as_it_is is None or stamp is None:
                return None
            got.append(as_it_is)
            oldest = stamp if oldest is None else min(oldest, stamp)
        return None if oldest is None else Seen(got, oldest)

    def keep(self, seen: Seen, result: m.Result) -> None:
        """Keep what a run came to, as the next one over the same inputs is to say it: all of it from the cache."""
        result = _as_recalled(result)
        said = {
            "got": seen.got,
            "oldest": seen.oldest,
            "judged": datetime.now(UTC).isoformat(timespec="seconds"),
            "read": self._noted.read,
            "listed": self._noted.listed,
        }
        packer = zlib.compressobj(1)
        packed = [packer.compress(piece.encode()) for piece in rest_in_pieces(result)]
        shown = _shown(result).model_dump_json(by_alias=True, exclude_defaults=True).encode()
        content = b"\n".join([json.dumps(said).encode(), shown, b"".join([*packed, packer.flush()])])
        try:
            self._store.seal(self._name, content)
        except NotKeptError:
            return  # what keeps this from being written has been told of the cells


def _as_it_is(obtained: Obtained, kept: CellCache) -> list[Any] | None:
    """A target as it is now; None when nothing of it may be kept, or it cannot be told."""
    name = kept.pack_name(obtained)
    if name is None:
        return None
    proven = None
    if obtained.image_id is None:
        proof = proof_of(obtained, kept)
        if proof is None:
            return None
        proven = target_key(obtained, proof)
    try:
        cells = kept.store.digest(name)
    except NotKeptError:
        return None
    path = None if obtained.path is None else str(obtained.path)
    what = [obtained.image_id, path, obtained.origin, obtained.digest, obtained.system]
    return [obtained.target.id, what, proven, name, cells]


def _missing(name: str, error: object) -> list[Any]:
    return [name, str(error)]


def inputs_sha256(wanted: Wanted) -> str:
    """Over everything that a run rests on, but the files of cases, records and differences, what is had of its targets
    and what they show. Raises UsageError for a mistake in a project's settings."""
    digest = hashlib.sha256()
    options = wanted.options
    parts: list[object] = [
        code_sha256(),
        [platform.python_version(), *(metadata.version(name) for name in _LIBRARIES)],
        str(Path.cwd()),
        repr(replace(options, jobs=None, cache=True)),
        [str(path) for path in (*case_folders(options.cases_dir), *difference_files(options.differences))],
        [[path.name, sha256_of(path)] for path in sorted((shipped("fixtures") / "keys").iterdir())],
        repr(wanted.targets),
        repr(wanted.stand_ins),
    ]
    for part in parts:
        content = json.dumps(part).encode()
        digest.update(b"%d\0" % len(content))
        digest.update(content)
    return digest.hexdigest()


def _as_recalled(result: m.Result) -> m.Result:
    """The result of a run that takes from the cache all that this one saw."""
    cells = [cell.model_copy(update={"cached": True}) if cell.steps else cell for cell in result.cells]
    pairs = [pair.model_copy(update={"cached": True}) if pair.steps else pair for pair in result.pairs]
    pair_verdicts = result.summary.pair_verdicts.model_copy(update={"cached": sum(pair.cached for pair in pairs)})
    counts = {"cached": sum(cell.cached for cell in cells), "pair_verdicts": pair_verdicts}
    targets = [
        target.model_copy(update={"proof_cached": True}) if target.outcome == Outcome.RAN else target
        for target in result.targets
    ]
    return result.model_copy(
        update={
            "summary": result.summary.model_copy(update=counts),
            "targets": targets,
            "cells": cells,
            "pairs": pairs,
        }
    )


def _shown(result: m.Result) -> m.Result:
    """Without what no terminal shows of a run: raw output, facts, and steps that went as recorded."""
    ran = [cell for cell in result.cells if cell.verdict != Verdict.NOT_RUN]
    cells = [cell.model_copy(update=_in_short(cell)) for cell in ran]
    pairs = [pair.model_copy(update=_in_short(pair)) for pair in result.pairs]
    return result.model_copy(update={"cells": cells, "pairs": pairs, "observations": {}})


def _in_short(cell: m.CellResult | m.PairResult) -> dict[str, object]:
    """What is left of a cell: why it did not go well, and of known differences which they are."""
    if cell.verdict not in _NOTHING_MORE_TO_SAY:
        return {"steps": [step.model_copy(update={"facts": {}, "wording": {}}) for step in cell.steps]}
    steps = [
        step.model_copy(update={"facts": {}, "wording": {}, "findings": [_named(each) for each in step.findings]})
        for step in cell.steps
        if step.findings
    ]
    return {"steps": steps, "reason": "", "duration_s": 0.0}


def _named(finding: m.FindingResult) -> m.FindingResult:
    return finding.model_copy(update={"value": None, "predicted": None})


def counts_of(result: m.Result) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """How many cells each target showed, and how many pairs each consumer."""
    cells: dict[str, int] = {}
    pairs: dict[str, int] = {}
    for cell in result.cells:
        if cell.cached:
            cells[cell.target] = cells.get(cell.target, 0) + 1
    for pair in result.pairs:
        if pair.cached:
            pairs[pair.consumer] = pairs.get(pair.consumer, 0) + 1
    return cells, pairs
