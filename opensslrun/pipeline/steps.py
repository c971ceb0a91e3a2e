"""Observed steps to the judge, and judged steps into a result.

Most steps show what others showed: then their facts, what was made of them and what was printed are the same objects
in the whole result, and whoever reads or writes it may do so once for all of them.
"""

from __future__ import annotations

import hashlib

from opensslrun.facts.model import Facts, FactValue, Values, as_values
from opensslrun.judge.match import ABSENT, Seen
from opensslrun.judge.model import JudgedCell, JudgedStep, Judgement, Producer, StepJudgement, Verdict
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, TargetRun
from opensslrun.report import model as m


class Store:
    """What the steps of one result have in common, each once. An object is known again by its identity.

    What is given to it is kept, so that no identity is given to another object while this lasts.
    """

    def __init__(self) -> None:
        self.observations: dict[str, m.ObservationResult] = {}
        """What steps did, by a hash of its content."""
        self._keys: dict[int, tuple[str, m.ObservationResult]] = {}
        self._facts: dict[int, tuple[Values, Values, Facts]] = {}
        self._findings: dict[int, tuple[list[m.FindingResult], StepJudgement]] = {}

    def to_judge(self, run: TargetRun, case: str, cell: ObservedCell, producer: TargetRun | None = None) -> JudgedCell:
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
                [
                    JudgedStep(step.step.id, step.step.run, step.step.promises, self._split(step.facts)[0])
                    for step in cell.steps
                ]
            ),
            error=cell.error,
            producer=made,
        )

    def steps(self, cell: ObservedCell, judgement: Judgement) -> list[m.StepResult]:
        """A cell's steps, each with what is not simply as recorded in it."""
        judged = {step.step: step for step in judgement.steps}
        return [self._step(step, judged.get(step.step.id)) for step in cell.steps]

    def _step(self, step: ObservedStep, judged: StepJudgement | None) -> m.StepResult:
        """It is not validated: all of it is typed already, and for 80,000 facts that takes half a second."""
        gating, wording, _ = self._split(step.facts)
        return m.StepResult.model_construct(
            id=step.step.id,
            run=step.step.run,
            observation=self.key(step.seen),
            duration_s=round(step.duration_s, 4),
            facts=gating,
            wording=wording,
            findings=[] if judged is None else self._found(judged),
        )

    def key(self, seen: m.ObservationResult) -> str:
        """The key of an observation, which is put into the store unless it is there."""
        known = self._keys.get(id(seen))
        if known is None:
            key = hashlib.sha256(seen.model_dump_json().encode()).hexdigest()[:16]
            known = self._keys[id(seen)] = (key, seen)
            self.observations.setdefault(key, seen)
        return known[0]

    def _split(self, facts: Facts) -> tuple[Values, Values, Facts]:
        """The facts that gate, and those that are recorded only."""
        known = self._facts.get(id(facts))
        if known is None:
            known = self._facts[id(facts)] = (*as_values(facts), facts)
        return known

    def _found(self, judged: StepJudgement) -> list[m.FindingResult]:
        known = self._findings.get(id(judged))
        if known is None:
            found = [
                m.FindingResult(
                    fact=finding.fact,
                    verdict=finding.verdict,
                    value=_plain(finding.seen),
                    predicted=_plain(finding.predicted),
                    by=finding.by,
                    promise=finding.promise,
                )
                for finding in judged.findings
                if finding.verdict is not Verdict.PASS
            ]
            known = self._findings[id(judged)] = (found, judged)
        return known[0]


def _plain(value: Seen) -> FactValue:
    return {"absent": True} if value is ABSENT else value
