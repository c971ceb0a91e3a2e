"""From a result to an exit status, the first that applies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from opensslrun.errors import ExitStatus
from opensslrun.judge.model import Verdict
from opensslrun.pipeline.plan import Chosen
from opensslrun.report.model import Result, TargetResult
from opensslrun.targets.model import Need


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The exit status, and the sentences that say why (none when it is 0)."""

    status: ExitStatus
    reasons: tuple[str, ...]


def conclude(result: Result) -> Conclusion:
    """What a run amounts to. Everything it rests on is in the result, so that merged results are judged alike."""
    if not result.run.complete:
        return Conclusion(ExitStatus.INTERRUPTED, ("interrupted; what was finished is in the result",))
    found = [cell for cell in result.cells if Verdict(cell.verdict).is_found]
    pairs = [pair for pair in result.pairs if Verdict(pair.verdict).is_found]
    stale = result.catalogue.stale
    # A target that broke down after its last cell was not proven again, though every cell of it looks fine.
    broken = [target for target in result.targets if target.outcome == "error"]
    if found or pairs or stale or broken:
        reasons = tuple(f"{target.id} broke down: {target.reason}" for target in broken)
        return Conclusion(ExitStatus.FOUND, (*_found(len(found), len(pairs), len(stale)), *reasons))
    missing = _missing(result)
    if missing:
        return Conclusion(ExitStatus.ENVIRONMENT, missing)
    if result.summary.comparisons == 0:
        return Conclusion(ExitStatus.NOTHING_JUDGED, ("no fact was judged, so nothing is known",))
    return Conclusion(ExitStatus.OK, ())


def _missing(result: Result) -> tuple[str, ...]:
    """What must run and did not, a sentence each. A stand-in covers all but a target that was named itself."""
    ran = {target.id for target in result.targets if target.outcome == "ran"}
    covered = {name for target in result.targets if target.id in ran for name in target.stand_in_for}
    covered |= {row.target for row in result.readers if row.quality == "measured" and row.by in ran}
    sentences = []
    for target in result.targets:
        match Chosen(target.chosen):
            case Chosen.NAMED:
                needed = "named with -t"
            case Chosen.READERS if target.id not in covered:
                needed = "picked by --readers"
            case Chosen.ALL if target.need == Need.REQUIRED and target.id not in covered:
                needed = "required"
            case _:
                continue
        if target.outcome != "ran":
            sentences.append(f"{target.id} is {needed} and did not run: {target.reason}{_but(target, covered)}")
    return tuple(sentences)


def _but(target: TargetResult, covered: Collection[str]) -> str:
    if target.stand_in is None:
        return ""
    if target.id in covered:
        return f"; {target.stand_in} ran as its stand-in, which is not the thing itself"
    return f"; nor did its stand-in {target.stand_in}"


def _found(cells: int, pairs: int, stale: int) -> tuple[str, ...]:
    sentences = []
    if cells:
        sentences.append(f"{cells} cell{'s' if cells > 1 else ''} did not go as predicted")
    if pairs:
        sentences.append(f"{pairs} pair{'s' if pairs > 1 else ''} of producer and consumer did not go as predicted")
    if stale:
        sentences.append(f"{stale} known difference{'s' if stale > 1 else ''} disproved")
    return tuple(sentences)
