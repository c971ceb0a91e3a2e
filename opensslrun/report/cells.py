"""Cells and pairs in a result: what each step did, what was seen in it, and what of that is not as recorded."""

from __future__ import annotations

from pydantic import Field

from opensslrun.facts.model import FactValue
from opensslrun.report.part import Part


class ObservedFile(Part):
    """A file that a step made or changed."""

    name: str
    kind: str
    mode: str | None
    size: int


class ObservationResult(Part):
    """What a step did, raw. Streams are decoded as UTF-8 with undecodable bytes escaped."""

    ending: str
    status: int
    prompts: list[str]
    unanswered: str
    stdout: str
    stderr: str
    files: list[ObservedFile]


class FindingResult(Part):
    """A fact that is not simply as recorded."""

    fact: str
    verdict: str
    value: FactValue
    predicted: FactValue
    by: str = Field(description="The difference's id, 'record', or empty when nothing predicts it.")
    promise: str = ""


class StepResult(Part):
    """One step of a cell. ``observation`` is a key of the result's ``observations``."""

    id: str
    run: str
    observation: str
    duration_s: float
    facts: dict[str, FactValue]
    wording: dict[str, FactValue] = Field(description="Facts that are recorded and do not gate.")
    findings: list[FindingResult] = Field(default_factory=list)


class CellResult(Part):
    """One case on one target."""

    target: str
    case: str
    verdict: str
    reason: str
    cached: bool = Field(default=False, description="True when it was observed in an earlier run.")
    duration_s: float = Field(default=0.0, description="Seconds that observing it took, in whichever run.")
    steps: list[StepResult] = Field(default_factory=list)


class PairResult(Part):
    """What one target made in a case (the producer), read by another (the consumer)."""

    case: str
    producer: str
    consumer: str
    verdict: str
    reason: str
    cached: bool = False
    duration_s: float = 0.0
    steps: list[StepResult] = Field(default_factory=list)
