"""The facts that are not everywhere as recorded, with the values of each group of targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opensslrun.report import model as m
from opensslrun.report.compare.facts import ABSENT
from opensslrun.report.compare.parted import RECORDED, parted
from opensslrun.report.html.columns import Column, slug
from opensslrun.report.words import value_in_words

Partition = tuple[tuple[int, ...], ...]
"""The columns by what they show."""

Alike = tuple[frozenset[int], ...]
"""For each column those from which it does not change."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact was seen."""

    case: str
    slug: str
    run: str


@dataclass(frozen=True, slots=True)
class FactDifference:
    """A fact with the value of each group of targets; ``alike`` as :meth:`Parted.alike` has it for the entry."""

    fact: str
    places: tuple[Place, ...]
    values: tuple[str, ...]
    groups: Partition
    recorded: tuple[bool, ...]
    alike: Alike

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
    run = next(iter(steps.values())).run
    everyone = tuple(range(columns))
    for each in parted(steps):
        known = tuple(value is RECORDED for value in each.values)
        values = tuple(
            _recorded(each.fact, [steps[number] for number in group]) if value is RECORDED else value_in_words(value)
            for group, value in zip(each.groups, each.values, strict=True)
        )
        for entry in each.by:
            alike = each.alike(entry, everyone)
            yield run, entry, FactDifference(each.fact.partition("@")[0], (), values, each.groups, known, alike)


def _recorded(fact: str, steps: Sequence[m.StepResult]) -> str:
    """The recorded value, as those show it that show nothing else; several where it is random within bounds."""
    return " or ".join(dict.fromkeys(value_in_words(step.facts.get(fact, ABSENT)) for step in steps))
