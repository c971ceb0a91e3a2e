"""Cells that were observed before: found again by everything that decides what they show, and not run again.

The key of a cell is a hash of the case with its fixtures, the code that observes, and the target as it proved to be.
What is kept is what was seen and the facts drawn from it, never a verdict: the record, the catalogue and the promises
speak afresh wherever one of them may have changed (:mod:`opensslrun.pipeline.unchanged`). An image's proof is kept by
the image's id, which names its content, so that nothing has to be started when every cell is there; a binary of this
machine proves itself in every run.
"""

from __future__ import annotations

import hashlib
import json
import platform
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import opensslrun
from opensslrun.cases.model import Case
from opensslrun.driver.outcome import Ending
from opensslrun.driver.system import here
from opensslrun.errors import OpensslrunError
from opensslrun.facts.model import Facts, as_facts, as_values
from opensslrun.pipeline.cellstore import Complain, NotKeptError, Pack, Store, pack_name
from opensslrun.pipeline.observed import ObservedCell, ObservedStep
from opensslrun.report.cells import ObservationResult
from opensslrun.targets.cache import Cache
from opensslrun.targets.model import Obtained, Proof, Target
from opensslrun.targets.prove import declared_version

_OBSERVING: Final = (
    "bench", "cases", "driver", "facts",
    "pipeline/benches.py", "pipeline/cellcache.py", "pipeline/observe.py", "pipeline/observed.py",
    "report/cells.py", "report/part.py",
    "targets/fingerprint.py", "targets/model.py", "targets/obtain.py", "targets/prove.py",
)  # fmt: skip
"""The sources that decide what a cell shows."""

_LIBRARIES: Final = ("asn1crypto", "cryptography", "pexpect", "docker")
"""The libraries by which it is observed and parsed."""

