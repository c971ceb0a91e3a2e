"""Reading case files: one TOML file is one case, its fixtures stand beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from opensslrun.cases.fixtures import Ready, build
from opensslrun.cases.model import Case, Step
from opensslrun.cases.promises import promises_of
from opensslrun.cases.schema import CaseTable, SharedTable, StepTable
from opensslrun.cases.specs import Specs, specs_from
from opensslrun.errors import UsageError
from opensslrun.noted import listed, read_bytes
from opensslrun.selection import select
from opensslrun.tomlfile import read_toml, validated

_STEP = re.compile(r"\s*\[\[\s*step\s*\]\]")

WORDING = frozenset({"stdout", "stderr"})
"""Facts that are wording: they gate where a step names them, by ``gate`` or by a promise."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What cases that are loaded together read and make only once."""

    specs: dict[Path, Specs] = field(default_factory=dict)
    ready: Ready = field(default_factory=dict)


def load_cases(folders: Iterable[Path]) -> tuple[Case, ...]:
    """All cases of these folders, by id. Raises UsageError for a bad file or an id that is there twice."""
    cases: dict[str, Case] = {}
    shared = Shared()
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a directory of case files; give a directory with *.toml files")
        paths = listed(folder, "*.toml")
        if not paths:
            raise UsageError(f"{folder} holds no case; give a directory with *.toml files")
        for path in paths:
            case = load_case(path, shared)
            if case.id in cases:
                raise UsageError(f"the case {case.id!r} is in {cases[case.id].source} and in {path}; rename one file")
            cases[case.id] = case
    return tuple(cases[name] for name in sorted(cases))


def select_cases(cases: Sequence[Case], globs: Sequence[str]) -> tuple[Case, ...]:
    """The cases any glob names (all without one). Raises UsageError for a glob that matches nothing."""
    return select(cases, globs, "case", lambda case: case.id)


def load_case(path: Path, shared: Shared | None = None) -> Case:
    """One case; ``shared`` is what others have made already.

    Raises UsageError with one sentence for whatever is wrong with it or its fixtures.
    """
    table = validated(CaseTable, read_toml(path), path)
    files = _files(table, path, shared or Shared())
    steps, reads = _steps(table, path)
    return Case(
        id=path.stem,
        title=table.title,
        steps=steps,
        files=files,
        secrets=tuple(table.answers.values()),
        source=path,
        needs_default_config="default config" in table.needs,
        needs_file_permissions="file permissions" in table.needs,
        sha256=_sha256(table, files),
        hands_over=tuple(table.hands_over),
        reads=reads,
    )


def _steps(table: CaseTable, path: Path) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps, and what a consumer does; both are in one record, so their ids are of one kind."""
    lines = _lines(path, len(table.step))
    numbered = enumerate(zip(table.step, lines, strict=True), 1)
    steps = tuple(_step(step, "step", number, table.answers, path, line) for number, (step, line) in numbered)
    reads = tuple(_step(step, "read", number, table.answers, path, 0) for number, step in enumerate(table.read, 1))
    ids = [step.id for step in (*steps, *reads)]
    for name in ids:
        if ids.count(name) > 1:
            raise UsageError(f"{path}: two steps have the id {name!r}; give each its own")
    return steps, reads


def _lines(path: Path, steps: int) -> list[int]:
    """The line on which each step begins; 0 for all where the file writes its steps in another way."""
    text = read_bytes(path).decode()
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _STEP.match(line)]
    return lines if len(lines) == steps else [0] * steps


def _step(step: StepTable, kind: str, number: int, answers: Mapping[str, str], path: Path, line: int) -> Step:
    unknown = [name for name in step.answer if name not in answers]
    if unknown:
        known = ", ".join(answers) or "none"
        raise UsageError(f"{path}: {kind}[{number}].answer names {unknown[0]!r}, but the answers are: {known}")
    return Step(
        id=step.id or (str(number) if kind == "step" else f"{kind}-{number}"),
        run=step.run,
        input=step.input_kind,
        answers=tuple(answers[name] for name in step.answer),
        timeout_s=float(step.timeout),
        promises=promises_of(step.expect),
        gates=frozenset(step.gate) | (WORDING & step.expect.facts.keys()),
        line=line,
    )


def _files(table: CaseTable, path: Path, shared: Shared) -> dict[str, bytes]:
    named = table.files if isinstance(table.files, dict) else {PurePosixPath(name).name: name for name in table.files}
    if not isinstance(table.files, dict) and len(named) < len(table.files):
        raise UsageError(f"{path}: two of its files have one name; use the form files = {{ name = path }}")
    files = {name: _read(path.parent / source, path) for name, source in named.items()}
    _no_name_twice(path, named, table.text, table.fixture)
    files |= {name: text.encode() for name, text in table.text.items()}
    if table.fixture or table.certificate or table.request or table.crl:
        files |= build(_specs(table, path, shared), table.fixture, path.parent, shared.ready)
    for name in files:
        _check_name(name, files, path)
    return files


def _specs(table: CaseTable, path: Path, shared: Shared) -> Specs:
    known = None
    if table.certificates is not None:
        source = path.parent / table.certificates
        if source not in shared.specs:
            said = validated(SharedTable, read_toml(source), source)
            shared.specs[source] = specs_from(said.certificate, said.request, said.crl, str(source))
        known = shared.specs[source]
    return specs_from(table.certificate, table.request, table.crl, str(path), known)


def _no_name_twice(path: Path, *named: Mapping[str, object]) -> None:
    names = [name for each in named for name in each]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{path}: its files, text and fixture name {name!r} more than once; give each its own name"
            )


def _check_name(name: str, names: Iterable[str], path: Path) -> None:
    """A file of a case stands inside of its directory, and is a file there."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise UsageError(f"{path}: the file name {name!r} leaves the case's directory; use a plain name")
    if str(pure) != name or name == "." or "\0" in name:
        raise UsageError(f"{path}: {name!r} is no name of a file; use a plain name, such as root.conf")
    for other in names:
        if pure in PurePosixPath(other).parents:
            raise UsageError(f"{path}: {name!r} cannot be a file and the directory of {other!r}; rename one")


def _read(source: Path, case: Path) -> bytes:
    try:
        return read_bytes(source)
    except OSError as error:
        raise UsageError(f"{case}: cannot read its file {source}: {error.strerror or error}") from error


def _sha256(table: CaseTable, files: Mapping[str, bytes]) -> str:
    # Without what a file leaves out, so that a case is still itself for an opensslrun that knows more keys.
    said = table.model_dump(mode="json", exclude_defaults=True)
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name in sorted(files):
        digest.update(f"\0{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()
