"""Judging pairs: what one target made and another read. A pair is a cell with a producer, and judged like any other."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import judge_cell
from opensslrun.judge.match import ABSENT, Seen, alike
from opensslrun.judge.model import Finding, JudgedCell, Judgement, Producer, Record, Verdict
from opensslrun.judge.run import explanation, shown_value


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
    """Each pair's verdict, in the pairs' order.

    Most pairs of one consumer show the same facts, whoever made the files. Of those that the catalogue does not tell
    apart only the first is judged anew: a verdict depends on nothing else.
    """
    told_apart: dict[Producer | None, tuple[bool, ...]] = {}
    known: dict[tuple[object, ...], Judgement] = {}
    judgements = []
    for pair in pairs:
        if pair.producer not in told_apart:
            told_apart[pair.producer] = _told_apart(pair.producer, catalogue)
        facts = json.dumps([[step.id, step.run, dict(step.facts)] for step in pair.steps], sort_keys=True)
        key = (pair.case, pair.target, facts, pair.error, told_apart[pair.producer])
        judgement = known.get(key)
        if judgement is None:
            judgement = judge_cell(pair, records.get(pair.case), catalogue)
            if judgement.verdict is not Verdict.ERROR and not judgement.disproved:  # those name the producer
                known[key] = judgement
        producer = pair.producer.target if pair.producer is not None else None
        judgements.append(replace(judgement, producer=producer))
    return tuple(judgements)


def _told_apart(producer: Producer | None, catalogue: Catalogue) -> tuple[bool, ...]:
    """Which of the catalogue's values are for this producer."""
    made = (producer.version, producer.platform) if producer is not None else None
    return tuple(shown.is_made(made) for entry in catalogue.entries for shown in entry.shows)


def pair_differences(judgements: Iterable[Judgement]) -> tuple[PairView, ...]:
    """The facts that differ between pairs, in the order of case, step and fact."""
    seen: dict[tuple[str, str, str], list[tuple[str, str, Finding]]] = defaultdict(list)
    for judgement in judgements:
        for finding in judgement.findings:
            place = (judgement.case, finding.step, finding.fact)
            seen[place].append((judgement.producer or "", judgement.target, finding))
    views = (_view(*place, findings) for place, findings in seen.items())
    return tuple(view for view in views if view is not None)


def _view(case: str, step: str, fact: str, found: Sequence[tuple[str, str, Finding]]) -> PairView | None:
    if all(finding.verdict is Verdict.PASS for _, _, finding in found):
        return None
    values: list[tuple[Seen, dict[str, list[str]]]] = []
    for producer, consumer, finding in found:
        value = shown_value(finding)
        blocks = next((blocks for other, blocks in values if alike(other, value)), None)
        if blocks is None:
            blocks = {}
            values.append((value, blocks))
        blocks.setdefault(consumer, []).append(producer)
    if len(values) < 2:
        return None
    groups = [
        PairGroup({"absent": True} if value is ABSENT else value, producers, tuple(consumers))
        for value, blocks in values
        for producers, consumers in _rectangles(blocks).items()
    ]
    return PairView(case, step, fact, tuple(groups), explanation([finding for _, _, finding in found]))


def _rectangles(blocks: Mapping[str, Sequence[str]]) -> dict[tuple[str, ...], list[str]]:
    """Consumers that show a value with the same producers, together."""
    together: dict[tuple[str, ...], list[str]] = {}
    for consumer, producers in blocks.items():
        together.setdefault(tuple(producers), []).append(consumer)
    return together
