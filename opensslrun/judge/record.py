"""Recorded values: a reviewed snapshot of a case's gating facts, kept beside the case, written by a command only."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opensslrun.atomic import write_text
from opensslrun.errors import UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.model import Record


class RecordFile(BaseModel):
    """The file: which runs the values were seen in, and the values by step and fact."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    case: str
    seen_on: list[str] = Field(description="Targets that showed these values, in each of the repeated runs.")
    runs: int = Field(ge=2, description="How many identical runs each value was seen in before it was accepted.")
    steps: dict[str, dict[str, FactValue]]


def load_record(path: Path) -> Record | None:
    """The recorded values, or None when nothing is recorded yet. Raises UsageError for a file that is not one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the recorded values {path}: {error}") from error
    try:
        return RecordFile.model_validate_json(text).steps
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(
            f"{path} holds no recorded values: {where}: {first['msg']}; restore it, or use 'opensslrun review'"
        ) from error


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
