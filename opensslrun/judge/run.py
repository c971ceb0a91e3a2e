"""Judging all cells of a run, and what the run as a whole says of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from opensslrun.facts.model import FactValue
from opensslrun.judge.advice import broken_advice
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import Judged, Recognised, judge_cell
from opensslrun.judge.match import ABSENT, Seen, alike
from opensslrun.judge.model import Finding, JudgedCell, Judgement, Record, StepJudgement, Verdict


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """What a run says of each entry: ``stale`` maps an id to the sentence that tells why."""

    proven: tuple[str, ...]
    unproven: tuple[str, ...]
    stale: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A fact that does not have one value on all targets that ran: its values, each with its targets.

    ``known`` is the id of the catalogue's entry that explains it, the worst where several do, or None when something
    in it is unexplained.
    A view for people only: verdicts never rest on it.
    """

    case: str
    step: str
    fact: str
    groups: tuple[tuple[FactValue, tuple[str, ...]], ...]
    known: str | None


def judge_cells(
    cells: Iterable[JudgedCell], records: Mapping[str, Record], catalogue: Catalogue, judged: Judged | None = None
) -> tuple[Judgement, ...]:
    """Each cell's verdict, in the cells' order. ``judged`` is what was judged by the same records and catalogue."""
    recognised = Recognised(judged)
    return tuple(judge_cell(cell, records.get(cell.case), catalogue, recognised) for cell in cells)


def catalogue_state(
    cells: Sequence[JudgedCell], judgements: Sequence[Judgement], catalogue: Catalogue, *, whole: bool
) -> CatalogueState:
    """Which entries the run proved, did not touch, or showed to be wrong.

    ``judgements`` are those of ``cells``, in their order. In a ``whole`` run, of every case on every target, each
    value of an entry is held to account by itself: one whose steps and versions ran, but whose fact never turned up,
    is wrong too; a misspelt fact would otherwise stay in the catalogue for ever. In a part of a run nothing can be
    concluded from that, for the fact may turn up in the rest. An entry whose advice differs somewhere on the step
    that is said to test it is wrong, too.
    """
    proven = known_in(judgements)
    stale: dict[str, str] = {}
    for judgement in judgements:
        for entry, sentence in judgement.disproved:
            stale.setdefault(entry, sentence)
    for entry, sentence in broken_advice(judgements, catalogue):
        stale.setdefault(entry, sentence)
    for entry, fact in _never_turned_up(cells, judgements, catalogue) if whole else ():
        stale.setdefault(
            entry, f"{entry} predicts {fact} for steps and versions that ran, but that fact never turned up there"
        )
    return CatalogueState(
        proven=tuple(sorted(proven - stale.keys())),
        unproven=tuple(entry.id for entry in catalogue.entries if entry.id not in proven | stale.keys()),
        stale=stale,
    )


def _never_turned_up(
    cells: Sequence[JudgedCell], judgements: Sequence[Judgement], catalogue: Catalogue
) -> list[tuple[str, str]]:
    """Entry and fact of each predicted value that no judged step had anything to hold against."""
    turned_up: dict[tuple[str, int, str], bool] = {}
    asked: set[int] = set()
    for cell, judgement in zip(cells, judgements, strict=True):
        if cell.error is not None or all(not judged.findings for judged in judgement.steps):
            continue
        for step, judged in zip(cell.steps, judgement.steps, strict=True):
            if id(judged) in asked:
                continue  # all that share a judgement share what is said of them
            asked.add(id(judged))
            facts = [finding.fact for finding in judged.findings]
            for said in catalogue.covering(cell, step):
                key = (said.difference.id, said.number, said.shown.fact)
                turned_up[key] = turned_up.get(key, False) or any(said.shown.names(fact) for fact in facts)
    return [(entry, fact) for (entry, _, fact), found in sorted(turned_up.items()) if not found]


def known_in(judgements: Iterable[Judgement]) -> frozenset[str]:
    """The ids of the catalogue's entries that explain something in these."""
    return frozenset().union(*{step.known for each in judgements for step in each.steps})


Shower = TypeVar("Shower")
"""Who showed something: a target, or a producer and a consumer."""


