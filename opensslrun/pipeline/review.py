"""From what nothing predicts to what a person could accept: recorded values, and drafts for the catalogue.

A recorded value is the one that the newest OpenSSL of the run shows; whatever another version shows instead is a
difference, and only a person can say why it is there. So this proposes, and never decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from opensslrun.pipeline.shown import (
    Shown,
    observed,
    pair_name,
    pairs_shown_in,
    shown_in,
    targets_of,
)
from opensslrun.report.model import FindingResult, Result, StepResult


@dataclass(frozen=True, slots=True)
class Surprise:
    """A fact that something unpredicted was seen of: what each target that ran the case shows.

    Of what a consumer does with a producer's files, ``values`` are by the names of pairs. ``reference`` is the target
    or pair whose value would be recorded. ``refusal`` says why it must not be, if so.
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
    def is_of_pairs(self) -> bool:
        """Whether it is of what consumers do with files of producers."""
        return len(targets_of(self.reference)) > 1

    @property
    def targets(self) -> frozenset[str]:
        """All targets that have a part in it."""
        return frozenset(target for name in self.values for target in targets_of(name))

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
    cells, pairs = shown_in(result), pairs_shown_in(result)
    for case in result.cases:
        for shown in (cells.get(case.id, {}), pairs.get(case.id, {})):
            yield from _surprises_of(case.id, observed(shown), records.get(case.id), versions)


def _surprises_of(
    case: str, shown: Mapping[str, Shown], file: RecordFile | None, versions: Mapping[str, Version]
) -> Iterator[Surprise]:
    if shown:
        reference = max(shown, key=lambda name: [_rank(versions.get(target)) for target in targets_of(name)])
        for step, fact in _unpredicted(shown.values()):
            steps = {name: found for name, each in shown.items() for found in each.steps if found.id == step}
            record = file.steps.get(step, {}) if file is not None else {}
            surprise = Surprise(
                case=case,
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
    if surprise.is_recorded and file is not None and not set(file.seen_on) & surprise.targets:
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
    pairs = [pair for pair in result.pairs if pair.verdict == Verdict.ERROR]
    sentences += [f"{pair_name(pair.producer, pair.consumer)}: {pair.case}: error: {pair.reason}" for pair in pairs]
    return (*sentences, *(f"stale: {stale.reason}" for stale in result.catalogue.stale))


def _unpredicted(cells: Iterable[Shown]) -> list[tuple[str, str]]:
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
    return tuple(sorted(name for name in surprise.targets if not all(name in each for each in ran)))


def steady(surprise: Surprise, repeats: Sequence[Mapping[tuple[str, str], Shown]]) -> bool:
    """Whether everybody showed in all repeated runs (by :func:`everything_shown`) what was shown in the first."""
    return all(
        alike(_value(repeat.get((surprise.case, name)), surprise.step, surprise.fact), value)
        for repeat in repeats
        for name, value in surprise.values.items()
    )


def _value(shown: Shown | None, step: str, fact: str) -> FactValue:
    found = next((each for each in shown.steps if each.id == step), None) if shown is not None else None
    return found.facts.get(fact, ABSENT_VALUE) if found is not None else ABSENT_VALUE
