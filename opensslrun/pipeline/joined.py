"""One target in several parts of a run: the same one in all of them, or an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from opensslrun.cases.model import Case
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.report.model import Result
from opensslrun.targets.model import Target


@dataclass(frozen=True, slots=True)
class Part:
    """A result, and the file it is from."""

    path: Path
    result: Result


def joined_run(target: Target, parts: Sequence[tuple[Part, TargetRun | None]], cases: Sequence[Case]) -> TargetRun:
    """What all parts have of the target, in the order of the cases.

    What it is in one it must be in each; it ran only if it ran in each.
    """
    runs = [(part, run) for part, run in parts if run is not None]
    absent = [part for part, run in parts if run is None]
    proven = [(part, run) for part, run in runs if run.proof is not None]
    for part, run in proven[1:]:
        if run.proof != proven[0][1].proof:
            first = proven[0][0].path
            reason = f"it is not the same in {first} and {part.path}: {_differ(proven[0][1], run)}"
            return TargetRun(target, Outcome.ERROR, reason, proven[0][1].obtained, proven[0][1].proof)
    worst = max(((part, run) for part, run in runs), key=lambda each: _rank(each[1].outcome), default=None)
    outcome, reason = Outcome.RAN, ""
    if worst is not None and worst[1].outcome is not Outcome.RAN:
        everywhere = len({run.reason for _, run in runs}) == 1 and not absent
        outcome = worst[1].outcome
        reason = worst[1].reason if everywhere else f"in {worst[0].path}: {worst[1].reason}"
    elif absent:
        outcome, reason = Outcome.NOT_RUN, f"{absent[0].path} does not have it"
    source = proven[0][1] if proven else None
    cells = {cell.case.id: cell for _, run in runs for cell in run.cells}
    return TargetRun(
        target=target,
        outcome=outcome,
        reason=reason,
        obtained=source.obtained if source else None,
        proof=source.proof if source else None,
        cells=tuple(cells[case.id] for case in cases if case.id in cells) if source else (),
        unsupported={case: why for _, run in runs for case, why in run.unsupported.items()},
    )


def _rank(outcome: Outcome) -> int:
    return [Outcome.RAN, Outcome.NOT_RUN, Outcome.ERROR].index(outcome)


def _differ(one: TargetRun, other: TargetRun) -> str:
    assert one.proof is not None  # noqa: S101  (the caller chose those that have one)
    assert other.proof is not None  # noqa: S101
    if one.proof.version_line != other.proof.version_line:
        return f"{one.proof.version_line} there, {other.proof.version_line} here"
    return "its binary, its libraries or its default config are other ones; run the parts with the same images"
