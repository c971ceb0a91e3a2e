"""What a run has of a step, a cell and a target when they are done: plain data, without the files' content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from opensslrun.bench.base import Observation
from opensslrun.cases.model import Case, Step
from opensslrun.facts.model import Facts
from opensslrun.facts.wording import both_ends
from opensslrun.report.cells import ObservationResult, ObservedFile
from opensslrun.targets.model import Obtained, Proof, Target


class Outcome(StrEnum):
    """What became of a target in a run."""

    RAN = "ran"
    ERROR = "error"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class ObservedStep:
    """A step, what it did as a result shows it, how many seconds that took, and the facts drawn from it."""

    step: Step
    seen: ObservationResult
    duration_s: float
    facts: Facts


@dataclass(frozen=True, slots=True)
class ObservedCell:
    """A case's steps on one target; ``error`` says why they are not all there. ``cached``: in an earlier run.

    ``handed_over`` is the content of those files that the case hands over and that are there in the end.
    """

    case: Case
    steps: tuple[ObservedStep, ...]
    error: str | None
    duration_s: float
    cached: bool = False
    handed_over: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TargetRun:
    """Everything a run has of one target. ``cells`` holds only cells that were begun.

    ``unsupported`` says of each case that this target cannot run why not. ``proof_cached``: nothing was started,
    since every cell was there and the image is the one that proved itself in an earlier run.
    """

    target: Target
    outcome: Outcome
    reason: str = ""
    obtained: Obtained | None = None
    proof: Proof | None = None
    cells: tuple[ObservedCell, ...] = ()
    unsupported: Mapping[str, str] = field(default_factory=dict)
    proof_cached: bool = False


def as_shown(observation: Observation) -> ObservationResult:
    """An observation as a result shows it: streams as text, files without their content, of both not too much."""
    outcome = observation.outcome
    return ObservationResult(
        ending=outcome.ending,
        status=outcome.status,
        prompts=list(outcome.prompts),
        unanswered=outcome.unanswered,
        stdout=both_ends(outcome.stdout),
        stderr=both_ends(outcome.stderr),
        files=[_file(name, file.kind, file.mode, file.size) for name, file in sorted(observation.files.items())],
    )


@lru_cache(4096)
def _file(name: str, kind: str, mode: int | None, size: int) -> ObservedFile:
    """Remembered: most files are the same after most steps, on most targets."""
    return ObservedFile(name=name, kind=kind, mode=None if mode is None else f"{mode:04o}", size=size)
