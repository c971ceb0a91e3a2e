"""Reading case files: one TOML file is one case, its fixtures stand beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from opensslrun.cases.fixtures import CertificateSpec, build
from opensslrun.cases.model import Case, Step
from opensslrun.cases.promises import promises_of
from opensslrun.cases.schema import CaseTable, StepTable
from opensslrun.errors import UsageError
from opensslrun.selection import select
from opensslrun.tomlfile import read_toml, validated


def load_cases(folders: Iterable[Path]) -> tuple[Case, ...]:
    """All cases of these folders, by id. Raises UsageError for a bad file or an id that is there twice."""
    cases: dict[str, Case] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a directory of case files; give a directory with *.toml files")
        for path in sorted(folder.glob("*.toml")):
            case = load_case(path)
            if case.id in cases:
                raise UsageError(f"the case {case.id!r} is in {cases[case.id].source} and in {path}; rename one file")
            cases[case.id] = case
    return tuple(cases[name] for name in sorted(cases))


def select_cases(cases: Sequence[Case], globs: Sequence[str]) -> tuple[Case, ...]:
    """The cases any glob names (all without one). Raises UsageError for a glob that matches nothing."""
    return select(cases, globs, "case", lambda case: case.id)


def load_case(path: Path) -> Case:
    """One case. Raises UsageError with one sentence for whatever is wrong with it or its fixtures."""
    table = validated(CaseTable, read_toml(path), path)
    files = _files(table, path)
    return Case(
        id=path.stem,
        title=table.title,
        steps=_steps(table, path),
        files=files,
        secrets=tuple(table.answers.values()),
        source=path,
        sha256=_sha256(table, files),
    )


def _steps(table: CaseTable, path: Path) -> tuple[Step, ...]:
    steps = tuple(_step(step, number, table.answers, path) for number, step in enumerate(table.step, 1))
    ids = [step.id for step in steps]
    for name in ids:
        if ids.count(name) > 1:
            raise UsageError(f"{path}: two steps have the id {name!r}; give each its own")
    return steps


def _step(step: StepTable, number: int, answers: Mapping[str, str], path: Path) -> Step:
    unknown = [name for name in step.answer if name not in answers]
    if unknown:
        known = ", ".join(answers) or "none"
        raise UsageError(f"{path}: step[{number}].answer names {unknown[0]!r}, but the answers are: {known}")
    return Step(
        id=step.id or str(number),
        run=step.run,
        input=step.input_kind,
        answers=tuple(answers[name] for name in step.answer),
        timeout_s=float(step.timeout),
        promises=promises_of(step.expect),
        gates=frozenset(step.gate),
    )


def _files(table: CaseTable, path: Path) -> dict[str, bytes]:
    named = table.files if isinstance(table.files, dict) else {PurePosixPath(name).name: name for name in table.files}
    if not isinstance(table.files, dict) and len(named) < len(table.files):
        raise UsageError(f"{path}: two of its files have one name; use the form files = {{ name = path }}")
    files = {name: _read(path.parent / source, path) for name, source in named.items()}
    files |= {name: text.encode() for name, text in table.text.items()}
    if table.fixture or table.certificate:
        specs = [
            CertificateSpec.from_table(entry, f"{path}: certificate[{number}]")
            for number, entry in enumerate(table.certificate, 1)
        ]
        files |= build(specs, table.fixture)
    for name in files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UsageError(f"{path}: the file name {name!r} leaves the case's directory; use a plain name")
    return files


def _read(source: Path, case: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise UsageError(f"{case}: cannot read its file {source}: {error.strerror or error}") from error


def _sha256(table: CaseTable, files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(json.dumps(table.model_dump(mode="json"), sort_keys=True).encode())
    for name in sorted(files):
        digest.update(f"\0{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()
