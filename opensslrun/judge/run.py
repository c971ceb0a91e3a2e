"""Judging all cells of a run, and what the run as a whole says of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.facts.model import FactValue
from opensslrun.judge.advice import broken_advice
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import Judged, judge_cell
from opensslrun.judge.match import ABSENT, Seen, alike
from opensslrun.judge.model import Finding, JudgedCell, Judgement, Record, Verdict


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
    cells: Iterable[JudgedCell], records: Mapping[str, Record], catalogue: Catalogue
) -> tuple[Judgement, ...]:
    """Each cell's verdict, in the cells' order."""
    judged: Judged = {}
    return tuple(judge_cell(cell, records.get(cell.case), catalogue, judged) for cell in cells)


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
    proven = {finding.by for each in judgements for finding in each.findings if finding.verdict is Verdict.KNOWN}
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
    for cell, judgement in zip(cells, judgements, strict=True):
        if cell.error is not None or not judgement.findings:
            continue
        for step in cell.steps:
            facts = [finding.fact for finding in judgement.findings if finding.step == step.id]
            for said in catalogue.covering(cell, step):
                key = (said.difference.id, said.number, said.shown.fact)
                turned_up[key] = turned_up.get(key, False) or any(said.shown.names(fact) for fact in facts)
    return [(entry, fact) for (entry, _, fact), found in sorted(turned_up.items()) if not found]


def differences(judgements: Iterable[Judgement]) -> tuple[DifferenceView, ...]:
    """The facts that differ between the targets that ran, in the order of case, step and fact."""
    seen: dict[tuple[str, str, str], list[tuple[str, Finding]]] = defaultdict(list)
    for judgement in judgements:
        for finding in judgement.findings:
            seen[judgement.case, finding.step, finding.fact].append((judgement.target, finding))
    views = (_view(*key, findings) for key, findings in seen.items())
    return tuple(view for view in views if view is not None)


def _view(case: str, step: str, fact: str, findings: Sequence[tuple[str, Finding]]) -> DifferenceView | None:
    first = findings[0][1]
    if all(finding is first for _, finding in findings):
        return None
    expected = all(finding.verdict is Verdict.PASS for _, finding in findings)
    groups: list[tuple[Seen, list[str]]] = []
    for target, finding in findings:
        shown = shown_value(finding)
        for value, targets in groups:
            if alike(value, shown):
                targets.append(target)
                break
        else:
            groups.append((shown, [target]))
    if len(groups) < 2 or expected:
        return None
    return DifferenceView(
        case=case,
        step=step,
        fact=fact,
        groups=tuple(({"absent": True} if value is ABSENT else value, tuple(targets)) for value, targets in groups),
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
