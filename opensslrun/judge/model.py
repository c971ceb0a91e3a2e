"""What the judge is given and what it says: plain data, no Docker, no processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from opensslrun.cases.model import Promise
from opensslrun.driver.version import Version
from opensslrun.facts.model import FactValue
from opensslrun.judge.match import Seen
from opensslrun.judge.schema import Difference


class Verdict(StrEnum):
    """Of a cell, worst first; the last two when it did not run."""

    ERROR = "error"
    HUNG = "hung"
    FAIL = "fail"
    NEW = "new"
    KNOWN = "known"
    PASS = "pass"  # noqa: S105  (a verdict, not a secret)
    UNSUPPORTED = "unsupported"
    NOT_RUN = "not-run"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]

    @property
    def is_found(self) -> bool:
        """Whether it makes a run fail."""
        return self in _FOUND


_FOUND = frozenset({Verdict.ERROR, Verdict.HUNG, Verdict.FAIL, Verdict.NEW})
_RANKS = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """A step to be judged: which one, and the gating facts it yielded."""

    id: str
    run: str
    promises: tuple[Promise, ...]
    facts: Mapping[str, FactValue]


@dataclass(frozen=True, slots=True)
class Producer:
    """The target that made what a consumer reads."""

    target: str
    version: Version
    platform: str


@dataclass(frozen=True, slots=True)
class JudgedCell:
    """A cell to be judged: one case on one target whose version is proven.

    With a ``producer`` it is a pair: the target is the consumer, the steps are what it does with the files that the
    producer made.
    """

    target: str
    version: Version
    platform: str
    case: str
    steps: tuple[JudgedStep, ...]
    error: str | None = None
    """Why the cell could not be observed to its end, if it could not."""
    producer: Producer | None = None

    @property
    def made_by(self) -> tuple[Version, str] | None:
        """Of a pair: version and platform of the producer."""
        return (self.producer.version, self.producer.platform) if self.producer is not None else None

    @property
    def where(self) -> str:
        """For people: ``on libressl-3.0.2``, ``on libressl-3.0.2 with the files of debian-13``."""
        return f"on {self.target}" + (f" with the files of {self.producer.target}" if self.producer else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was made of one gating fact.

    ``predicted`` is the value it should have had (ABSENT when nothing predicts it); ``by`` says who predicted
    it: a difference's id, ``record``, or an empty string. ``promise`` is the broken promise's sentence.
    """

    step: str
    fact: str
    verdict: Verdict
    seen: Seen
    predicted: Seen
    by: str
    promise: str = ""
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class StepJudgement:
    """What was made of one step, and what that amounts to.

    Steps that showed the very same, and of which the very same was predicted, may share one, whoever showed it: all
    that is counted or looked up is so once for each of these and not once for each target.
    """

    step: str
    findings: tuple[Finding, ...]
    verdict: Verdict | None
    """The worst of the findings; None without any."""
    compared: int
    """Facts held against a prediction."""
    shown: int
    """Facts that were there."""
    known: frozenset[str]
    """The ids of the catalogue's entries that explain something of it."""
    wrong: tuple[tuple[Finding, bool], ...]
    """Findings that show an entry to be wrong; true where they are as recorded, and so no difference at all."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A cell's verdict, in words, and everything it rests on. ``compared`` counts facts held against a prediction."""

    target: str
    case: str
    verdict: Verdict
    reason: str
    steps: tuple[StepJudgement, ...]
    compared: int
    disproved: tuple[tuple[str, str], ...] = ()
    """Catalogue entries that this cell shows to be wrong: id and sentence."""
    producer: str | None = None
    """Of a pair: the target whose files were read."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all steps."""
        return tuple(finding for step in self.steps for finding in step.findings)

    @property
    def who(self) -> str:
        """For people: ``libressl-3.0.2``, ``libressl-3.0.2 with the files of debian-13``."""
        return self.target + (f" with the files of {self.producer}" if self.producer else "")


Record = Mapping[str, Mapping[str, FactValue]]
"""A case's recorded values: by step, then by fact."""
