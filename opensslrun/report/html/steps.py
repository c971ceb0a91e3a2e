"""What the steps did, where equal observations stand once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.html.shared import Sets, Shared, T
from opensslrun.report.html.streams import ends_in_crlf
from opensslrun.report.words import value_in_words


@dataclass(frozen=True, slots=True)
class Book:
    """What is looked up while steps are described: the result's observations, how severe each known difference is,
    and the sets of targets.
    """

    observations: Mapping[str, m.ObservationResult]
    severities: Mapping[str, Severity]
    sets: Sets


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact. ``note`` says why its value is not simply the recorded one; ``look`` is the class of that."""

    name: str
    value: str
    note: str
    look: str
    by: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What came out on one of the two streams."""

    name: str
    text: str
    crlf: bool


@dataclass(frozen=True, slots=True)
class StepKey:
    """Which step it is; ``of`` is the class of the targets that came to it, empty for all."""

    id: str
    run: str
    of: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A step: its command line, and everything it did, each observation once."""

    key: StepKey
    endings: tuple[Shared[str], ...]
    took: str
    durations: tuple[Shared[str], ...]
    prompts: tuple[Shared[tuple[str, ...]], ...]
    streams: tuple[Shared[Stream], ...]
    files: tuple[Shared[tuple[str, ...]], ...]
    facts: tuple[Shared[FactRow], ...]


def steps_of(ran: Mapping[int, Sequence[m.StepResult]], book: Book) -> Iterator[StepView]:
    """The steps in the order in which they were run, by the numbers of those who ran them.

    Who broke off has the first of them only.
    """
    seen: dict[tuple[str, str], dict[int, m.StepResult]] = {}
    for number, steps in ran.items():
        for step in steps:
            seen.setdefault((step.id, step.run), {})[number] = step
    for (name, run), by_number in seen.items():
        of = "" if len(by_number) == len(ran) else book.sets.of(by_number)
        yield _step(StepKey(name, run, of), by_number, book)


def _step(key: StepKey, steps: Mapping[int, m.StepResult], book: Book) -> StepView:
    every = list(steps)
    observed = ((number, book.observations.get(step.observation)) for number, step in steps.items())
    did = {number: observation for number, observation in observed if observation is not None}
    rows: dict[tuple[str, str], FactRow] = {}
    durations = [step.duration_s for step in steps.values()]

    def once(values: Iterator[tuple[int, T]]) -> tuple[Shared[T], ...]:
        return book.sets.shared(values, every)

    return StepView(
        key=key,
        endings=once((number, _ending(each)) for number, each in did.items()),
        took=_seconds(min(durations)) + (f" to {_seconds(max(durations))}" if len(durations) > 1 else ""),
        durations=once((number, _seconds(step.duration_s)) for number, step in steps.items()),
        prompts=once((number, _prompts(each)) for number, each in did.items()),
        streams=once(
            (number, Stream(kind, text, ends_in_crlf(text)))
            for kind in ("stdout", "stderr")
            for number, each in did.items()
            for text in (each.stdout if kind == "stdout" else each.stderr,)
        ),
        files=once((number, tuple(map(_file, each.files))) for number, each in did.items()),
        facts=tuple(
            sorted(
                once((number, row) for number, step in steps.items() for row in _facts(step, rows, book)),
                key=lambda row: (not row.value.note, row.value.name),
            )
        ),
    )


def _ending(observation: m.ObservationResult) -> str:
    if observation.ending == "exited":
        return f"exit status {observation.status}"
    return f"{observation.ending}, status {observation.status}"


def _seconds(duration: float) -> str:
    """Two digits are what one measurement is worth."""
    return f"{duration * 1000:.0f} ms" if duration < 1 else f"{duration:.1f} s"


def _prompts(observation: m.ObservationResult) -> tuple[str, ...]:
    unanswered = (f"{observation.unanswered} (nobody has an answer)",) if observation.unanswered else ()
    return (*observation.prompts, *unanswered)


def _file(file: m.ObservedFile) -> str:
    mode = f", mode {file.mode}" if file.mode else ""
    return f"{file.name}: {file.kind}, {file.size} bytes{mode}"


def _facts(step: m.StepResult, rows: dict[tuple[str, str], FactRow], book: Book) -> Iterator[FactRow]:
    """Every gating fact, and what was predicted and is not there. ``rows`` keeps what others showed as recorded."""
    findings = {finding.fact: finding for finding in step.findings if finding.verdict != Verdict.PASS}
    for name, value in step.facts.items():
        if name in findings:
            yield _fact(name, value_in_words(value), findings[name], book)
        else:
            key = (name, repr(value))
            if key not in rows:
                rows[key] = FactRow(name, value_in_words(value), "", "", "")
            yield rows[key]
    for name, finding in findings.items():
        if name not in step.facts:
            yield _fact(name, value_in_words(finding.value), finding, book)


def _fact(name: str, value: str, finding: m.FindingResult, book: Book) -> FactRow:
    if finding.verdict == Verdict.KNOWN:
        promise = f"the document promises: {finding.promise}" if finding.promise else "known difference"
        return FactRow(name, value, promise, book.severities.get(finding.by, Verdict.KNOWN), finding.by)
    promised = f"; promised: {finding.promise}" if finding.promise else ""
    predicted = f"; predicted: {value_in_words(finding.predicted)}" if finding.by else "; nothing is recorded for it"
    by = finding.by if finding.by in book.severities else ""
    return FactRow(name, value, f"{finding.verdict}{promised}{predicted}", Verdict.FAIL, by)
