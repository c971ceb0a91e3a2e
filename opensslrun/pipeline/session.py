"""One whole run: plan, observe, judge, write the result."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from opensslrun.atomic import write_pieces
from opensslrun.errors import UsageError
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.cellstore import Store
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Options, Plan, Wanted, plan_of, wanted_of
from opensslrun.pipeline.recall import read_ahead
from opensslrun.pipeline.result import Clock, make_result
from opensslrun.pipeline.run import Had, interrupted_before, observe_had, obtain_wanted, tell_of
from opensslrun.pipeline.unchanged import Before, Unchanged, counts_of
from opensslrun.report.model import Result
from opensslrun.report.written import head_in_pieces, result_in_pieces
from opensslrun.targets.cache import Cache
from opensslrun.targets.model import Obtained

_SELDOM = 100_000
"""Objects made and not yet gone, after which garbage is looked for."""
_NEVER = 0
"""While a result is made, nearly all of what is made stays."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run's result, and what failed in opensslrun itself, to be raised when the result is safe.

    ``before`` is what an earlier run over the same inputs came to, where that is the answer: then ``result`` is only
    as much of it as a terminal shows.
    """

    result: Result
    defect: Exception | None = None
    before: Before | None = None
    _keep: Callable[[], None] = field(default=lambda: None, repr=False)

    def document(self) -> Iterator[str]:
        """The result as one JSON document, in pieces."""
        if self.before is None:
            yield from result_in_pieces(self.result)
            return
        yield from head_in_pieces(self.result)
        yield from self.before.rest()

    def keep(self) -> None:
        """Keep what it came to for a next run over the same inputs, if it may be."""
        self._keep()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run before it starts: ``plan`` is not made yet where an earlier run may be the answer."""

    wanted: Wanted
    unchanged: Unchanged | None
    plan: Plan | None

    def whole(self) -> Plan:
        """The plan, made now if it was not. Raises UsageError for any mistake in it."""
        if self.plan is not None:
            return self.plan
        return plan_of(self.wanted) if self.unchanged is None else self.unchanged.plan()


def prepare(options: Options) -> Prepared:
    """Read all that a run needs. Raises UsageError for any mistake in it.

    What an earlier run read, and found nothing wrong with, is looked at only as to whether it is still the same.
    """
    wanted = wanted_of(options)
    if not options.cache:
        return Prepared(wanted, None, plan_of(wanted))
    unchanged = Unchanged(wanted, Store(Cache.of_user()))
    return Prepared(wanted, unchanged, None if unchanged.may_be else unchanged.plan())


def run_plan(plan: Plan, listener: Listener, interruptions: Interruptions) -> Session:
    """Run a plan and judge what it saw, up to an interruption."""
    return run_prepared(Prepared(plan, None, plan), listener, interruptions)


def run_prepared(prepared: Prepared, listener: Listener, interruptions: Interruptions) -> Session:
    """The same; a run over the very same inputs as an earlier one is answered by what that one came to."""
    started, begin = datetime.now(UTC), time.monotonic()
    wanted, unchanged, plan = prepared.wanted, prepared.unchanged, prepared.plan
    kept = CellCache.of_user(listener.remark) if wanted.options.cache else None

    def there(obtained: Obtained) -> None:
        if kept is None or (unchanged is not None and unchanged.there(obtained, kept)) or plan is None:
            return
        read_ahead(obtained, plan.cases, kept)

    with _collecting(_SELDOM):
        try:
            had = obtain_wanted(wanted, listener, interruptions, there)
        except KeyboardInterrupt:
            plan = prepared.whole()
            return Session(make_result(plan, interrupted_before(plan), Clock(started, time.monotonic() - begin)))
        before = None if unchanged is None else unchanged.before(had)
        if before is not None:
            _tell(before.shown, had, listener)
            return Session(_once_more(before, started, time.monotonic() - begin), before=before)
        plan = prepared.whole()
        observed = observe_had(plan, had, listener, interruptions, kept)
        clock = Clock(started, time.monotonic() - begin)
        seen = None if unchanged is None or kept is None else unchanged.seen(had, observed, kept)
    with _collecting(_NEVER):
        result = make_result(plan, observed, clock)
    if unchanged is None or seen is None:
        return Session(result, observed.defect)
    return Session(result, observed.defect, _keep=partial(unchanged.keep, seen, result))


def _once_more(before: Before, started: datetime, duration_s: float) -> Result:
    """What an earlier run came to, as this one says it."""
    said = {"started": started.isoformat(timespec="seconds"), "duration_s": round(duration_s, 3)}
    run = before.shown.run.model_copy(update={**said, "judged": before.judged})
    return before.shown.model_copy(update={"run": run})


def _tell(shown: Result, had: Had, listener: Listener) -> None:
    """Tell a listener what it would be told if all of it were taken from the cells."""
    tell_of(had, listener)
    cells, pairs = counts_of(shown)
    listener.planned(sum(cells.values()))
    for target, number in cells.items():
        listener.cells_recalled(target, number)
    if pairs:
        listener.reading(sum(pairs.values()))
    for consumer, number in pairs.items():
        listener.pairs_recalled(consumer, number)


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


def write_result(session: Session, path: Path) -> bool:
    """Replace the result file atomically, and say whether that was done.

    A run that was interrupted before anything was finished does not take the place of an earlier result. Raises
    UsageError when it cannot be written.
    """
    result = session.result
    if not result.run.complete and not any(cell.steps for cell in result.cells) and path.exists():
        return False
    write_pieces(path, session.document())
    return True
