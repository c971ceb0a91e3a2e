"""Two versions within one run: what changes for a script that moves from the one to the other, worst first."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opensslrun.errors import UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.match import alike
from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.compare.common import Key, Unit, units_of
from opensslrun.report.compare.facts import ABSENT
from opensslrun.report.compare.lines import named_target
from opensslrun.report.compare.parted import RECORDED, Parted, parted


class Way(StrEnum):
    """What becomes of a known difference on the way."""

    APPEARS = "appears"
    CHANGES = "changes"
    DISAPPEARS = "disappears"


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact that the two show differently. ``by`` are the known differences that say what one of them shows.

    ``predicted`` is false where nothing says it of one of the two.
    """

    case: str
    step: str
    run: str
    fact: str
    before: FactValue
    after: FactValue
    by: tuple[str, ...]
    predicted: bool
    files_of: str | None = None
    """Who made the files that both read, where it is of pairs: one of the two."""


@dataclass(frozen=True, slots=True)
class Change:
    """A known difference and everything in which the two differ by it."""

    entry: m.KnownDifference
    way: Way
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """The whole way from one version to another.

    ``unexplained`` are differences that are not as predicted on one of the two, ``within`` counts those that a record
    allows (a value that is random within bounds). ``untold`` maps a case that did not run on both to the reason.
    """

    before: m.TargetResult
    after: m.TargetResult
    changes: tuple[Change, ...]
    unexplained: tuple[Shown, ...]
    within: int
    cases: int
    pairs: int
    facts: int
    untold: Mapping[str, str]


def move_between(result: m.Result, start: str, end: str) -> Move:
    """The way from the version that ``start`` names to that of ``end``.

    Raises UsageError for a name that is unknown, ambiguous or of a target that did not run, for one target under two
    names, and where no case ran on both.
    """
    before, after = named_target(start, result, "--from"), named_target(end, result, "--to")
    if before.id == after.id:
        raise UsageError(f"--from and --to are both {before.id}; name two versions")
    units = units_of(result, {})
    pairs, untold = _pairs(units, before.id, after.id)
    if not pairs:
        raise UsageError(f"no case ran on both {before.id} and {after.id}, so nothing can be compared")
    known = {entry.id: entry for entry in result.known_differences}
    shown = [each for one, other in pairs for each in _differing(one, other, known)]
    explained: dict[str, list[Shown]] = {}
    for each in shown:
        for entry in each.by:
            explained.setdefault(entry, []).append(each)
    changes = [Change(known[entry], _way(entry, pairs), tuple(views)) for entry, views in explained.items()]
    told = {(each.files_of, each.case, each.step, each.fact) for each in shown}
    return Move(
        before=before,
        after=after,
        changes=tuple(sorted(changes, key=_worst_first)),
        unexplained=tuple(each for each in shown if not each.predicted),
        within=sum(1 for place in _unlike(pairs) if place not in told),
        cases=sum(1 for one, _ in pairs if not one.is_pair),
        pairs=sum(1 for one, _ in pairs if one.is_pair),
        facts=sum(len(step.facts) for one, _ in pairs for step in one.steps),
        untold=untold,
    )


STEP = "the step ran"
"""Stands for a fact where one of the two did not come to a step."""

_Pairs = Sequence[tuple[Unit, Unit]]


def _pairs(units: Mapping[Key, Unit], before: str, after: str) -> tuple[_Pairs, Mapping[str, str]]:
    """The cells of each case on both, and of what either hands over, how both read it.

    Files outlive the program that made them, and while some have moved and others not, each reads the other's. Then
    what has no counterpart, with the reason.
    """
    found, untold = [], {}
    for case in dict.fromkeys(case for case, _ in units):
        for made_by in ((), (before,), (after,)):
            one, other = units.get((case, (*made_by, before))), units.get((case, (*made_by, after)))
            if one and other and one.steps and other.steps:
                found.append((one, other))
            elif one or other or not made_by:
                reason = _reason(one, before) if one is None or not one.steps else _reason(other, after)
                untold[f"{case} with the files of {made_by[0]}" if made_by else case] = reason
    return found, untold


def _reason(unit: Unit | None, target: str) -> str:
    return f"{target}: {unit.reason or unit.verdict.value}" if unit else f"{target}: not in the run"


def _differing(one: Unit, other: Unit, known: Container[str]) -> Iterator[Shown]:
    for name, left, right in _steps(one, other):
        if left is None or right is None:
            step = left or right
            if step is not None:
                by, came = _explaining_end(one, other, known), (left is not None, right is not None)
                yield Shown(one.case, name, step.run, STEP, *came, by, predicted=bool(by), files_of=_files_of(one))
            continue
        for each in parted({one.targets: left, other.targets: right}):
            entries = each.changes(one.targets, other.targets)
            if entries:
                by = tuple(entry for entry in entries if entry in known)
                values = (_value(each, one, left), _value(each, other, right))
                predicted = len(by) == len(entries)
                yield Shown(
                    one.case, name, right.run, each.fact, *values, by, predicted=predicted, files_of=_files_of(one)
                )


def _value(each: Parted[tuple[str, ...]], unit: Unit, step: m.StepResult) -> FactValue:
    value = each.value_of(unit.targets)
    return step.facts.get(each.fact, ABSENT) if value is RECORDED else value


def _unlike(pairs: _Pairs) -> Iterator[tuple[str | None, str, str, str]]:
    """Whose files, case, step and fact of every value that is not the same on both, whatever is recorded of it."""
    for one, other in pairs:
        for name, left, right in _steps(one, other):
            if left is not None and right is not None:
                for fact in left.facts.keys() | right.facts.keys():
                    if not alike(left.facts.get(fact, ABSENT), right.facts.get(fact, ABSENT)):
                        yield _files_of(one), one.case, name, fact


def _files_of(unit: Unit) -> str | None:
    return unit.targets[0] if unit.is_pair else None


def _steps(one: Unit, other: Unit) -> Iterator[tuple[str, m.StepResult | None, m.StepResult | None]]:
    before, after = {step.id: step for step in one.steps}, {step.id: step for step in other.steps}
    return ((name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after]))


def _explaining_end(one: Unit, other: Unit, known: Container[str]) -> tuple[str, ...]:
    """Why one of the two ended earlier: what is known of the last step it came to."""
    shorter = one if len(one.steps) < len(other.steps) else other
    return tuple(dict.fromkeys(finding.by for finding in shorter.steps[-1].findings if finding.by in known))


def _way(entry: str, pairs: _Pairs) -> Way:
    """On which side it shows itself: on one, or on both and not the same."""
    sides = [
        any(
            finding.by == entry and finding.verdict == Verdict.KNOWN
            for pair in pairs
            for step in pair[side].steps
            for finding in step.findings
        )
        for side in (0, 1)
    ]
    return Way.CHANGES if all(sides) else Way.APPEARS if sides[1] else Way.DISAPPEARS


def _worst_first(change: Change) -> tuple[int, int, str]:
    return Severity(change.entry.severity).rank, list(Way).index(change.way), change.entry.id
