"""Recorded values: a reviewed snapshot of a case's gating facts, kept beside the case, written by a command only."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opensslrun.atomic import write_text
from opensslrun.cases.model import Case
from opensslrun.cases.said import SaidValue
from opensslrun.errors import UsageError
from opensslrun.judge.model import Record
from opensslrun.noted import read_bytes


class RecordFile(BaseModel):
    """The file: which runs the values were seen in, and the values by step and fact."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    case: str
    seen_on: list[str] = Field(description="Targets that showed these values, in each of the repeated runs.")
    runs: int = Field(ge=2, description="How many identical runs each value was seen in before it was accepted.")
    steps: dict[str, dict[str, SaidValue]]


def record_of(case: Case) -> Record | None:
    """The case's recorded values, or None when nothing is recorded yet. Raises UsageError as :func:`recorded_for`."""
    file = recorded_for(case)
    return None if file is None else file.steps


def recorded_for(case: Case) -> RecordFile | None:
    """The file with the case's recorded values, or None when nothing is recorded yet.

    Raises UsageError for a file that is none, or that speaks of another case or of steps the case does not have:
    values that are held against nothing would look as if they were.
    """
    path = case.record_path
    file = load_record(path)
    if file is None:
        return None
    if file.case != case.id:
        raise UsageError(f"{path} holds the recorded values of {file.case!r}, not of {case.id!r}; rename or remove it")
    unknown = [step for step in file.steps if step not in {each.id for each in case.all_steps}]
    if unknown:
        raise UsageError(
            f"{path} holds values for the step {unknown[0]!r}, which {case.source.name} does not have; rename the step "
            "there, or take its values out"
        )
    return file


def load_record(path: Path) -> RecordFile | None:
    """The file, or None when there is none. Raises UsageError for a file that is not one."""
    try:
        text = read_bytes(path).decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the recorded values {path}: {error}") from error
    try:
        json.loads(text, object_pairs_hook=_once)
        return RecordFile.model_validate_json(text)
    except _TwiceError as error:
        raise UsageError(f"{path} names {error} twice in one place; keep one of the two") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(
            f"{path} holds no recorded values: {where}: {first['msg']}; restore it, or use 'opensslrun review'"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} holds no recorded values: it is not JSON: {error}; restore it") from error


class _TwiceError(Exception):
    """A key is there twice, as after a merge; JSON readers silently take the last."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(repr(next(name for name in names if names.count(name) > 1)))
    return found


def save_record(path: Path, record: RecordFile) -> None:
    """Write the values in one order, so that a change of one value is a change of one line. Replaces atomically."""
    steps = {step: dict(sorted(facts.items())) for step, facts in record.steps.items()}
    lines = ["{", f' "case": {json.dumps(record.case)},', f' "seen_on": {json.dumps(record.seen_on)},']
    lines += [f' "runs": {record.runs},', ' "steps": {']
    blocks = []
    for step, facts in steps.items():
        inner = ",\n".join(
            f"   {json.dumps(fact)}: {json.dumps(value, ensure_ascii=False)}" for fact, value in facts.items()
        )
        blocks.append(f"  {json.dumps(step)}: {{\n{inner}\n  }}")
    lines += [",\n".join(blocks), " }", "}"]
    write_text(path, "\n".join(lines) + "\n")
