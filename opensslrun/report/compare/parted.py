"""Who shows what of a fact, and what says so: that tells what changes from one version to another.

The terminal asks it of two targets; the page of all of them at once, for its reader chooses the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, Generic, Literal, TypeVar

from opensslrun.facts.model import FactValue
from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.compare.facts import ABSENT

UNEXPLAINED: Final = "unexplained"
"""Stands for an entry's id where the catalogue has none."""

Name = TypeVar("Name", bound=Hashable)
"""Whatever names those that came to a step: a target, its number, a producer and a consumer."""


class _Recorded(Enum):
    RECORDED = "as recorded"


RECORDED: Final = _Recorded.RECORDED
"""Stands for the value of whoever shows what is recorded, which may be random within bounds."""


@dataclass(frozen=True, slots=True)
class Parted(Generic[Name]):
    """A fact of a step that is not as recorded on all that came to it.

    ``values`` are those that ``groups`` show, bounds where it is random. ``by`` maps an entry of the catalogue to
    those whose value it says; what nothing predicted is :data:`UNEXPLAINED`.
    """

    fact: str
    groups: tuple[tuple[Name, ...], ...]
    values: tuple[FactValue | Literal[_Recorded.RECORDED], ...]
    by: Mapping[str, frozenset[Name]]

    def changes(self, one: Name, other: Name) -> tuple[str, ...]:
        """The entries by which the one shows something else than the other; none where both show the same.

        That is so for an entry that says what one of the two shows. That it says the same of a third is no reason.
        """
        if any(one in group and other in group for group in self.groups):
            return ()
        return tuple(entry for entry, saying in self.by.items() if one in saying or other in saying)

    def value_of(self, one: Name) -> FactValue | Literal[_Recorded.RECORDED]:
        """What it shows, of those that came to the step."""
        return next(value for group, value in zip(self.groups, self.values, strict=True) if one in group)

    def alike(self, entry: str, everyone: tuple[Name, ...]) -> tuple[frozenset[Name], ...]:
        """For each of all targets those from which it does not change by this entry: :meth:`changes`, turned round.

        With one that did not come to the step nothing is compared.
        """
        return _alike(self.groups, self.by[entry], everyone)


@lru_cache(maxsize=4096)
def _alike(
    groups: tuple[tuple[Name, ...], ...], saying: frozenset[Name], everyone: tuple[Name, ...]
) -> tuple[frozenset[Name], ...]:
    """Remembered: most facts of a run part its targets in one of a few ways."""
    same = {name: frozenset(group) for group in groups for name in group}
    rest = same.keys() - saying
    absent = frozenset(everyone) - same.keys()
    alike = {name: own | absent | (rest if name in rest else frozenset()) for name, own in same.items()}
    return tuple([alike.get(name, frozenset(everyone)) for name in everyone])


def parted(steps: Mapping[Name, m.StepResult]) -> Iterator[Parted[Name]]:
    """The facts of one step that are not as recorded on all that came to it, by their names."""
    findings: dict[str, dict[Name, list[m.FindingResult]]] = defaultdict(dict)
    for name, step in steps.items():
        for finding in step.findings:
            if finding.verdict != Verdict.PASS:
                findings[finding.fact].setdefault(name, []).append(finding)
    for fact in sorted(findings):
        yield _parted(fact, findings[fact], steps)


def _parted(
    fact: str, findings: Mapping[Name, Sequence[m.FindingResult]], steps: Mapping[Name, m.StepResult]
) -> Parted[Name]:
    recorded = {repr(step.facts.get(fact, ABSENT)) for name, step in steps.items() if name not in findings}
    groups: dict[str, list[Name]] = defaultdict(list)
    values: dict[str, FactValue | Literal[_Recorded.RECORDED]] = {}
    by: dict[str, set[Name]] = defaultdict(set)
    for name in steps:
        found = findings.get(name, ())
        value = shown_in(found[0]) if found else RECORDED
        key = repr(value)
        if value is RECORDED or key in recorded:
            value, key = RECORDED, ""
        groups[key].append(name)
        values.setdefault(key, value)
        for finding in found:
            by[finding.by if finding.verdict == Verdict.KNOWN else UNEXPLAINED].add(name)
    return Parted(
        fact,
        tuple(map(tuple, groups.values())),
        tuple(values.values()),
        {entry: frozenset(saying) for entry, saying in by.items()},
    )


def shown_in(finding: m.FindingResult) -> FactValue:
    """What was seen, or the bounds of what is random."""
    bounded = isinstance(finding.predicted, dict) and set(finding.predicted) == {"between"}
    return finding.predicted if bounded and finding.verdict == Verdict.KNOWN else finding.value
