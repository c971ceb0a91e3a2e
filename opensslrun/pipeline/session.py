"""One whole run: plan, observe, judge, write the result."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from opensslrun.atomic import write_text
from opensslrun.errors import UsageError
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.plan import Plan
from opensslrun.pipeline.result import Clock, make_result
from opensslrun.pipeline.run import observe_plan
from opensslrun.report.model import Result


def run_plan(plan: Plan, listener: Listener) -> Result:
    """Run a plan and judge what it saw."""
    started, begin = datetime.now(UTC), time.monotonic()
    observed = observe_plan(plan, listener)
    return make_result(plan, observed, Clock(started, time.monotonic() - begin))


def result_as_json(result: Result) -> str:
    """The result as one JSON document."""
    return result.model_dump_json(by_alias=True, indent=1) + "\n"


def check_writable(path: Path) -> None:
    """Refuse a place for the result before a run spends minutes. Raises UsageError."""
    if path.is_dir():
        raise UsageError(f"cannot write the result to {path}: it is a directory; give a file name with --out")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"cannot write the result to {path}: its directory does not exist; create it or use --out")


def write_result(result: Result, path: Path) -> None:
    """Replace the result file atomically. Raises UsageError when it cannot be written."""
    write_text(path, result_as_json(result))
