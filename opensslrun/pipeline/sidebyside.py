"""Targets that are there, observed side by side, and stopped together when the user interrupts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from opensslrun.cases.model import Case
from opensslrun.pipeline.alike import Alike
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.recall import observe_or_recall
from opensslrun.targets.model import Obtained

Observe = Callable[[Obtained, Sequence[Case], Listener, Benches, CellCache | None], TargetRun]
"""How one target is observed; see :func:`~opensslrun.pipeline.recall.observe_or_recall`."""


def observe_ready(
    cases: Sequence[Case],
    ready: Mapping[str, Obtained],
    jobs: int,
    listener: Listener,
    benches: Benches,
    cells: CellCache | None,
    alike: Alike,
    observe: Observe = observe_or_recall,
) -> tuple[dict[str, TargetRun], bool, Exception | None]:
    """Observe cases on targets that are there, ``jobs`` at a time, on what ``benches`` lends.

    Returns what each that was begun showed, whether they were interrupted before the end, and what failed in
    opensslrun itself. ``alike`` is where what they show alike is shared.
    """
    stopping = False
    runs: dict[str, TargetRun] = {}
    defect: Exception | None = None
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="observe") as pool:
        futures: dict[Future[TargetRun], str] = {
            pool.submit(observe, got, cases, listener, benches, cells): name for name, got in _longest_first(ready)
        }
        pending = set(futures)
        while pending:
            # Short waits, so that an interruption is noticed at once on every platform.
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            if benches.interrupted.is_set() and not stopping:
                stopping = True
                for future in pending:
                    future.cancel()
                benches.interrupt()
            for future in done:
                name = futures.pop(future)  # which holds the run as it was before it shares what is alike
                if future.cancelled():
                    continue
                try:
                    run = future.result()
                except Exception as error:  # noqa: BLE001 -- kept, and raised when the result is written
                    defect = defect or error
                    got = ready[name]
                    reason = f"a defect of opensslrun ended it ({type(error).__name__})"
                    run = TargetRun(got.target, Outcome.ERROR, reason, got)
                runs[name] = alike.run(_cut_short(run) if stopping else run)
    return runs, stopping, defect


def _longest_first(ready: Mapping[str, Obtained]) -> list[tuple[str, Obtained]]:
    """Windows builds before all others: what begins last and takes long has the cores for itself in the end."""
    return sorted(ready.items(), key=lambda item: item[1].target.platform != "windows")


def _cut_short(run: TargetRun) -> TargetRun:
    """A target's run after an interruption: only the cells that were finished, and no error of its own making."""
    if run.outcome is Outcome.RAN:
        return run
    finished = tuple(cell for cell in run.cells if cell.error is None)
    return TargetRun(run.target, Outcome.NOT_RUN, "interrupted", run.obtained, run.proof, finished)
