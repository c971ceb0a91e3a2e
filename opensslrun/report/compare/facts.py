"""One cell in two runs: each fact's value and what was made of it, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from opensslrun.facts.model import FactValue
from opensslrun.judge.match import alike
from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m

ABSENT: Final[FactValue] = {"absent": True}
"""How a result writes the value of a fact that is not there."""


class Kind(StrEnum):
    """What a change is, worst first; the first three are regressions."""

    WORSE = "worse"
    GONE = "gone"
    SECURITY = "security"
    PREDICTED = "predicted"
    BETTER = "better"
    RUNS = "runs"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Kind).index(self)

    @property
    def is_worse(self) -> bool:
        """Whether it is a regression."""
        return self in {Kind.WORSE, Kind.GONE, Kind.SECURITY}


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact whose value, or whose verdict, is not what it was. ``by`` predicted the new value, if anything did."""

    step: str
    run: str
    fact: str
    kind: Kind
    before: FactValue
    after: FactValue
    was: Verdict
    now: Verdict
    by: str
    promise: str


def changes_between(
    before: Sequence[m.StepResult], after: Sequence[m.StepResult], severities: Mapping[str, Severity]
) -> tuple[FactChange, ...]:
    """What is not the same, in the order of the steps. ``severities`` are those of both runs' known differences."""
    earlier, later = {step.id: step for step in before}, {step.id: step for step in after}
    return tuple(
        change
        for name in dict.fromkeys([*earlier, *later])
        for change in _of_step(earlier.get(name), later.get(name), severities)
    )


def _of_step(
    before: m.StepResult | None, after: m.StepResult | None, severities: Mapping[str, Severity]
) -> Iterator[FactChange]:
    if before is None or after is None:
        yield from _of_missing_step(before, after)
        return
    findings_before, findings_after = _findings(before), _findings(after)
    for fact in dict.fromkeys([*before.facts, *after.facts, *findings_before, *findings_after]):
        was, now = findings_before.get(fact), findings_after.get(fact)
        values = (before.facts.get(fact, ABSENT), after.facts.get(fact, ABSENT))
        verdicts = (_verdict(was), _verdict(now))
        red = [_is_security(finding, severities) for finding in (was, now)]
        if alike(*values) and verdicts[0] is verdicts[1] and red[0] is red[1]:
            continue
        yield FactChange(
            step=after.id,
            run=after.run,
            fact=fact,
            kind=_kind(values, was, now, severities),
            before=values[0],
            after=values[1],
            was=verdicts[0],
            now=verdicts[1],
            by=now.by if now else "record",
            promise=now.promise if now else "",
        )


def _of_missing_step(before: m.StepResult | None, after: m.StepResult | None) -> Iterator[FactChange]:
    """A step that only one of the two came to: one change, and not one for each of its facts."""
    step = before or after
    if step is None:
        return
    there, gone = (Verdict.PASS, Verdict.NOT_RUN), (ABSENT, True)
    yield FactChange(
        step=step.id,
        run=step.run,
        fact="the step ran",
        kind=Kind.GONE if before else Kind.RUNS,
        before=gone[1] if before else gone[0],
        after=gone[0] if before else gone[1],
        was=there[0] if before else there[1],
        now=there[1] if before else there[0],
        by="",
        promise="",
    )


def _findings(step: m.StepResult) -> Mapping[str, m.FindingResult]:
    """The worst of each fact; a fact may break two promises."""
    found: dict[str, m.FindingResult] = {}
    for finding in sorted(step.findings, key=lambda each: -Verdict(each.verdict).rank):
        found[finding.fact] = finding
    return found


def _verdict(finding: m.FindingResult | None) -> Verdict:
    return Verdict(finding.verdict) if finding else Verdict.PASS


def _kind(
    values: tuple[FactValue, FactValue],
    was: m.FindingResult | None,
    now: m.FindingResult | None,
    severities: Mapping[str, Severity],
) -> Kind:
    """A value that was as wrong before is not worse now, whatever it is called."""
    before, after, same = _verdict(was), _verdict(now), alike(*values)
    if after.is_found:
        return Kind.WORSE if not same or after.rank < before.rank else Kind.BETTER
    known_before = same and (before.is_found or _is_security(was, severities))
    same_entry = was is not None and now is not None and was.by == now.by
    if _is_security(now, severities) and not known_before and not same_entry:
        return Kind.SECURITY
    return Kind.BETTER if before.is_found else Kind.PREDICTED


def _is_security(finding: m.FindingResult | None, severities: Mapping[str, Severity]) -> bool:
    return finding is not None and severities.get(finding.by) is Severity.SECURITY
