"""Which kinds of reader a run speaks for: by their own target, by a stand-in, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.run import Observed
from opensslrun.report import model as m
from opensslrun.targets.model import Target

_UNTRIED = {Verdict.UNSUPPORTED, Verdict.NOT_RUN}


def stand_ins_that_began(observed: Observed) -> dict[str, str]:
    """The id of each target that could not be had, to the id of the stand-in that ran for it, well or badly."""
    began = {run.target.id for run in observed.runs if run.outcome is not Outcome.NOT_RUN}
    return {name: by for name, by in observed.stand_ins.items() if by in began}


def reader_rows(
    asked: Sequence[Target],
    observed: Observed,
    cells: Sequence[m.CellResult],
    catalogue: Catalogue,
    pairs: Sequence[m.PairResult] = (),
) -> list[m.ReaderResult]:
    """A row for each kind of reader that was asked for, the guide's own rows first.

    A kind of reader is a target that stands for users of a system. A stand-in that nobody asked for has no row. A
    machine of theirs that was measured comes before any stand-in. What a reader gets from others counts, too, but for
    files that were not as predicted when they were made: those are the fault of who made them.
    """
    spoilt = {(cell.target, cell.case) for cell in cells if Verdict(cell.verdict).is_found}
    read = [pair for pair in pairs if (pair.producer, pair.case) not in spoilt]
    severities = {entry.id: entry.severity for entry in catalogue.entries}
    runs = {run.target.id: run for run in observed.runs}
    rows = [
        _row(runs[target.id], _instead(target, observed, runs), cells, read, severities)
        for target in asked
        if target.guide_row or target.reader.system
    ]
    return sorted(rows, key=lambda row: row.guide_row is None)


@dataclass(frozen=True, slots=True)
class _Instead:
    """What ran in place of a target: the readers' own binary on a machine of theirs, or a stand-in."""

    run: TargetRun
    measured: bool


def _instead(target: Target, observed: Observed, runs: Mapping[str, TargetRun]) -> _Instead | None:
    machine = runs.get(observed.machines.get(target.id, ""))
    if machine is not None and machine.outcome is not Outcome.NOT_RUN:
        return _Instead(machine, measured=True)
    stand_in = runs.get(observed.stand_ins.get(target.id, ""))
    return None if stand_in is None else _Instead(stand_in, measured=False)


def _row(
    own: TargetRun,
    instead: _Instead | None,
    cells: Sequence[m.CellResult],
    pairs: Sequence[m.PairResult],
    severities: Mapping[str, Severity],
) -> m.ReaderResult:
    target = own.target
    ran = own if own.outcome is not Outcome.NOT_RUN or instead is None else instead.run
    measured = ran is own or (instead is not None and instead.measured)
    if ran.outcome is Outcome.NOT_RUN:
        reason = own.reason if ran is own else f"{own.reason}; nor its stand-in {ran.target.id}: {ran.reason}"
        return m.ReaderResult(
            target=target.id, name=target.reader.name, guide_row=target.guide_row, quality="not-run", reason=reason
        )
    mine = [cell for cell in cells if cell.target == ran.target.id]
    read = [pair for pair in pairs if pair.consumer == ran.target.id]
    return m.ReaderResult(
        target=target.id,
        name=target.reader.name,
        guide_row=target.guide_row,
        quality="measured" if measured else "stand-in",
        by=ran.target.id,
        lacks=target.stand_in.lacks if not measured and target.stand_in else None,
        verdict=_verdict(ran, [*mine, *read]),
        differences=_differences([*mine, *read], severities),
        untried=sum(cell.verdict in _UNTRIED for cell in mine),
        reason="; ".join(dict.fromkeys(run.reason for run in (own, ran) if run.reason)),
    )


def _verdict(run: TargetRun, cells: Sequence[m.CellResult | m.PairResult]) -> Verdict | None:
    """The worst of the cells. A target that broke down in the end is not proven, though every cell looks fine."""
    if run.outcome is Outcome.ERROR:
        return Verdict.ERROR
    return min((Verdict(cell.verdict) for cell in cells), key=lambda verdict: verdict.rank, default=None)


def _differences(cells: Sequence[m.CellResult | m.PairResult], severities: Mapping[str, Severity]) -> dict[str, int]:
    findings = (finding for cell in cells for step in cell.steps for finding in step.findings)
    met = {finding.by for finding in findings if finding.verdict == Verdict.KNOWN and finding.by in severities}
    counts = Counter(severities[entry] for entry in met)
    return {severity.value: counts[severity] for severity in Severity if counts[severity]}