@dataclass(frozen=True, slots=True)
class Place(Generic[Shower]):
    """A step of a case, and what was made of it: each judgement once, with all who share it.

    ``who`` are they by the judgement's place in ``judgements``, each with its own place among all.
    """

    case: str
    step: str
    judgements: list[StepJudgement]
    who: list[list[tuple[int, Shower]]]

    def shown_by(self, places: Iterable[int]) -> list[Shower]:
        """Those who share any of these judgements, in their order."""
        return [who for _, who in sorted(pair for place in places for pair in self.who[place])]


def places(judgements: Iterable[Judgement], who: Callable[[Judgement], Shower]) -> list[Place[Shower]]:
    """The steps of these, in the order in which they turn up."""
    found: dict[tuple[str, str], Place[Shower]] = {}
    at: dict[tuple[str, str, int], int] = {}
    for number, judgement in enumerate(judgements):
        name = who(judgement)
        for step in judgement.steps:
            place = found.get((judgement.case, step.step))
            if place is None:
                place = found[judgement.case, step.step] = Place(judgement.case, step.step, [], [])
            index = at.setdefault((judgement.case, step.step, id(step)), len(place.judgements))
            if index == len(place.judgements):
                place.judgements.append(step)
                place.who.append([])
            place.who[index].append((number, name))
    return list(found.values())


def differences(judgements: Iterable[Judgement]) -> tuple[DifferenceView, ...]:
    """The facts that differ between the targets that ran, in the order of case, step and fact."""
    views = (
        _view(place, fact, found)
        for place in places(judgements, lambda judgement: judgement.target)
        for fact, found in facts_of(place)
    )
    return tuple(view for view in views if view is not None)


def facts_of(place: Place[Shower]) -> list[tuple[str, list[tuple[int, Finding]]]]:
    """The facts that may differ at a place: of each, what was made of it in which judgement. None where all agree."""
    found: dict[str, list[tuple[int, Finding]]] = {}
    for number, judgement in enumerate(place.judgements) if len(place.judgements) > 1 else ():
        for finding in judgement.findings:
            found.setdefault(finding.fact, []).append((number, finding))
    return sorted(found.items())


def values_of(findings: Iterable[tuple[int, Finding]]) -> list[tuple[Seen, list[int]]]:
    """The values that these show, each with the judgements that have it."""
    groups: list[tuple[Seen, list[int]]] = []
    for number, finding in findings:
        shown = shown_value(finding)
        same = next((numbers for value, numbers in groups if alike(value, shown)), None)
        if same is None:
            groups.append((shown, [number]))
        else:
            same.append(number)
    return groups


def _view(place: Place[str], fact: str, findings: Sequence[tuple[int, Finding]]) -> DifferenceView | None:
    if all(finding.verdict is Verdict.PASS for _, finding in findings):
        return None
    groups = values_of(findings)
    if len(groups) < 2:
        return None
    return DifferenceView(
        case=place.case,
        step=place.step,
        fact=fact,
        groups=tuple(
            ({"absent": True} if value is ABSENT else value, tuple(place.shown_by(numbers)))
            for value, numbers in groups
        ),
        known=explanation([finding for _, finding in findings]),
    )


def explanation(findings: Sequence[Finding]) -> str | None:
    """The entry that explains why these differ, the worst where several do; None when something is unexplained."""
    entries = [finding.difference for finding in findings if finding.verdict is Verdict.KNOWN and finding.difference]
    worst = min(entries, key=lambda entry: (entry.severity.rank, entry.id), default=None)
    explained = all(finding.verdict in {Verdict.KNOWN, Verdict.PASS} for finding in findings)
    return worst.id if explained and worst is not None else None


def shown_value(finding: Finding) -> Seen:
    """What a finding shows for comparison: what was seen, or the bounds of what is random."""
    return finding.predicted if _is_bounded(finding) else finding.seen


def _is_bounded(finding: Finding) -> bool:
    """Whether the value is random within predicted bounds, so that the bounds are what is worth comparing."""
    return (
        finding.verdict in {Verdict.PASS, Verdict.KNOWN}
        and isinstance(finding.predicted, dict)
        and set(finding.predicted) == {"between"}
    )
