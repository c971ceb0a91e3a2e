"""Running a plan: obtain the targets, then observe them side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from opensslrun.bench.base import Bench
from opensslrun.cases.model import Case
from opensslrun.errors import BuildFailedError, ChecksumError, EnvironmentLacksError, OpensslrunError
from opensslrun.pipeline.alike import Alike
from opensslrun.pipeline.asitgoes import Judging
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.pairs import Pair, observe_pairs, with_broken
from opensslrun.pipeline.plan import BenchChoice, Plan
from opensslrun.pipeline.recall import observe_or_recall, read_ahead
from opensslrun.targets.localbuild import why_not_here
from opensslrun.targets.model import Obtained, PathRoute, Target
from opensslrun.targets.obtain import Done, obtain_many

_FEW_REASONS = 3
"""Different reasons that are told while the run goes on; more of them are a wall."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run saw, in the plan's order of targets, then the stand-ins that ran though nobody chose them.

    ``interrupted`` when it was ended before its end. ``stand_ins`` maps the id of each target that this machine cannot
    have to that of its stand-in. One whose sources are not what they should be, or do not compile, has none: another
    target's success would hide that. ``defect`` is what failed in opensslrun itself while it observed a target: that
    one has an error, and the others have what they showed. ``pairs`` are what was made by one and read by another.
    ``machines`` maps the id of a target to that of a machine's own binary, which another run saw and which is what
    the readers of that target really have.
    """

    runs: tuple[TargetRun, ...]
    interrupted: bool
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    defect: Exception | None = None
    pairs: tuple[Pair, ...] = ()
    machines: Mapping[str, str] = field(default_factory=dict)


def observe_plan(plan: Plan, listener: Listener, interruptions: Interruptions) -> Observed:
    """Obtain and observe every target of the plan.

    Never raises for what a target does. An interruption ends the benches, keeps what was finished and is reported
    by ``interrupted``.
    """
    jobs = plan.options.jobs or 2 * (os.cpu_count() or 1)
    kept = CellCache.of_user(listener.remark) if plan.options.cache else None
    try:
        with interruptions.raising(), _reading_ahead(kept, plan.cases) as there:
            wanted = [target for target in plan.targets if _refusal(plan.options.bench, target) is None]
            here = plan.options.bench is BenchChoice.LOCAL
            had = obtain_many(wanted, max(1, jobs // 2), listener.stage, there, here=here)
            stand_ins = _stand_ins(plan, had)
            chosen = {target.id for target in plan.targets}
            added = list({each.id: each for each in stand_ins.values() if each.id not in chosen}.values())
            had |= obtain_many(added, max(1, jobs // 2), listener.stage, there, here=here)
    except KeyboardInterrupt:
        runs = tuple(TargetRun(target, Outcome.NOT_RUN, "interrupted") for target in plan.targets)
        return Observed(runs, interrupted=True)
    ready: dict[str, Obtained] = {}
    missing: dict[str, TargetRun] = {}
    targets = (*plan.targets, *added)
    for target in targets:
        refusal = _refusal(plan.options.bench, target)
        got = had[target.id] if refusal is None else refusal
        if isinstance(got, Obtained):
            ready[target.id] = got
            listener.obtained(target.id, got.origin)
        else:
            missing[target.id] = TargetRun(target, Outcome.NOT_RUN, str(got))
    _tell_missing(missing, listener)
    listener.planned(len(ready) * len(plan.cases))
    judging, alike = Judging(listener, plan), Alike()
    observed, interrupted, defect = _observe(plan, ready, jobs, judging, interruptions.seen, kept, alike)
    ended = {**missing, **observed}
    stopped = {t.id: TargetRun(t, Outcome.NOT_RUN, "interrupted") for t in targets if t.id not in ended}
    runs = tuple({**ended, **stopped}[target.id] for target in targets)

    def read(cases: Sequence[Case], consumers: Sequence[str], told: Listener) -> Mapping[str, TargetRun]:
        nonlocal interrupted, defect
        readers = {name: ready[name] for name in consumers}
        reading = replace(plan, cases=tuple(cases))
        done, interrupted, failed = _observe(reading, readers, jobs, told, interruptions.seen, kept, alike)
        defect = defect or failed
        return done

    pairs = observe_pairs(plan.cases, runs, None if interrupted else read, listener)
    standing = {name: stand_in.id for name, stand_in in stand_ins.items()}
    return Observed(with_broken(runs, pairs), interrupted, standing, defect, pairs.pairs)


@contextmanager
def _reading_ahead(kept: CellCache | None, cases: Sequence[Case]) -> Iterator[Done]:
    """Gives what is to be told of each target that is there: its cells of earlier runs are read in the meantime.

    Others may still be asked for over the network, which is waiting for the most part.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as pool:

        def there(_target: str, what: Obtained | OpensslrunError) -> None:
            if kept is not None and isinstance(what, Obtained):
                pool.submit(read_ahead, what, cases, kept)

        try:
            yield there
        finally:
            pool.shutdown(cancel_futures=True)


