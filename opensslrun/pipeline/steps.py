"""Observed steps to the judge, and judged steps into a result."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from opensslrun.facts.model import FactValue
from opensslrun.judge.match import ABSENT, Seen
from opensslrun.judge.model import Finding, JudgedCell, JudgedStep, Producer, Verdict
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, TargetRun
from opensslrun.report import model as m


def to_judge(run: TargetRun, case: str, cell: ObservedCell, producer: TargetRun | None = None) -> JudgedCell:
    """What the judge is given of a cell; with a producer, of a pair."""
    assert run.proof is not None  # noqa: S101  (cells exist only where a proof does)
    made = None
    if producer is not None:
        assert producer.proof is not None  # noqa: S101  (nothing is handed over without one)
        made = Producer(producer.target.id, producer.proof.version, producer.target.platform)
    return JudgedCell(
        target=run.target.id,
        version=run.proof.version,
        platform=run.target.platform,
        case=case,
        steps=tuple(
            JudgedStep(
                step.step.id,
                step.step.run,
                step.step.promises,
                {fact.name: fact.value for fact in step.facts.values() if fact.gates},
            )
            for step in cell.steps
        ),
        error=cell.error,
        producer=made,
    )


class Store:
    """What steps did, equal observations once, by a hash of their content."""

    def __init__(self) -> None:
        self.observations: dict[str, m.ObservationResult] = {}
        self._keys: dict[int, str] = {}

    def key(self, seen: m.ObservationResult) -> str:
        """The key of an observation. It must outlive this store, for an object is known again by its identity."""
        key = self._keys.get(id(seen))
        if key is None:
            key = self._keys[id(seen)] = hashlib.sha256(seen.model_dump_json().encode()).hexdigest()[:16]
            self.observations.setdefault(key, seen)
        return key


def step_result(step: ObservedStep, findings: Sequence[Finding], store: Store) -> m.StepResult:
    """One step, its observation put into the store unless it is there already.

    It is not validated: all of it is typed already, and for 80,000 facts that takes half a second.
    """
    return m.StepResult.model_construct(
        id=step.step.id,
        run=step.step.run,
        observation=store.key(step.seen),
        duration_s=round(step.duration_s, 4),
        facts={fact.name: fact.value for fact in step.facts.values() if fact.gates},
        wording={fact.name: fact.value for fact in step.facts.values() if not fact.gates},
        findings=[
            m.FindingResult(
                fact=finding.fact,
                verdict=finding.verdict,
                value=_plain(finding.seen),
                predicted=_plain(finding.predicted),
                by=finding.by,
                promise=finding.promise,
            )
            for finding in findings
            if finding.step == step.step.id and finding.verdict is not Verdict.PASS
        ],
    )


def _plain(value: Seen) -> FactValue:
    return {"absent": True} if value is ABSENT else value
