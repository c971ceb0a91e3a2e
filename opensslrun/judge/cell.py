"""Judging one cell, alone: each gating fact against its prediction, and the promises of its case.

The verdict depends on nothing but the cell's facts, the case's promises and record, and the catalogue; which
other targets ran cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.facts.model import FactValue, exact_key
from opensslrun.judge.catalogue import Catalogue, ContradictionError, Prediction, prediction_for
from opensslrun.judge.match import ABSENT, Seen, matches
from opensslrun.judge.model import Finding, JudgedCell, JudgedStep, Judgement, Record, StepJudgement, Verdict


class Judged:
    """Steps that are judged already, by what was seen and what is said of it. It only saves time.

    For cells that are judged by the same records and catalogue, from whatever thread.
    """

    def __init__(self) -> None:
        self._alike: dict[tuple[str, str, bytes, tuple[tuple[str, int], ...]], tuple[object, StepJudgement]] = {}

    def of(
        self, cell: JudgedCell, step: JudgedStep, record: Mapping[str, FactValue], catalogue: Catalogue
    ) -> StepJudgement:
        """The judgement of a step; where another target showed the very same and the same is said of it, that one's.

        Raises ContradictionError.
        """
        return self.by(cell, step, record, catalogue.covering(cell, step))

    def by(
        self, cell: JudgedCell, step: JudgedStep, record: Mapping[str, FactValue], said: Sequence[Prediction]
    ) -> StepJudgement:
        """The same by all that the catalogue says of the step."""
        seen = exact_key(dict(sorted(step.facts.items())))
        key = (cell.case, step.id, seen, tuple([(each.difference.id, each.number) for each in said]))
        promises, judgement = self._alike.get(key, (None, None))
        if judgement is None or promises is not step.promises:
            judgement = _judge_step(cell, step, record, said)
            self._alike[key] = (step.promises, judgement)
        return judgement


class Recognised:
    """The same for cells of which many hold the same objects: an object is known again by its identity, and kept."""

    def __init__(self, judged: Judged | None = None) -> None:
        """``judged`` is what is judged already, and is added to."""
        self._judged = Judged() if judged is None else judged
        self._same: dict[tuple[str, str, int, int, int], tuple[StepJudgement, object]] = {}

    def of(
        self, cell: JudgedCell, step: JudgedStep, record: Mapping[str, FactValue], catalogue: Catalogue
    ) -> StepJudgement:
        """As :meth:`Judged.of`."""
        said = catalogue.covering(cell, step)
        # What an id is of is kept, so that it stays that one's.
        rests_on = (step.facts, said, step.promises)
        same = (cell.case, step.id, id(step.facts), id(said), id(step.promises))
        found = self._same.get(same)
        if found is None:
            found = self._same[same] = (self._judged.by(cell, step, record, said), rests_on)
        return found[0]


def judge_cell(
    cell: JudgedCell, record: Record | None, catalogue: Catalogue, judged: Judged | Recognised | None = None
) -> Judgement:
    """The cell's verdict. A catalogue that contradicts itself about it is an error of the cell: no judge, no pass.

    ``judged`` is what cells judged by the same records and catalogue have in common.
    """
    judged = Judged() if judged is None else judged
    said = record or {}
    producer = cell.producer.target if cell.producer is not None else None
    try:
        steps = tuple([judged.of(cell, step, said.get(step.id, {}), catalogue) for step in cell.steps])
    except ContradictionError as error:
        return Judgement(cell.target, cell.case, Verdict.ERROR, str(error), (), 0, (), producer)
    disproved = tuple([_disproved(cell, *wrong) for step in steps for wrong in step.wrong])
    compared = sum([step.compared for step in steps])
    worst = [step.verdict for step in steps if step.verdict is not None]
    if cell.error is not None:
        verdict, reason = Verdict.ERROR, cell.error
    elif not worst:
        verdict, reason = Verdict.ERROR, "no fact was drawn from it"
    else:
        verdict = min(worst, key=_rank)
        reason = _reason(verdict, steps)
    return Judgement(cell.target, cell.case, verdict, reason, steps, compared, disproved, producer)


def _rank(verdict: Verdict) -> int:
    return verdict.rank


@dataclass(frozen=True, slots=True)
class _Expected:
    """What should have been seen of one fact, and who says so."""

    value: Seen
    by: str
    prediction: Prediction | None


def _judge_step(
    cell: JudgedCell, step: JudgedStep, record: Mapping[str, FactValue], said: Sequence[Prediction]
) -> StepJudgement:
    findings = tuple(_findings(cell, step, record, said))
    return StepJudgement(
        step=step.id,
        findings=findings,
        verdict=min((finding.verdict for finding in findings), key=_rank, default=None),
        compared=sum(1 for finding in findings if finding.by),
        shown=sum(1 for finding in findings if finding.seen is not ABSENT),
        known=frozenset(finding.by for finding in findings if finding.verdict is Verdict.KNOWN),
        wrong=tuple(_wrong(findings, record)),
    )


def _findings(
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


def _wrong(findings: Sequence[Finding], record: Mapping[str, FactValue]) -> Iterator[tuple[Finding, bool]]:
    """What shows a catalogue entry to be wrong: another value than predicted, or the recorded one."""
    for finding in findings:
        if finding.difference is None:
            continue
        if finding.verdict is not Verdict.KNOWN:
            yield finding, False
        elif finding.fact in record and matches(record[finding.fact], finding.seen):
            yield finding, True


def _disproved(cell: JudgedCell, finding: Finding, as_recorded: bool) -> tuple[str, str]:
    """The entry, and the sentence that tells why it is wrong."""
    return (
        finding.by,
        f"{finding.by} predicts {show(finding.predicted)} for {finding.fact} of {cell.case}, step {finding.step}, "
        f"{cell.where}, which shows {show(finding.seen)}"
        + (" as recorded; it is no difference" if as_recorded else ""),
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


def _reason(verdict: Verdict, steps: Sequence[StepJudgement]) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.KNOWN:
        return "known: " + ", ".join(sorted(frozenset().union(*(step.known for step in steps))))
    worst = [finding for step in steps for finding in step.findings if finding.verdict is verdict]
    first = worst[0]
    more = f", and {len(worst) - 1} more" if len(worst) > 1 else ""
    if verdict is Verdict.HUNG:
        return f"step {first.step} did not end{more}"
    if verdict is Verdict.FAIL:
        return f"step {first.step} breaks a promise: {first.promise} (seen: {show(first.seen)}){more}"
    predicted = f"predicted by {first.by}: {show(first.predicted)}" if first.by else "nothing is recorded for it"
    return f"step {first.step} shows {first.fact} = {show(first.seen)}; {predicted}{more}"
