"""The matrix from Python: run it, read a result, walk through its cells.

The result is the object that every report uses (:class:`opensslrun.report.model.Result`): ``result.cells``,
``result.differences``, ``result.targets`` and so on, by the names of the JSON that ``opensslrun schema`` describes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opensslrun.errors import ExitStatus
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import BenchChoice, Options, make_plan
from opensslrun.pipeline.session import Session, run_plan, write_result
from opensslrun.pipeline.status import Conclusion, conclude
from opensslrun.report.model import CellResult, DifferenceResult, Result, StepResult
from opensslrun.report.read import read_result

__all__ = [
    "CellResult",
    "Conclusion",
    "DifferenceResult",
    "ExitStatus",
    "Listener",
    "Result",
    "StepResult",
    "conclude",
    "read",
    "run",
    "write",
]


def run(
    *,
    targets: Sequence[str] = (),
    cases: Sequence[str] = (),
    readers: str | None = None,
    targets_file: Path | None = None,
    cases_dir: Path | None = None,
    differences: Path | None = None,
    jobs: int | None = None,
    bench: str = "auto",
    stand_ins: bool = True,
    cache: bool = True,
    listener: Listener | None = None,
) -> Result:
    """Run the cases on the targets and judge them, as ``opensslrun matrix run`` with the options of these names.

    ``targets`` and ``cases`` are globs, all without any; ``jobs`` is how many targets run at a time. ``listener`` is
    told how it goes, from several threads. What a target does never raises: it is in the result, and :func:`conclude`
    says what it amounts to. Raises UsageError for a selection that matches nothing and for malformed files, and
    KeyboardInterrupt when it was interrupted, with no container or process left.
    """
    options = Options(
        targets=tuple(targets),
        cases=tuple(cases),
        jobs=jobs,
        bench=BenchChoice(bench),
        targets_file=targets_file,
        cases_dir=cases_dir,
        differences=differences,
        readers=readers,
        stand_ins=stand_ins,
        cache=cache,
    )
    with Interruptions() as interruptions:
        session = run_plan(make_plan(options), listener or Listener(), interruptions)
    if interruptions.seen.is_set():
        raise KeyboardInterrupt
    if session.defect is not None:
        raise session.defect
    return session.result


def read(path: Path) -> Result:
    """A result from a file. Raises UsageError for a file that is not there, or is no result."""
    return read_result(path)


def write(result: Result, path: Path) -> None:
    """Write a result as JSON, replacing the file atomically. Raises UsageError when that cannot be done."""
    write_result(Session(result), path)
