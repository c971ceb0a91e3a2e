"""One whole run: plan, observe, judge, write the result."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from opensslrun.atomic import write_pieces
from opensslrun.errors import UsageError
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Plan
from opensslrun.pipeline.result import Clock, make_result
from opensslrun.pipeline.run import observe_plan
from opensslrun.report.model import Result
from opensslrun.report.written import result_in_pieces

_SELDOM = 100_000
"""Objects made and not yet gone, after which garbage is looked for."""
_NEVER = 0
"""While a result is made, nearly all of what is made stays."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run's result, and what failed in opensslrun itself, to be raised when the result is safe."""

    result: Result
    defect: Exception | None


def run_plan(plan: Plan, listener: Listener, interruptions: Interruptions) -> Session:
    """Run a plan and judge what it saw, up to an interruption."""
    started, begin = datetime.now(UTC), time.monotonic()
    with _collecting(_SELDOM):
        observed = observe_plan(plan, listener, interruptions)
    with _collecting(_NEVER):
        return Session(make_result(plan, observed, Clock(started, time.monotonic() - begin)), observed.defect)


@contextmanager
def _collecting(after: int) -> Iterator[None]:
    """A run holds hundreds of thousands of objects to its end, and looking for garbage among them again and again takes
    a fifth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(after, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


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
