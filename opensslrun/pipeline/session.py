"""One whole run: plan, observe, judge, write the result."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from opensslrun.atomic import write_pieces
from opensslrun.errors import UsageError
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Plan
from opensslrun.pipeline.result import Clock, make_result
from opensslrun.pipeline.run import observe_plan
from opensslrun.report.model import Result
from opensslrun.report.words import visible_json

_COLLECT_AFTER = 100_000
"""Objects made and not yet gone."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run's result, and what failed in opensslrun itself, to be raised when the result is safe."""

    result: Result
    defect: Exception | None


def run_plan(plan: Plan, listener: Listener, interruptions: Interruptions) -> Session:
    """Run a plan and judge what it saw, up to an interruption."""
    started, begin = datetime.now(UTC), time.monotonic()
    with _seldom_collecting():
        observed = observe_plan(plan, listener, interruptions)
        return Session(make_result(plan, observed, Clock(started, time.monotonic() - begin)), observed.defect)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """A run holds hundreds of thousands of objects to its end, and looking for garbage among them again and again takes
    a fifth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def result_as_json(result: Result) -> str:
    """The result as one JSON document."""
    return "".join(result_in_pieces(result))


def result_in_pieces(result: Result) -> Iterator[str]:
    """The result as one JSON document, a line for each cell, pair and the like, so that it is never in memory twice."""
    opening = "{\n"
    for name, field in Result.model_fields.items():
        yield f"{opening} {json.dumps(field.alias or name)}: "
        opening = ",\n"
        value = getattr(result, name)
        if isinstance(value, list):
            yield from _members("[", ((None, member) for member in value), "]")
        elif isinstance(value, dict):
            yield from _members("{", value.items(), "}")
        else:
            yield _json_of(value)
    yield "\n}\n"


def _members(opening: str, members: Iterable[tuple[str | None, BaseModel]], closing: str) -> Iterator[str]:
    before = f"{opening}\n  "
    for key, member in members:
        yield before + ("" if key is None else f"{json.dumps(key)}: ") + _json_of(member)
        before = ",\n  "
    yield opening + closing if before.startswith(opening) else f"\n {closing}"


def _json_of(value: BaseModel | int) -> str:
    return visible_json(value.model_dump_json(by_alias=True)) if isinstance(value, BaseModel) else json.dumps(value)


def check_writable(path: Path) -> None:
    """Refuse a place for the result before a run spends minutes. Raises UsageError."""
    if path.is_dir():
        raise UsageError(f"cannot write the result to {path}: it is a directory; give a file name with --out")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise UsageError(f"cannot write the result to {path}: its directory does not exist; create it or use --out")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"cannot write the result to {path}: its directory is read-only; use --out")


def write_result(result: Result, path: Path) -> bool:
    """Replace the result file atomically, and say whether that was done.

    A run that was interrupted before anything was finished does not take the place of an earlier result. Raises
    UsageError when it cannot be written.
    """
    if not result.run.complete and not any(cell.steps for cell in result.cells) and path.exists():
        return False
    write_pieces(path, result_in_pieces(result))
    return True
