"""Judging pairs: what one target made and another read. A pair is a cell with a producer, and judged like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.match import ABSENT
from opensslrun.judge.model import Finding, JudgedCell, Judgement, Record, Verdict
from opensslrun.judge.run import Place, explanation, facts_of, judge_cells, places, values_of


@dataclass(frozen=True, slots=True)
class PairGroup:
    """A value, and a block of the table that shows it: files of each of these producers on each of these consumers."""

    value: FactValue
    made_by: tuple[str, ...]
    read_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairView:
    """A fact that does not have one value in all pairs, as few blocks. A view for people only."""

    case: str
    step: str
    fact: str
    groups: tuple[PairGroup, ...]
    known: str | None


def judge_pairs(
    pairs: Iterable[JudgedCell], records: Mapping[str, Record], catalogue: Catalogue
) -> tuple[Judgement, ...]:
    """Each pair's verdict, in the pairs' order."""
    return judge_cells(pairs, records, catalogue)


def pair_differences(judgements: Iterable[Judgement]) -> tuple[PairView, ...]:
    """The facts that differ between pairs, in the order of case, step and fact."""
    views = (_view(place, fact, found) for place in places(judgements, _who) for fact, found in facts_of(place))
    return tuple(view for view in views if view is not None)


def _who(judgement: Judgement) -> tuple[str, str]:
    return judgement.producer or "", judgement.target


def _view(place: Place[tuple[str, str]], fact: str, findings: Sequence[tuple[int, Finding]]) -> PairView | None:
    if all(finding.verdict is Verdict.PASS for _, finding in findings):
        return None
    values = values_of(findings)
    if len(values) < 2:
        return None
    groups = [
        PairGroup({"absent": True} if value is ABSENT else value, producers, tuple(consumers))
        for value, numbers in values
        for producers, consumers in _rectangles(place.shown_by(numbers)).items()
    ]
    return PairView(place.case, place.step, fact, tuple(groups), explanation([finding for _, finding in findings]))


def _rectangles(shown: Iterable[tuple[str, str]]) -> dict[tuple[str, ...], list[str]]:
    """Consumers that show a value with the files of the same producers, together."""
    blocks: dict[str, list[str]] = {}
    for producer, consumer in shown:
        blocks.setdefault(consumer, []).append(producer)
    together: dict[tuple[str, ...], list[str]] = {}
    for consumer, producers in blocks.items():
        together.setdefault(tuple(producers), []).append(consumer)
    return together
