"""Two runs, fact by fact: what got worse, what changed as predicted, what got better, what cannot be compared.

What is missing is never taken for good: a cell that ran before and does not run now is a regression, and whatever
finds no counterpart is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from opensslrun.errors import UsageError
from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.compare.common import Common, Unit, common_of, units_of
from opensslrun.report.compare.facts import FactChange, Kind, changes_between
from opensslrun.report.marks import severities_of


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell (or a pair) that is not what it was.

    ``before`` and ``after`` are the targets, two of each for a pair (producer, then consumer). ``was`` is None where
    the old run has no such cell, ``now`` where the new one has none.
    """

    case: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    kind: Kind
    was: Verdict | None
    now: Verdict | None
    reason: str
    facts: tuple[FactChange, ...]

    @property
    def is_pair(self) -> bool:
        """Whether it is of a producer and a consumer."""
        return len(self.after or self.before) > 1


class Side(StrEnum):
    """One of the two runs."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that the two runs say of each other.

    ``cells``, ``pairs`` and ``facts`` count what was really compared.
    """

    common: Common
    changes: tuple[CellChange, ...]
    cells: int
    pairs: int
    facts: int
    newly_stale: tuple[m.Stale, ...]
    newly_broken: tuple[m.TargetResult, ...]
    interrupted: tuple[Side, ...]
    swapped: bool
    """The new run was made before the old one."""
    other_code: bool
    """The two were made by different code of opensslrun, which may draw facts in another way."""
    unasked: int
    """Cells and pairs of the old run that the new one was not asked for."""

    @property
    def is_worse(self) -> bool:
        """Whether anything in it is a regression."""
        return bool(self.newly_stale or self.newly_broken) or any(change.kind.is_worse for change in self.changes)


def compare_runs(old: m.Result, new: m.Result) -> Comparison:
    """Raises UsageError where the two have nothing in common, or are of different schemas."""
    if old.schema_ != new.schema_:
        raise UsageError(
            f"the two results cannot be compared: one has schema {old.schema_}, the other {new.schema_}; "
            "make both with the same opensslrun"
        )
    common = common_of(old, new)
    before, after = units_of(old, common.names_before), units_of(new, common.names_after)
    if not any(key in after and unit.case in common.cases for key, unit in before.items()):
        raise UsageError(f"the two results have nothing in common to compare: {_nothing(common)}")
    kept = {key: unit for key, unit in before.items() if key in after or _was_asked(unit, old, new, common)}
    severities = {**severities_of(old), **severities_of(new)}
    changes = [
        change
        for key in dict.fromkeys([*kept, *after])
        if (change := _change(kept.get(key), after.get(key), common, severities)) is not None
    ]
    both = [(unit, after[key]) for key, unit in before.items() if key in after and unit.case in common.cases]
    ran = [(one, other) for one, other in both if one.ran and other.ran]
    comparison = Comparison(
        common=common,
        changes=tuple(sorted(changes, key=lambda change: change.kind.rank)),
        cells=sum(1 for one, _ in ran if not one.is_pair),
        pairs=sum(1 for one, _ in ran if one.is_pair),
        facts=sum(len(step.facts) for one, _ in ran for step in one.steps),
        newly_stale=_newly_stale(old, new),
        newly_broken=_newly_broken(common),
        interrupted=tuple(side for side, each in ((Side.OLD, old), (Side.NEW, new)) if not each.run.complete),
        swapped=old.run.started > new.run.started != "",
        other_code=old.run.code_sha256 != new.run.code_sha256,
        unasked=len(before) - len(kept),
    )
    if not ran and not comparison.is_worse:
        raise UsageError("the two results have nothing in common to compare: no cell ran in both")
    return comparison


def _nothing(common: Common) -> str:
    if not common.twins.both:
        return "no target of the one is, by its id or its release line, in the other"
    if common.changed:
        return "every case that both have was changed in between"
    return "no cell of the one is in the other"


def _was_asked(unit: Unit, old: m.Result, new: m.Result, common: Common) -> bool:
    """Whether the new run should have this cell: a selection that leaves it out is no loss, and is told.

    What readers pick is not known here; the same readers pick the same. A shard of other cases has other cells.
    """
    selection = new.run.selection
    other_readers = selection.readers is not None and selection.readers != old.run.selection.readers
    if new.run.shard is not None or other_readers or set(unit.targets) & set(common.twins.other):
        return False
    asked = [(selection.cases, unit.case), *((selection.targets, target) for target in unit.targets)]
    return all(not globs or any(fnmatchcase(name, glob) for glob in globs) for globs, name in asked)


def _change(
    before: Unit | None, after: Unit | None, common: Common, severities: Mapping[str, Severity]
) -> CellChange | None:
    """What became of one cell, or None when it is as it was, or when it is new and fine."""
    known = next(each for each in (after, before) if each is not None)
    unchanged = known.case in common.cases
    facts: tuple[FactChange, ...] = ()
    if before and after and before.ran and after.ran and unchanged:
        facts = changes_between(before.steps, after.steps, severities)
    kind = _kind(before, after, facts)
    if kind is None or not (unchanged or kind.is_worse):
        return None
    return CellChange(
        case=known.case,
        before=before.targets if before else (),
        after=after.targets if after else (),
        kind=kind,
        was=before.verdict if before else None,
        now=after.verdict if after else None,
        reason=after.reason if after else "",
        facts=facts,
    )


def _kind(before: Unit | None, after: Unit | None, facts: Sequence[FactChange]) -> Kind | None:
    was, now = _verdict(before), _verdict(after)
    ran_before, runs_now = _ran(before), _ran(after)
    if now.is_found and now.rank < was.rank:
        return Kind.WORSE
    if ran_before and not runs_now:
        return Kind.GONE
    if not (ran_before and runs_now):
        return Kind.RUNS if runs_now and before is not None else None
    kind = min((fact.kind for fact in facts), key=lambda each: each.rank, default=None)
    if kind is not None and kind.is_worse:
        return kind
    if was.is_found and now.rank > was.rank:
        return Kind.BETTER
    return kind or (Kind.PREDICTED if now is not was else None)


def _verdict(unit: Unit | None) -> Verdict:
    return unit.verdict if unit else Verdict.NOT_RUN


def _ran(unit: Unit | None) -> bool:
    return unit is not None and unit.ran


def _newly_stale(old: m.Result, new: m.Result) -> tuple[m.Stale, ...]:
    before = {stale.id for stale in old.catalogue.stale}
    return tuple(stale for stale in new.catalogue.stale if stale.id not in before)


def _newly_broken(common: Common) -> tuple[m.TargetResult, ...]:
    """Targets that broke down, also after their last cell, when no cell shows it."""
    twins = [twin.after for twin in common.twins.both if twin.before.outcome != "error"]
    return tuple(target for target in (*twins, *common.twins.only_after) if target.outcome == "error")


def counts_of(comparison: Comparison, *, pairs: bool) -> Mapping[Kind, int]:
    """How many cells, or pairs, each kind of change has."""
    changes = [change for change in comparison.changes if change.is_pair is pairs]
    return {kind: sum(1 for change in changes if change.kind is kind) for kind in Kind}
