"""From a result back to what was observed, so that it can be judged again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opensslrun.cases.model import Case, Step
from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import UsageError
from opensslrun.facts.model import as_facts
from opensslrun.judge.model import Verdict
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, Outcome, TargetRun
from opensslrun.pipeline.pairs import Pair
from opensslrun.report import model as m
from opensslrun.targets.model import Obtained, Proof, Target


def target_run(result: m.Result, target: Target, cases: Sequence[Case]) -> TargetRun | None:
    """What a result has of a target; None when it has nothing, not even that it did not run."""
    said = next((each for each in result.targets if each.id == target.id), None)
    if said is None:
        return None
    by_id = {case.id: case for case in cases}
    cells = [cell for cell in result.cells if cell.target == target.id]
    return TargetRun(
        target=target,
        outcome=Outcome(said.outcome),
        reason=said.reason,
        obtained=_obtained(said, target),
        proof=_proof(said),
        cells=tuple(
            _cell(cell, _known(by_id, cell.case), by_id[cell.case].steps, result) for cell in cells if cell.steps
        ),
        unsupported={cell.case: cell.reason for cell in cells if cell.verdict == Verdict.UNSUPPORTED},
    )


def pairs_of(result: m.Result, cases: Sequence[Case]) -> list[Pair]:
    """The pairs of a result, in its order."""
    by_id = {case.id: case for case in cases}
    return [_pair(pair, _known(by_id, pair.case), result) for pair in result.pairs]


def _known(cases: Mapping[str, Case], name: str) -> Case:
    if name not in cases:
        raise UsageError(f"a result has the case {name!r}, which is not among the cases that were selected")
    return cases[name]


def _pair(pair: m.PairResult, case: Case, result: m.Result) -> Pair:
    if not pair.steps:
        return Pair(case, pair.producer, pair.consumer, None, Verdict(pair.verdict), pair.reason)
    return Pair(case, pair.producer, pair.consumer, _cell(pair, case, case.reads, result))


def _cell(cell: m.CellResult | m.PairResult, case: Case, steps: Sequence[Step], result: m.Result) -> ObservedCell:
    """What broke it off is the reason of one that has not all its steps; the judge finds every other reason itself."""
    cut = cell.verdict == Verdict.ERROR and len(cell.steps) < len(steps)
    return ObservedCell(
        case=case,
        steps=tuple(_step(said, step, result) for said, step in zip(cell.steps, steps, strict=False)),
        error=cell.reason if cut else None,
        duration_s=cell.duration_s,
        cached=cell.cached,
    )


def _step(said: m.StepResult, step: Step, result: m.Result) -> ObservedStep:
    if said.id != step.id or said.run != step.run:
        raise UsageError(f"a result has a step {said.run!r} where its case has {step.run!r}")
    if said.observation not in result.observations:
        raise UsageError(f"a result has no observation {said.observation!r} of its step {said.run!r}")
    facts = as_facts(said.facts, said.wording)
    return ObservedStep(step, result.observations[said.observation], said.duration_s, facts)


def _obtained(said: m.TargetResult, target: Target) -> Obtained | None:
    if said.origin is None:
        return None
    image = said.image
    return Obtained(
        target, image.id if image else None, None, said.origin, image.digest if image else None, said.system
    )


def _proof(said: m.TargetResult) -> Proof | None:
    print_ = said.fingerprint
    if print_ is None or said.version_line is None or said.implementation is None or said.version is None:
        return None
    return Proof(
        version_line=said.version_line,
        version=Version.parse(Implementation(said.implementation), said.version),
        binary_sha256=print_.binary_sha256,
        libraries=tuple(sorted(print_.libraries.items())),
        config_sha256=print_.config_sha256,
    )
