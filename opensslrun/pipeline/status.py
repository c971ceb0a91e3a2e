"""From a result to an exit status, the first that applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opensslrun.errors import ExitStatus
from opensslrun.judge.model import Verdict
from opensslrun.report.model import Result
from opensslrun.targets.model import Need


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The exit status, and the sentences that say why (none when it is 0)."""

    status: ExitStatus
    reasons: tuple[str, ...]


def conclude(result: Result, named: Sequence[str]) -> Conclusion:
    """What a run amounts to; ``named`` are the globs of ``-t``: what they select must run."""
    if not result.run.complete:
        return Conclusion(ExitStatus.INTERRUPTED, ("interrupted; what was finished is in the result",))
    found = [cell for cell in result.cells if Verdict(cell.verdict).is_found]
    stale = result.catalogue.stale
    # A target that broke down after its last cell was not proven again, though every cell of it looks fine.
    broken = [target for target in result.targets if target.outcome == "error"]
    if found or stale or broken:
        reasons = tuple(f"{target.id} broke down: {target.reason}" for target in broken)
        return Conclusion(ExitStatus.FOUND, (*_found(len(found), len(stale)), *reasons))
    covered = {name for target in result.targets if target.outcome == "ran" for name in target.stand_in_for}
    picked = bool(result.run.selection.readers)
    missing = [
        target
        for target in result.targets
        if target.outcome != "ran"
        and (named or ((picked or target.need == Need.REQUIRED) and target.id not in covered))
    ]
    if missing:
        needed = "named with -t" if named else "picked by --readers" if picked else "required"
        return Conclusion(
            ExitStatus.ENVIRONMENT,
            tuple(f"{target.id} is {needed} and did not run: {target.reason}" for target in missing),
        )
    if result.summary.comparisons == 0:
        return Conclusion(ExitStatus.NOTHING_JUDGED, ("no fact was judged, so nothing is known",))
    return Conclusion(ExitStatus.OK, ())


def _found(cells: int, stale: int) -> tuple[str, ...]:
    sentences = []
    if cells:
        sentences.append(f"{cells} cell{'s' if cells > 1 else ''} did not go as predicted")
    if stale:
        sentences.append(f"{stale} known difference{'s' if stale > 1 else ''} disproved")
    return tuple(sentences)
