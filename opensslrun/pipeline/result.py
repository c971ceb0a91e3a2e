"""From what a run saw to its result: judge every cell, and put everything a report needs into one model."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import opensslrun
from opensslrun.cases.model import Case
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.model import Judgement, Verdict
from opensslrun.judge.run import CatalogueState, catalogue_state, differences, judge_cells, known_in
from opensslrun.pipeline.observed import ObservedCell, Outcome, TargetRun
from opensslrun.pipeline.pairresult import judged_pairs, pair_counts
from opensslrun.pipeline.plan import Plan, how_chosen
from opensslrun.pipeline.readers import reader_rows, stand_ins_that_began
from opensslrun.pipeline.run import Observed
from opensslrun.pipeline.steps import Store
from opensslrun.report import model as m
from opensslrun.targets.model import Need


@dataclass(frozen=True, slots=True)
class Clock:
    """When a run began, and how long it took."""

    started: datetime
    duration_s: float


def make_result(plan: Plan, observed: Observed, clock: Clock) -> m.Result:
    """Judge every cell and assemble the result."""
    store = Store()
    ran = [run for run in observed.runs if run.proof is not None]
    judged = [store.to_judge(run, cell.case.id, cell) for run in ran for cell in run.cells]
    judgements = judge_cells(judged, plan.records, plan.catalogue, observed.judged)
    by_cell = {(judgement.target, judgement.case): judgement for judgement in judgements}
    seen = {(run.target.id, cell.case.id): cell for run in observed.runs for cell in run.cells}
    cells = [
        _cell(run, case, seen.get((run.target.id, case.id)), by_cell.get((run.target.id, case.id)), store)
        for run in observed.runs
        for case in plan.cases
    ]
    read = judged_pairs(observed, plan.records, plan.catalogue, store)
    pairs = read.results()
    everything = (*judgements, *read.judgements)
    state = catalogue_state((*judged, *read.cells), everything, plan.catalogue, whole=_is_whole(plan, observed))
    return m.Result(
        run=_run(plan, observed, clock),
        summary=_summary(cells, pairs, everything),
        targets=[_target(run, plan, observed) for run in observed.runs],
        readers=reader_rows(plan.targets, observed, cells, plan.catalogue, pairs),
        cases=[_case(case) for case in plan.cases],
        cells=cells,
        pairs=pairs,
        observations=store.observations,
        differences=[
            m.DifferenceResult(
                case=view.case,
                step=view.step,
                fact=view.fact,
                groups=[m.Group(value=value, targets=list(targets)) for value, targets in view.groups],
                known=view.known,
            )
            for view in differences(judgements)
        ],
        pair_differences=read.differences(),
        catalogue=_catalogue(state),
        known_differences=_known(plan.catalogue, everything),
    )


def _case(case: Case) -> m.CaseResult:
    here, source = Path.cwd(), case.source.resolve()
    file = source.relative_to(here).as_posix() if source.is_relative_to(here) else None
    lines = [step.line for step in case.steps]
    return m.CaseResult(id=case.id, title=case.title, sha256=case.sha256, file=file, lines=lines)


def _is_whole(plan: Plan, observed: Observed) -> bool:
    """Whether every case ran on every target that matters, so that what did not turn up is nowhere."""
    options = plan.options
    selected = bool(options.targets or options.cases or options.readers or options.shard)
    ran = {run.target.id for run in observed.runs if run.outcome is Outcome.RAN}
    covered = ran | {name for name, by in observed.stand_ins.items() if by in ran}
    required = {target.id for target in plan.targets if target.need is Need.REQUIRED}
    return required <= covered and not selected and not observed.interrupted


def _cell(
    run: TargetRun, case: Case, seen: ObservedCell | None, judgement: Judgement | None, store: Store
) -> m.CellResult:
    if case.id in run.unsupported:
        reason = run.unsupported[case.id]
        return m.CellResult(target=run.target.id, case=case.id, verdict=Verdict.UNSUPPORTED, reason=reason)
    if seen is None or judgement is None:
        # A target that failed its proof fails in every cell; one that broke down later leaves the rest not run.
        broke_down = run.outcome is Outcome.ERROR and bool(run.cells)
        failed = run.outcome is Outcome.ERROR and not broke_down
        verdict = Verdict.ERROR if failed else Verdict.NOT_RUN
        return m.CellResult(target=run.target.id, case=case.id, verdict=verdict, reason=run.reason)
    return m.CellResult(
        target=run.target.id,
        case=case.id,
        verdict=judgement.verdict,
        reason=judgement.reason,
        cached=seen.cached,
        duration_s=round(seen.duration_s, 4),
        steps=store.steps(seen, judgement),
    )


def _run(plan: Plan, observed: Observed, clock: Clock) -> m.Run:
    return m.Run(
        tool_version=opensslrun.__version__,
        code_sha256=code_sha256(),
        cases_sha256=cases_sha256(plan.selected),
        selection=m.Selection(
            targets=list(plan.options.targets), cases=list(plan.options.cases), readers=plan.options.readers
        ),
        shard=str(plan.options.shard) if plan.options.shard else None,
        started=clock.started.astimezone(UTC).isoformat(timespec="seconds"),
        duration_s=round(clock.duration_s, 3),
        complete=not observed.interrupted,
    )


@cache
def code_sha256() -> str:
    """Over the sources of the package, by path and content, so that results of different code can be told apart."""
    root = Path(opensslrun.__file__).parent
    return _digest((path.relative_to(root).as_posix(), path.read_bytes()) for path in sorted(root.rglob("*.py")))


def cases_sha256(cases: Iterable[Case]) -> str:
    """Over the cases by id and content."""
    return _digest((case.id, case.sha256.encode()) for case in cases)


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(json.dumps([name, len(content)]).encode())
        digest.update(content)
    return digest.hexdigest()


def _summary(
    cells: Sequence[m.CellResult], pairs: Sequence[m.PairResult], judgements: Sequence[Judgement]
) -> m.Summary:
    count: Mapping[str, int] = Counter(cell.verdict for cell in cells)
    facts = sum(step.shown for each in judgements for step in each.steps)
    compared = sum(judgement.compared for judgement in judgements)
    return m.Summary.model_validate(
        {
            "cells": len(cells),
            "pairs": len(pairs),
            "cached": sum(cell.cached for cell in cells),
            "facts": facts,
            "comparisons": compared,
            "pair_verdicts": pair_counts(pairs),
            **{verdict.value: count.get(verdict, 0) for verdict in Verdict},
        }
    )


def _target(run: TargetRun, plan: Plan, observed: Observed) -> m.TargetResult:
    target, proof, obtained = run.target, run.proof, run.obtained
    stand_in = observed.stand_ins.get(target.id)
    implementation = proof.version.implementation if proof else target.implementation
    return m.TargetResult(
        id=target.id,
        implementation=implementation.value if implementation else None,
        version=proof.version.number + proof.version.suffix if proof else None,
        platform=target.platform,
        system=obtained.system if obtained else None,
        reader=target.reader.name,
        need=target.need,
        version_line=proof.version_line if proof else None,
        fingerprint=m.Fingerprint(
            binary_sha256=proof.binary_sha256, libraries=dict(proof.libraries), config_sha256=proof.config_sha256
        )
        if proof
        else None,
        image=m.Image(id=obtained.image_id, digest=obtained.digest) if obtained and obtained.image_id else None,
        origin=obtained.origin if obtained else None,
        chosen=how_chosen(plan, target),
        stand_in_for=[name for name, by in stand_ins_that_began(observed).items() if by == target.id],
        stand_in=stand_in,
        lacks=target.stand_in.lacks if stand_in and target.stand_in else None,
        guide_row=target.guide_row,
        released=target.released.isoformat() if target.released else None,
        end_of_life=target.end_of_life.isoformat() if target.end_of_life else None,
        lts=target.lts,
        outcome=run.outcome,
        proof_cached=run.proof_cached,
        reason=run.reason,
    )


def _catalogue(state: CatalogueState) -> m.CatalogueResult:
    return m.CatalogueResult(
        proven=list(state.proven),
        unproven=list(state.unproven),
        stale=[m.Stale(id=entry, reason=reason) for entry, reason in state.stale.items()],
    )


def _known(catalogue: Catalogue, judgements: Sequence[Judgement]) -> list[m.KnownDifference]:
    """The catalogue's entries that the run shows to be true somewhere; where one is wrong, it is among the stale."""
    used = known_in(judgements)
    return [
        m.KnownDifference(
            id=entry.id,
            title=entry.title,
            severity=entry.severity,
            why=entry.why,
            advice=entry.advice,
            link=entry.link,
            since=entry.since,
        )
        for entry in catalogue.entries
        if entry.id in used
    ]
