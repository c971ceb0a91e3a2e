"""The facts that are not everywhere as recorded, with the values of each group of targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opensslrun.facts.model import FactValue
from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, slug
from opensslrun.report.html.pairfacts import UNEXPLAINED
from opensslrun.report.words import value_in_words

_RECORDED = "\0as recorded"
"""Stands for the value of whoever shows what is recorded; no value in words begins like it."""

Partition = tuple[tuple[int, ...], ...]
"""The columns by what they show."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact was seen."""

    case: str
    slug: str
    run: str


@dataclass(frozen=True, slots=True)
class FactDifference:
    """A fact with the value of each group of targets. ``mine`` parts the columns by what this entry alone explains."""

    fact: str
    places: tuple[Place, ...]
    values: tuple[str, ...]
    groups: Partition
    recorded: tuple[bool, ...]
    mine: Partition

    @property
    def cases(self) -> tuple[Place, ...]:
        """A place in each of the cases."""
        return tuple({place.case: place for place in reversed(self.places)}.values())[::-1]


def facts_by_entry(result: m.Result, columns: Sequence[Column]) -> dict[str, list[FactDifference]]:
    """The facts that are not everywhere as recorded, by the entries that explain them.

    They are taken from the cells: a fact that only some versions have at all is a difference too. Facts that differ
    alike stand once, with their places.
    """
    numbers = {column.id: column.number for column in columns}
    ran: dict[tuple[str, str], dict[int, m.StepResult]] = defaultdict(dict)
    for cell in result.cells:
        for step in cell.steps if cell.target in numbers else ():
            ran[cell.case, step.id][numbers[cell.target]] = step
    found: dict[str, dict[FactDifference, dict[Place, None]]] = defaultdict(dict)
    for (case, _), steps in ran.items():
        for run, entry, fact in _step_differences(dict(sorted(steps.items())), len(columns)):
            found[entry].setdefault(fact, {})[Place(case, slug(case), run)] = None
    return {
        entry: [replace(fact, places=tuple(places)) for fact, places in facts.items()] for entry, facts in found.items()
    }


def _step_differences(steps: Mapping[int, m.StepResult], columns: int) -> Iterator[tuple[str, str, FactDifference]]:
    """Of one step on all targets that came to it: its command line, an entry, and a fact that the entry explains."""
    findings = {
        number: {finding.fact: finding for finding in step.findings if finding.verdict != Verdict.PASS}
        for number, step in steps.items()
    }
    for name in sorted({fact for each in findings.values() for fact in each}):
        by_value: dict[str, list[int]] = defaultdict(list)
        by_entry: dict[str, set[str]] = defaultdict(set)
        for number in steps:
            finding = findings[number].get(name)
            value = _RECORDED if finding is None else value_in_words(_shown(finding))
            by_value[value].append(number)
            if finding is not None:
                by_entry[finding.by if finding.verdict == Verdict.KNOWN else UNEXPLAINED].add(value)
        recorded = _recorded(name, [steps[number] for number in by_value.get(_RECORDED, ())])
        for entry, mine in by_entry.items():
            yield (
                next(iter(steps.values())).run,
                entry,
                FactDifference(
                    fact=name.partition("@")[0],
                    places=(),
                    values=tuple(recorded if value == _RECORDED else value for value in by_value),
                    groups=tuple(map(tuple, by_value.values())),
                    recorded=tuple(value == _RECORDED for value in by_value),
                    mine=_parted([by_value[value] for value in mine], columns),
                ),
            )


def _shown(finding: m.FindingResult) -> FactValue:
    """What was seen, or the bounds of what is random."""
    bounded = isinstance(finding.predicted, dict) and set(finding.predicted) == {"between"}
    return finding.predicted if bounded and finding.verdict == Verdict.KNOWN else finding.value


def _recorded(fact: str, steps: Sequence[m.StepResult]) -> str:
    """The recorded value, as those show it that show nothing else; several where it is random within bounds."""
    absent: FactValue = {"absent": True}
    values = dict.fromkeys(value_in_words(step.facts.get(fact, absent)) for step in steps)
    return " or ".join(values)


def _parted(mine: Iterable[Sequence[int]], columns: int) -> Partition:
    """Each of these groups, and all the other columns as one more."""
    groups = sorted(tuple(group) for group in mine)
    others = tuple(number for number in range(columns) if not any(number in group for group in groups))
    return (*groups, others) if others else tuple(groups)
