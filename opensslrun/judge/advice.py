"""Whether an advice keeps its word: on the step that runs it, what it claims to be the same everywhere is the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from opensslrun.cases.model import Case
from opensslrun.errors import UsageError
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.model import Finding, Judgement, StepJudgement, Verdict
from opensslrun.judge.schema import Difference, TestedBy, matches_fact


def check_tests(catalogue: Catalogue, cases: Iterable[Case]) -> None:
    """Raises UsageError for an advice that is said to be tested by a case or a step that is not there."""
    steps = {case.id: {step.id for step in case.all_steps} for case in cases}
    for entry in catalogue.entries:
        for test in entry.tests:
            if test.step not in steps.get(test.case, set()):
                what = f"the step {test.step!r} of the case" if test.case in steps else "the case"
                raise UsageError(
                    f"the advice of {entry.id} is said to be tested by {what} {test.case!r}, which is not there; "
                    "correct its tested_by"
                )


def broken_advice(judgements: Sequence[Judgement], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Id and sentence of each entry whose advice a run shows not to give the same everywhere.

    What is so on a platform whatever is written there (line ends and file modes on Windows) has an entry of its own,
    and is no fault of an advice about something else.
    """
    by_case: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        by_case.setdefault(judgement.case, []).append(judgement)
    for entry in catalogue.entries:
        for test in entry.tests:
            sentence = next(_faults(entry, test, by_case.get(test.case, [])), None)
            if sentence is not None:
                yield entry.id, sentence


def _faults(entry: Difference, test: TestedBy, judgements: Sequence[Judgement]) -> Iterator[str]:
    """``judgements`` are those of the test's case."""
    where = f"{test.case}, step {test.step}"
    ran: dict[int, tuple[Judgement, StepJudgement]] = {}
    for judgement in judgements:
        for step in judgement.steps:
            if step.step == test.step and step.findings:
                ran.setdefault(id(step), (judgement, step))
    claimed = {finding.fact for _, step in ran.values() for finding in step.findings if test.claims(finding.fact)}
    for judgement, step in ran.values():
        for finding in step.findings:
            if finding.fact in claimed and _differs(entry, finding):
                yield (
                    f"the advice of {entry.id} is said to give the same everywhere by {where}, but {finding.by} knows "
                    f"{finding.fact} to differ there on {judgement.who}"
                )
    for glob in test.facts if ran else ():
        if not any(matches_fact(fact, glob) for fact in claimed):
            yield f"the advice of {entry.id} is said to be tested by the fact {glob} of {where}, which never turned up"


def _differs(entry: Difference, finding: Finding) -> bool:
    if finding.verdict is not Verdict.KNOWN or finding.difference is None:
        return False
    return finding.difference.id == entry.id or not finding.difference.is_of_platform
