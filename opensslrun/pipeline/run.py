"""Running a plan: obtain the targets, then observe them side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from opensslrun.cases.model import Case
from opensslrun.errors import BuildFailedError, ChecksumError, EnvironmentLacksError, OpensslrunError
from opensslrun.judge.cell import Judged
from opensslrun.pipeline.alike import Alike
from opensslrun.pipeline.asitgoes import Judging
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.pairs import Pair, observe_pairs, with_broken
from opensslrun.pipeline.plan import BenchChoice, Plan, Wanted
from opensslrun.pipeline.sidebyside import observe_ready
from opensslrun.targets.localbuild import why_not_here
from opensslrun.targets.model import Obtained, PathRoute, Target
from opensslrun.targets.obtain import Done, obtain_many

JOBS_A_CORE = 3
"""Targets that a run observes at a time: while one waits for its shell or a disk, others use the cores."""

KEPT_A_JOB = 4
"""Benches that wait for what they will read, for each that runs. A container that waits takes 5 MB (Docker 20.10)."""

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
    the readers of that target really have. ``judged`` are the steps that were judged as soon as they were seen.
    """

    runs: tuple[TargetRun, ...]
    interrupted: bool
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    defect: Exception | None = None
    pairs: tuple[Pair, ...] = ()
    machines: Mapping[str, str] = field(default_factory=dict)
    judged: Judged | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Had:
    """What could be had of a plan's targets, and of those that stand in for them, in that order.

    ``got`` says of each why not. ``stand_ins`` maps the id of a target that this machine cannot have to its stand-in.
    """

    targets: tuple[Target, ...]
    got: Mapping[str, Obtained | OpensslrunError]
    stand_ins: Mapping[str, Target]

    @property
    def ready(self) -> dict[str, Obtained]:
        """Those that are there, by id."""
        return {name: got for name, got in self.got.items() if isinstance(got, Obtained)}

    @property
    def missing(self) -> dict[str, TargetRun]:
        """Those that are not, by id."""
        by_id = {target.id: target for target in self.targets}
        return {
            name: TargetRun(by_id[name], Outcome.NOT_RUN, str(got))
            for name, got in self.got.items()
            if not isinstance(got, Obtained)
        }


def obtain_wanted(
    plan: Wanted, listener: Listener, interruptions: Interruptions, there: Callable[[Obtained], None]
) -> Had:
    """Have every target that is wanted; ``there`` is called with each as soon as it is there, in a thread beside this.

    Others may still be asked for over the network, which is waiting for the most part. Raises KeyboardInterrupt when
    it was interrupted; what is finished is kept.
    """
    jobs = max(1, _jobs(plan) // JOBS_A_CORE)
    with interruptions.raising(), _beside(there) as tell:
        wanted = [target for target in plan.targets if _refusal(plan.options.bench, target) is None]
        here = plan.options.bench is BenchChoice.LOCAL
        had = obtain_many(wanted, jobs, listener.stage, tell, here=here)
        stand_ins = _stand_ins(plan, had)
        chosen = {target.id for target in plan.targets}
        added = list({each.id: each for each in stand_ins.values() if each.id not in chosen}.values())
        had |= obtain_many(added, jobs, listener.stage, tell, here=here)
    targets = (*plan.targets, *added)
    got: dict[str, Obtained | OpensslrunError] = {}
    for target in targets:
        refusal = _refusal(plan.options.bench, target)
        got[target.id] = had[target.id] if refusal is None else EnvironmentLacksError(refusal)
    return Had(targets, got, stand_ins)


def tell_of(had: Had, listener: Listener) -> None:
    """Tell a listener what is there, and what is not."""
    for name, obtained in had.ready.items():
        listener.obtained(name, obtained.origin)
    _tell_missing(had.missing, listener)


def interrupted_before(plan: Plan) -> Observed:
    """What is known of a run that was interrupted while targets were obtained: nothing."""
    runs = tuple(TargetRun(target, Outcome.NOT_RUN, "interrupted") for target in plan.targets)
    return Observed(runs, interrupted=True)


def observe_had(
    plan: Plan, had: Had, listener: Listener, interruptions: Interruptions, kept: CellCache | None
) -> Observed:
    """Observe every target that is there; without ``kept`` all of it is run.

    Never raises for what a target does. An interruption ends the benches, keeps what was finished and is reported
    by ``interrupted``.
    """
    jobs, ready = _jobs(plan), had.ready
    tell_of(had, listener)
    listener.planned(len(ready) * len(plan.cases))
    judging, alike = Judging(listener, plan), Alike()
    room = KEPT_A_JOB * jobs if any(case.reads for case in plan.cases) else 0
    with Benches(interruptions.seen, listener.remark, room) as benches:
        observed, interrupted, defect = observe_ready(plan.cases, ready, jobs, judging, benches, kept, alike)
        ended = {**had.missing, **observed}
        stopped = {t.id: TargetRun(t, Outcome.NOT_RUN, "interrupted") for t in had.targets if t.id not in ended}
        runs = tuple({**ended, **stopped}[target.id] for target in had.targets)
        benches.keep_no_more()

        def read(cases: Sequence[Case], consumers: Sequence[str], told: Listener) -> Mapping[str, TargetRun]:
            nonlocal interrupted, defect
            readers = {name: ready[name] for name in consumers}
            done, interrupted, failed = observe_ready(cases, readers, jobs, told, benches, kept, alike)
            defect = defect or failed
            return done

        pairs = observe_pairs(plan.cases, runs, None if interrupted else read, listener)
    standing = {name: stand_in.id for name, stand_in in had.stand_ins.items()}
    return Observed(with_broken(runs, pairs), interrupted, standing, defect, pairs.pairs, judged=judging.judged)


def _jobs(plan: Wanted) -> int:
    return plan.options.jobs or JOBS_A_CORE * (os.cpu_count() or 1)


@contextmanager
def _beside(there: Callable[[Obtained], None]) -> Iterator[Done]:
    """Gives what is to be told of each target that is there, and tells it in a thread of its own."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as pool:

        def tell(_target: str, what: Obtained | OpensslrunError) -> None:
            if isinstance(what, Obtained):
                pool.submit(there, what)

        try:
            yield tell
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _tell_missing(missing: Mapping[str, TargetRun], listener: Listener) -> None:
    """Each reason once while they are few; the result has them all."""
    by_reason: dict[str, list[str]] = {}
    for name, run in missing.items():
        by_reason.setdefault(run.reason, []).append(name)
    if len(by_reason) > _FEW_REASONS:
        by_reason = {"they could not be had here; the result has each reason": list(missing)}
    for reason, names in by_reason.items():
        listener.missing(names, reason)


def _stand_ins(plan: Wanted, had: Mapping[str, Obtained | OpensslrunError]) -> dict[str, Target]:
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