def _tell_missing(missing: Mapping[str, TargetRun], listener: Listener) -> None:
    """Each reason once while they are few; the result has them all."""
    by_reason: dict[str, list[str]] = {}
    for name, run in missing.items():
        by_reason.setdefault(run.reason, []).append(name)
    if len(by_reason) > _FEW_REASONS:
        by_reason = {"they could not be had here; the result has each reason": list(missing)}
    for reason, names in by_reason.items():
        listener.missing(names, reason)


def _stand_ins(plan: Plan, had: Mapping[str, Obtained | OpensslrunError]) -> dict[str, Target]:
    """For each target that cannot be had here, the stand-in that the chosen bench can run."""
    return {
        name: stand_in
        for name, stand_in in plan.stand_ins.items()
        if _cannot_be_had(had.get(name)) and _refusal(plan.options.bench, stand_in) is None
    }


def _cannot_be_had(got: Obtained | OpensslrunError | None) -> bool:
    """Whether this machine, or the chosen bench (None: it was not even tried), cannot have a target.

    Sources that are not what they should be, or do not compile, are no such thing: a stand-in would hide them.
    """
    if got is None:
        return True
    return isinstance(got, EnvironmentLacksError) and not isinstance(got, (ChecksumError, BuildFailedError))


def _refusal(bench: BenchChoice, target: Target) -> str | None:
    """Why the chosen bench cannot run a target, if it cannot."""
    if bench is BenchChoice.DOCKER and _is_local(target):
        return "it is a binary of this machine, and --bench docker runs containers only"
    if bench is BenchChoice.LOCAL and not _is_local(target):
        return why_not_here(target)
    return None


def _is_local(target: Target) -> bool:
    return any(isinstance(route, PathRoute) for route in target.routes)


def _observe(
    plan: Plan,
    ready: Mapping[str, Obtained],
    jobs: int,
    listener: Listener,
    interrupted: threading.Event,
    kept: CellCache | None,
    alike: Alike,
) -> tuple[dict[str, TargetRun], bool, Exception | None]:
    benches: list[Bench] = []
    stopping = False

    def opened(bench: Bench) -> None:
        benches.append(bench)
        if interrupted.is_set():
            bench.interrupt()

    runs: dict[str, TargetRun] = {}
    defect: Exception | None = None
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="observe") as pool:
        futures: dict[Future[TargetRun], str] = {
            pool.submit(observe_or_recall, got, plan.cases, listener, opened, kept): name
            for name, got in _longest_first(ready)
        }
        pending = set(futures)
        while pending:
            # Short waits, so that an interruption is noticed at once on every platform.
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            if interrupted.is_set() and not stopping:
                stopping = True
                for future in pending:
                    future.cancel()
                for bench in tuple(benches):
                    bench.interrupt()
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
