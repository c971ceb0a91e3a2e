"""Judging all cells of a run, and what the run as a whole says of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import judge_cell
from opensslrun.judge.match import ABSENT, Seen
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

    ``known`` is the id of the catalogue's entry that explains it, or None when something in it is unexplained.
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
    """Each cell's verdict. Raises UsageError when the catalogue contradicts itself."""
    return tuple(judge_cell(cell, records.get(cell.case), catalogue) for cell in cells)


def catalogue_state(
    cells: Sequence[JudgedCell], judgements: Sequence[Judgement], catalogue: Catalogue
) -> CatalogueState:
    """Which entries the run proved, did not touch, or showed to be wrong.

    An entry whose case, step and version all ran, but whose fact never turned up, is wrong too: a misspelt fact
    would otherwise stay in the catalogue for ever.
    """
    proven = {finding.by for each in judgements for finding in each.findings if finding.verdict is Verdict.KNOWN}
    stale: dict[str, str] = {}
    for judgement in judgements:
        for entry, sentence in judgement.disproved:
            stale.setdefault(entry, sentence)
    touched = {
        said.difference.id
        for cell in cells
        if cell.error is None
        for step in cell.steps
        for said in catalogue.covering(cell, step)
    }
    for entry in sorted(touched - proven - stale.keys()):
        stale[entry] = f"{entry} speaks of steps and versions that ran, but none of its facts turned up there"
    return CatalogueState(
        proven=tuple(sorted(proven - stale.keys())),
        unproven=tuple(entry.id for entry in catalogue.entries if entry.id not in proven | stale.keys()),
        stale=stale,
    )


def differences(judgements: Iterable[Judgement]) -> tuple[DifferenceView, ...]:
    """The facts that differ between the targets that ran, in the order of case, step and fact."""
    seen: dict[tuple[str, str, str], list[tuple[str, Finding]]] = defaultdict(list)
    for judgement in judgements:
        for finding in judgement.findings:
            seen[judgement.case, finding.step, finding.fact].append((judgement.target, finding))
    views = (_view(*key, findings) for key, findings in seen.items())
    return tuple(view for view in views if view is not None)


def _view(case: str, step: str, fact: str, findings: Sequence[tuple[str, Finding]]) -> DifferenceView | None:
    expected = all(finding.verdict is Verdict.PASS for _, finding in findings)
    groups: list[tuple[Seen, list[str]]] = []
    for target, finding in findings:
        shown = finding.predicted if _is_bounded(finding) else finding.seen
        for value, targets in groups:
            if value == shown and type(value) is type(shown):
                targets.append(target)
                break
        else:
            groups.append((shown, [target]))
    if len(groups) < 2 or expected:
        return None
    ids = {finding.by for _, finding in findings if finding.verdict is Verdict.KNOWN}
    explained = all(finding.verdict in {Verdict.KNOWN, Verdict.PASS} for _, finding in findings)
    return DifferenceView(
        case=case,
        step=step,
        fact=fact,
        groups=tuple(({"absent": True} if value is ABSENT else value, tuple(targets)) for value, targets in groups),
        known=ids.pop() if explained and len(ids) == 1 else None,
    )


def _is_bounded(finding: Finding) -> bool:
    """Whether the value is random within predicted bounds, so that the bounds are what is worth comparing."""
    return (
        finding.verdict in {Verdict.PASS, Verdict.KNOWN}
        and isinstance(finding.predicted, dict)
        and set(finding.predicted) == {"between"}
    )
