"""Which kinds of reader a run speaks for: by their own target, by a stand-in, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opensslrun.judge.model import Verdict
from opensslrun.pipeline.observe import Outcome, TargetRun
from opensslrun.pipeline.run import Observed
from opensslrun.report import model as m


def stand_ins_that_ran(observed: Observed) -> dict[str, str]:
    """The id of each target that could not be had, to the id of the stand-in that ran for it."""
    ran = {run.target.id for run in observed.runs if run.outcome is Outcome.RAN}
    return {name: by for name, by in observed.stand_ins.items() if by in ran}


def reader_rows(
    runs: Sequence[TargetRun], covered: Mapping[str, str], cells: Sequence[m.CellResult]
) -> list[m.ReaderResult]:
    """A row for each kind of reader (each target that stands for users of a system), the guide's own rows first."""
    rows = [
        _row(run, covered.get(run.target.id), cells) for run in runs if run.target.guide_row or run.target.reader.system
    ]
    return sorted(rows, key=lambda row: row.guide_row is None)


def _row(run: TargetRun, stand_in: str | None, cells: Sequence[m.CellResult]) -> m.ReaderResult:
    target = run.target
    by, quality = (stand_in, "stand-in") if stand_in else (target.id, "measured")
    if run.outcome is Outcome.NOT_RUN and stand_in is None:
        return m.ReaderResult(
            target=target.id, name=target.reader.name, guide_row=target.guide_row, quality="not-run", reason=run.reason
        )
    verdicts = [Verdict(cell.verdict) for cell in cells if cell.target == by]
    return m.ReaderResult(
        target=target.id,
        name=target.reader.name,
        guide_row=target.guide_row,
        quality=quality,
        by=by,
        lacks=target.stand_in.lacks if stand_in and target.stand_in else None,
        verdict=min(verdicts, key=lambda verdict: verdict.rank, default=None),
        reason=run.reason,
    )