_PROGRAMS: Final = (b"\x7fELF", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How a program begins that is no script (ELF, Mach-O): what a script calls is in no fingerprint."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target before anything is started.

    ``proof`` is None when it has to prove itself. ``pack`` holds its cells.
    """

    pack: Pack
    proof: Proof | None


@dataclass
class CellCache:
    """The cells of earlier runs. Whatever goes wrong with it loses the cache alone, and is said once by ``complain``.

    Safe from several threads.
    """

    store: Store
    complain: Complain
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _complained: bool = False
    _packs: dict[str, Pack] = field(default_factory=dict)
    _read: dict[str, ObservedCell] = field(default_factory=dict)
    """What was read already, by file and by cell. A run asks twice for a target, once for its cells, once for pairs."""
    proven: dict[str, Proof] = field(default_factory=dict)
    """Binaries of this machine that have proved themselves in this run, by their target. What is run is proven anew."""

    @classmethod
    def of_user(cls, complain: Complain) -> CellCache:
        """Those of this user's cache folder."""
        return cls(Store(Cache.of_user()), complain)

    def known(self, obtained: Obtained) -> Known | None:
        """What is known of a target; None when nothing of it may be kept."""
        name = self.pack_name(obtained)
        if name is None:
            return None
        pack = self._packs.get(name)
        if pack is None:
            try:
                pack = self._packs[name] = self.store.read(name)
            except NotKeptError as error:
                self._say(error)
                return None
        return Known(pack, None if obtained.image_id is None else _proof_in(pack, obtained))

    def pack_name(self, obtained: Obtained) -> str | None:
        """The file of a target's cells, there or not; None when nothing of it may be kept."""
        place = _place(obtained)
        if place is None:
            return None
        with self._lock:
            code = observing_sha256()  # once, and not by each of several threads
        # What other code saw is of no use here, and would only be read: it has files of its own.
        return pack_name(obtained.target.id, _digest(place, code))

    def oldest(self, obtained: Obtained, proof: Proof, cases: Iterable[Case]) -> int | None:
        """The second in which the oldest of these cells, or the proof, was kept; None when one of them is not kept."""
        name = self.pack_name(obtained)
        if name is None:
            return None
        try:
            pack = self.store.read(name)
        except NotKeptError:
            return None
        what = target_key(obtained, proof)
        keys = [_cell_key(what, case) for case in cases]
        if obtained.image_id is not None:
            keys.append(_proof_key(obtained))
        stamps = [pack.stamp(key) for key in keys]
        known = [stamp for stamp in stamps if stamp is not None]
        return min(known) if known and len(known) == len(stamps) else None

    def cells(self, known: Known, obtained: Obtained, proof: Proof, cases: Sequence[Case]) -> dict[str, ObservedCell]:
        """The cells of these cases that were observed before, on a target with this proof, by case."""
        what = target_key(obtained, proof)
        found: dict[str, ObservedCell] = {}
        for case in cases:
            key = _cell_key(what, case)
            cell = self._read.get(key)
            if cell is None:
                document = known.pack.get(key)
                cell = None if document is None else _cell(document, case)
            if cell is not None:
                found[case.id] = self._read[key] = cell
        return found

    def keep(self, known: Known, obtained: Obtained, proof: Proof, cells: Iterable[ObservedCell]) -> None:
        """Keep the cells of a target that proved itself again after its last one, and its proof."""
        what = target_key(obtained, proof)
        documents = {_cell_key(what, cell.case): _cell_document(cell) for cell in cells if _is_worth_keeping(cell)}
        if obtained.image_id is not None:
            documents[_proof_key(obtained)] = _proof_document(proof)
        try:
            self.store.add(known.pack.name, documents)
        except NotKeptError as error:
            self._say(error)
        self._packs.pop(known.pack.name, None)  # it holds more now

    def _say(self, error: NotKeptError) -> None:
        with self._lock:
            told, self._complained = self._complained, True
        if not told:
            self.complain(f"cells are not kept for the next run: {error}")


def _place(obtained: Obtained) -> str | None:
    """Where the target's binary is, as a name; None when what it runs cannot be told from its fingerprint."""
    if obtained.image_id is not None:
        return obtained.image_id
    if obtained.path is None:
        return None
    try:
        with obtained.path.open("rb") as file:
            return str(obtained.path) if file.read(4).startswith(_PROGRAMS) else None
    except OSError:
        return None


def _is_worth_keeping(cell: ObservedCell) -> bool:
    """Whether it was observed to its end. What hung or was killed from outside may have met a busy machine."""
    whole = cell.error is None and len(cell.steps) == len(cell.case.steps) and not cell.cached
    return whole and not any(
        step.seen.ending == Ending.HUNG or (step.seen.ending == Ending.SIGNALLED and step.seen.status == 9)
        for step in cell.steps
    )


@cache
def observing_sha256() -> str:
    """Over the code that decides what a cell shows, and the versions of the libraries it rests on."""
    from cryptography.hazmat.backends.openssl.backend import backend  # noqa: PLC0415 -- 0.1 s, and not always needed

    versions = [platform.python_version(), backend.openssl_version_text()]
    libraries = [metadata.version(name) for name in _LIBRARIES]
    return _digest(sources_sha256(Path(opensslrun.__file__).parent), versions, libraries)


def sources_sha256(package: Path) -> str:
    """Over those sources of the package that observe, by path and content."""
    digest = hashlib.sha256()
    for name in _OBSERVING:
        path = package / name
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            content = source.read_bytes()
            digest.update(json.dumps([source.relative_to(package).as_posix(), len(content)]).encode())
            digest.update(content)
    return digest.hexdigest()


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _declared(target: Target) -> list[str | None]:
    return [
        target.id,
        target.implementation,
        target.version,
        target.platform,
        target.runtime.id if target.runtime else None,
    ]


def target_key(obtained: Obtained, proof: Proof) -> str:
    """Everything but the case that decides what a cell shows. The same binary as another target runs for itself."""
    place = obtained.image_id or str(obtained.path)
    who = here.user_ids() if obtained.image_id is None else None
    whole = [place, who, obtained.system, _proof_parts(proof)]
    return _digest("cells of", observing_sha256(), _declared(obtained.target), *whole)


def _cell_key(what: str, case: Case) -> str:
    return _digest(what, case.id, case.sha256)


def _proof_key(obtained: Obtained) -> str:
    return _digest("proof of", observing_sha256(), _declared(obtained.target), obtained.image_id)


def _proof_parts(proof: Proof) -> dict[str, Any]:
    return {
        "version_line": proof.version_line,
        "binary_sha256": proof.binary_sha256,
        "libraries": [list(library) for library in proof.libraries],
        "config_sha256": proof.config_sha256,
    }


def _proof_document(proof: Proof) -> bytes:
    return json.dumps(_proof_parts(proof)).encode()


def _proof_in(pack: Pack, obtained: Obtained) -> Proof | None:
    document = pack.get(_proof_key(obtained))
    if document is None:
        return None
    try:
        parts = json.loads(document)
        line = str(parts["version_line"])
        return Proof(
            version_line=line,
            version=declared_version(obtained.target, line),
            binary_sha256=str(parts["binary_sha256"]),
            libraries=tuple((str(name), str(sha256)) for name, sha256 in parts["libraries"]),
            config_sha256=parts["config_sha256"],
        )
    except (ValueError, KeyError, TypeError, OpensslrunError):
        return None


def _cell_document(cell: ObservedCell) -> bytes:
    """A cell as one line of ASCII. What steps of several targets share is one text, so that it is read once."""
    steps = [
        {
            "id": step.step.id,
            "duration_s": step.duration_s,
            "seen": step.seen.model_dump_json(),
            "facts": json.dumps(as_values(step.facts)),
        }
        for step in cell.steps
    ]
    handed_over = {name: b64encode(content).decode("ascii") for name, content in cell.handed_over.items()}
    document = {"case": cell.case.id, "duration_s": cell.duration_s, "steps": steps, "handed_over": handed_over}
    return json.dumps(document).encode("ascii")


def _cell(document: bytes, case: Case) -> ObservedCell | None:
    """The cell of a document that is sealed, and so as it was written; None when it is of other steps after all."""
    data = json.loads(document)
    if [data["case"], *(step["id"] for step in data["steps"])] != [case.id, *(step.id for step in case.steps)]:
        return None
    steps = tuple(
        ObservedStep(step, _seen(said["seen"]), float(said["duration_s"]), _facts(said["facts"]))
        for step, said in zip(case.steps, data["steps"], strict=True)
    )
    handed_over = {name: b64decode(content) for name, content in data["handed_over"].items()}
    return ObservedCell(case, steps, None, float(data["duration_s"]), cached=True, handed_over=handed_over)


@lru_cache(maxsize=8192)
def _facts(text: str) -> Facts:
    return as_facts(*json.loads(text))


@lru_cache(maxsize=8192)
def _seen(text: str) -> ObservationResult:
    return ObservationResult.model_validate_json(text)
