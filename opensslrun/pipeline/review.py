"""From what nothing predicts to what a person could accept: recorded values, and drafts for the catalogue.

A recorded value is the one that the newest OpenSSL of the run shows; whatever another version shows instead is a
difference, and only a person can say why it is there. So this proposes, and never decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opensslrun.cases.model import Case
from opensslrun.cases.said import pattern_of
from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.match import ABSENT, Seen, alike, matches
from opensslrun.judge.model import Verdict
from opensslrun.judge.record import RecordFile
from opensslrun.pipeline.result import cases_sha256
from opensslrun.report.model import CellResult, FindingResult, Result, StepResult


@dataclass(frozen=True, slots=True)
class Surprise:
    """A fact that something unpredicted was seen of: what each target that ran the case shows.

    ``reference`` is the target whose value would be recorded. ``refusal`` says why it must not be, if so.
    """

    case: str
    step: str
    run: str
    fact: str
    values: Mapping[str, FactValue]
    recorded: FactValue | None
    is_recorded: bool
    reference: str
    refusal: str = ""
    explained: frozenset[str] = frozenset()
    """Targets whose value the catalogue predicts already."""

    @property
    def is_to_record(self) -> bool:
        """Whether recording would change anything, and may."""
        already = self.is_recorded and matches(self.recorded, seen_value(self.proposal))
        return not already and not self.refusal

    @property
    def proposal(self) -> FactValue:
        """The value that would be recorded."""
        return self.values[self.reference]

    @property
    def others(self) -> dict[str, FactValue]:
        """What other targets show instead, and nobody has explained yet."""
        said = self.recorded if self.is_recorded and not self.is_to_record else self.proposal
        return {
            name: value
            for name, value in self.values.items()
            if name not in self.explained and not matches(said, seen_value(value))
        }


ABSENT_VALUE: FactValue = {"absent": True}


def seen_value(value: FactValue) -> Seen:
    """A value of a result as the judge sees it: what stands for a fact that is not there is no value."""
    return ABSENT if value == ABSENT_VALUE else value


def surprises(result: Result, records: Mapping[str, RecordFile]) -> tuple[Surprise, ...]:
    """Everything a result shows that nothing predicted, in the order of case, step and fact."""
    return tuple(_surprises(result, records))


def _surprises(result: Result, records: Mapping[str, RecordFile]) -> Iterator[Surprise]:
    versions = _versions(result)
    for case in result.cases:
        cells = [cell for cell in result.cells if cell.case == case.id and cell.steps and cell.verdict != Verdict.ERROR]
        if not cells:
            continue
        reference = max((cell.target for cell in cells), key=lambda name: _rank(versions.get(name)))
        for step, fact in _unpredicted(cells):
            steps = {cell.target: found for cell in cells for found in cell.steps if found.id == step}
            file = records.get(case.id)
            record = file.steps.get(step, {}) if file is not None else {}
            surprise = Surprise(
                case=case.id,
                step=step,
                run=next(iter(steps.values())).run,
                fact=fact,
                values={name: found.facts.get(fact, ABSENT_VALUE) for name, found in steps.items()},
                recorded=record.get(fact),
                is_recorded=fact in record,
                reference=reference,
                explained=frozenset(name for name, found in steps.items() if _is_explained(fact, found)),
            )
            yield replace(surprise, refusal=_refusal(surprise, steps[reference], file))


def _is_explained(fact: str, step: StepResult) -> bool:
    return any(finding.fact == fact and finding.verdict == Verdict.KNOWN for finding in step.findings)


def _refusal(surprise: Surprise, shown: StepResult, file: RecordFile | None) -> str:
    """Why the value of the reference must not be recorded, or nothing."""
    verdicts = {finding.fact: Verdict(finding.verdict) for finding in shown.findings}
    if shown.facts.get("ending") == "hung":
        return f"the step did not end on {surprise.reference}"
    if verdicts.get(surprise.fact) is Verdict.FAIL:
        return f"it breaks a promise of the case on {surprise.reference}; correct the case, or explain it"
    if surprise.is_recorded and pattern_of(surprise.recorded) is not None:
        return "its recorded value was bounded by hand; widen it by hand, or explain the difference"
    if surprise.is_recorded and file is not None and not set(file.seen_on) & surprise.values.keys():
        return f"the recorded value is of {', '.join(file.seen_on)}, which did not run; run that too"
    return ""


def check_same_cases(result: Result, cases: Sequence[Case], path: Path) -> None:
    """Refuse a result of other cases, or of cases that were changed since. Raises UsageError."""
    known = {case.id: case for case in cases}
    missing = [case.id for case in result.cases if case.id not in known]
    if missing:
        raise UsageError(
            f"{path} is a result of the case {missing[0]!r}, which is not here; give the --cases-dir of that run"
        )
    if cases_sha256([known[case.id] for case in result.cases]) != result.run.cases_sha256:
        raise UsageError(f"the cases of {path} were changed since; run them again, then review")


def not_reviewable(result: Result) -> tuple[str, ...]:
    """What fails in a result and is no surprising value, in a sentence each: accepting would not help."""
    broken = [cell for cell in result.cells if cell.verdict == Verdict.ERROR]
    sentences = [f"{cell.target}: {cell.case}: error: {cell.reason}" for cell in broken]
    return (*sentences, *(f"stale: {stale.reason}" for stale in result.catalogue.stale))


def _unpredicted(cells: Sequence[CellResult]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for cell in cells:
        for step in cell.steps:
            for finding in step.findings:
                if _is_unpredicted(finding):
                    found[step.id, finding.fact] = None
    return list(found)


def _is_unpredicted(finding: FindingResult) -> bool:
    return Verdict(finding.verdict).is_found


def _versions(result: Result) -> dict[str, Version]:
    return {
        target.id: Version.parse(Implementation(target.implementation), target.version)
        for target in result.targets
        if target.implementation and target.version
    }


def _rank(version: Version | None) -> tuple[bool, tuple[int, ...]]:
    """OpenSSL before LibreSSL, then the newer first."""
    if version is None:
        return False, ()
    return version.implementation is Implementation.OPENSSL, version.order.release


def unseen(surprise: Surprise, repeats: Sequence[Result]) -> tuple[str, ...]:
    """Targets that showed the fact and did not run again to the end, so that nothing can be said of them."""
    ran = [{target.id for target in repeat.targets if target.outcome == "ran"} for repeat in repeats]
    return tuple(name for name in surprise.values if not all(name in each for each in ran))


def steady(surprise: Surprise, repeats: Sequence[Result]) -> bool:
    """Whether every target showed in all repeated runs what it showed in the first."""
    return all(
        alike(_value(repeat, name, surprise.case, surprise.step, surprise.fact), value)
        for repeat in repeats
        for name, value in surprise.values.items()
    )


def _value(result: Result, target: str, case: str, step: str, fact: str) -> FactValue:
    for cell in result.cells:
        if (cell.target, cell.case) == (target, case):
            found = next((each for each in cell.steps if each.id == step), None)
            return found.facts.get(fact, ABSENT_VALUE) if isinstance(found, StepResult) else ABSENT_VALUE
    return ABSENT_VALUE
