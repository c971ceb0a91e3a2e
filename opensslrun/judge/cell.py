"""Judging one cell, alone: each gating fact against its prediction, and the promises of its case.

The verdict depends on nothing but the cell's facts, the case's promises and record, and the catalogue; which
other targets ran cannot change it.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opensslrun.cases.model import Promise
from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue, ContradictionError, Prediction, prediction_for
from opensslrun.judge.match import ABSENT, Seen, matches
from opensslrun.judge.model import Finding, JudgedCell, JudgedStep, Judgement, Record, Verdict

Judged = dict[tuple[str, str, bytes, tuple[tuple[str, int], ...]], tuple[tuple[Promise, ...], tuple[Finding, ...]]]
"""Steps that are judged already, by what was seen and what is said of it, with the promises they were held to."""


def judge_cell(
    cell: JudgedCell, record: Record | None, catalogue: Catalogue, judged: Judged | None = None
) -> Judgement:
    """The cell's verdict. A catalogue that contradicts itself about it is an error of the cell: no judge, no pass.

    ``judged`` is what cells judged by the same records and catalogue have in common; it only saves time.
    """
    judgement = _judge(cell, record, catalogue, {} if judged is None else judged)
    return judgement if cell.producer is None else replace(judgement, producer=cell.producer.target)


def _judge(cell: JudgedCell, record: Record | None, catalogue: Catalogue, judged: Judged) -> Judgement:
    try:
        findings = tuple(
            finding
            for step in cell.steps
            for finding in _step_findings(cell, step, (record or {}).get(step.id, {}), catalogue, judged)
        )
    except ContradictionError as error:
        return Judgement(cell.target, cell.case, Verdict.ERROR, str(error), (), 0)
    disproved = tuple(_disproved(cell, record or {}, findings))
    compared = sum(1 for finding in findings if finding.by)
    if cell.error is not None:
        return Judgement(cell.target, cell.case, Verdict.ERROR, cell.error, findings, compared, disproved)
    if not findings:
        return Judgement(cell.target, cell.case, Verdict.ERROR, "no fact was drawn from it", (), 0, disproved)
    verdict = min((finding.verdict for finding in findings), key=lambda verdict: verdict.rank)
    return Judgement(cell.target, cell.case, verdict, _reason(verdict, findings), findings, compared, disproved)


@dataclass(frozen=True, slots=True)
class _Expected:
    """What should have been seen of one fact, and who says so."""

    value: Seen
    by: str
    prediction: Prediction | None


def _step_findings(
    cell: JudgedCell, step: JudgedStep, record: Mapping[str, FactValue], catalogue: Catalogue, judged: Judged
) -> tuple[Finding, ...]:
    """The findings of a step; where another target showed the very same and the same is said of it, they are its."""
    said = catalogue.covering(cell, step)
    # Marshalled and not compared, because 1 equals True; version 2 writes equal values alike.
    seen = marshal.dumps(dict(sorted(step.facts.items())), 2)
    key = (cell.case, step.id, seen, tuple((each.difference.id, each.number) for each in said))
    promises, findings = judged.get(key, ((), ()))
    if key not in judged or promises is not step.promises:
        findings = tuple(_judge_step(cell, step, record, said))
        judged[key] = (step.promises, findings)
    return findings


def _judge_step(
    cell: JudgedCell, step: JudgedStep, record: Mapping[str, FactValue], said: Sequence[Prediction]
) -> Iterator[Finding]:
    promised = {promise.fact for promise in step.promises}
    where = f"{cell.case}, step {step.id}, {cell.where}"
    for fact in sorted({*step.facts, *record, *promised}):
        seen: Seen = step.facts.get(fact, ABSENT)
        expected = _expected(fact, said, record, where)
        broken = [promise for promise in step.promises if promise.fact == fact and not matches(promise.value, seen)]
        as_expected = expected.by != "" and _as_expected(expected, seen)
        yield Finding(
            step=step.id,
            fact=fact,
            verdict=_verdict(fact, seen, expected, as_expected=as_expected, broken=bool(broken)),
            seen=seen,
            predicted=expected.value,
            by=expected.by,
            promise=broken[0].sentence if broken else "",
            difference=expected.prediction.difference if expected.prediction else None,
        )


def _expected(fact: str, said: Sequence[Prediction], record: Mapping[str, FactValue], where: str) -> _Expected:
    prediction = prediction_for(fact, said, where)
    if prediction is not None:
        return _Expected(prediction.shown.value, prediction.difference.id, prediction)
    if fact in record:
        return _Expected(record[fact], "record", None)
    return _Expected(ABSENT, "", None)


def _as_expected(expected: _Expected, seen: Seen) -> bool:
    return expected.value is not ABSENT and matches(expected.value, seen)


def _verdict(fact: str, seen: Seen, expected: _Expected, *, as_expected: bool, broken: bool) -> Verdict:
    from_catalogue = expected.prediction is not None
    if as_expected and from_catalogue:
        return Verdict.KNOWN
    if fact == "ending" and seen == "hung":
        return Verdict.HUNG
    if broken:
        return Verdict.FAIL
    if seen is ABSENT and expected.by == "":
        # Only a promise speaks of it, and keeps its word: the fact is not there, and nothing is to be recorded.
        return Verdict.PASS
    return Verdict.PASS if as_expected else Verdict.NEW


def _disproved(cell: JudgedCell, record: Record, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Catalogue entries that this cell shows to be wrong: another value than predicted, or the recorded one."""
    for finding in findings:
        if finding.difference is None:
            continue
        if finding.verdict is not Verdict.KNOWN:
            yield (
                finding.by,
                f"{finding.by} predicts {show(finding.predicted)} for {finding.fact} of {cell.case}, step "
                f"{finding.step}, {cell.where}, which shows {show(finding.seen)}",
            )
        elif finding.fact in record.get(finding.step, {}) and matches(record[finding.step][finding.fact], finding.seen):
            yield (
                finding.by,
                f"{finding.by} predicts {show(finding.predicted)} for {finding.fact} of {cell.case}, step "
                f"{finding.step}, {cell.where}, which shows {show(finding.seen)} as recorded; it is no difference",
            )


def show(value: Seen) -> str:
    """A fact's value for people: one line, quotes only where they help, absent as nothing."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, str):
        return value if value and value.isprintable() and value == value.strip() else repr(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, list):
        return "[" + ", ".join(show(item) for item in value) + "]"
    if isinstance(value, dict):
        if set(value) == {"between"} and isinstance(value["between"], list):
            low, high = value["between"]
            return f"{show(low)} to {show(high)}"
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    return str(value)


def _reason(verdict: Verdict, findings: Sequence[Finding]) -> str:
    worst = [finding for finding in findings if finding.verdict is verdict]
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.KNOWN:
        return "known: " + ", ".join(sorted({finding.by for finding in worst}))
    first = worst[0]
    more = f", and {len(worst) - 1} more" if len(worst) > 1 else ""
    if verdict is Verdict.HUNG:
        return f"step {first.step} did not end{more}"
    if verdict is Verdict.FAIL:
        return f"step {first.step} breaks a promise: {first.promise} (seen: {show(first.seen)}){more}"
    predicted = f"predicted by {first.by}: {show(first.predicted)}" if first.by else "nothing is recorded for it"
    return f"step {first.step} shows {first.fact} = {show(first.seen)}; {predicted}{more}"
