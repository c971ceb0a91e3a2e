"""Each case with its steps: what every target did, where equal observations stand once."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, slug
from opensslrun.report.html.grid import Mark, mark_of
from opensslrun.report.html.shared import Sets, Shared, T
from opensslrun.report.html.streams import ends_in_crlf
from opensslrun.report.marks import severities_of, shown_by
from opensslrun.report.words import value_in_words

_ABSENT = "(not there)"


@dataclass(frozen=True, slots=True)
class CellView:
    """One case on one target: how it is marked, and the part of the reproducing command that is its own."""

    column: Column
    of: str
    mark: Mark
    target_option: str


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


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, all its cells, all its steps."""

    id: str
    slug: str
    title: str
    command: str
    cells: tuple[CellView, ...]
    verdicts: tuple[Shared[str], ...]
    steps: tuple[StepView, ...]


def cases_of(result: m.Result, columns: Sequence[Column], sets: Sets) -> Iterator[CaseView]:
    """Each case in the order of the result."""
    severities = severities_of(result)
    by_case: dict[str, dict[str, m.CellResult]] = defaultdict(dict)
    for cell in result.cells:
        by_case[cell.case][cell.target] = cell
    for case in result.cases:
        cells = by_case[case.id]
        mine = [column for column in columns if column.id in cells]
        yield CaseView(
            id=case.id,
            slug=slug(case.id),
            title=case.title,
            command=f"opensslrun matrix run -c {shlex.quote(case.id)}",
            cells=tuple(
                CellView(
                    column,
                    sets.of([column.number]),
                    mark_of(shown_by(cells[column.id], severities)),
                    f" -t {shlex.quote(column.id)}",
                )
                for column in mine
            ),
            verdicts=sets.shared(
                ((column.number, _verdict(cells[column.id])) for column in mine), [column.number for column in mine]
            ),
            steps=tuple(_steps(result, cells, columns, sets)),
        )


def _verdict(cell: m.CellResult) -> str:
    return cell.reason if cell.reason.startswith(cell.verdict) else f"{cell.verdict}: {cell.reason}".removesuffix(": ")


def _steps(
    result: m.Result, cells: Mapping[str, m.CellResult], columns: Sequence[Column], sets: Sets
) -> Iterator[StepView]:
    """In the order in which they were run; a target that broke off has the first of them only."""
    seen: dict[tuple[str, str], dict[int, m.StepResult]] = {}
    for column in columns:
        for step in cells[column.id].steps if column.id in cells else ():
            seen.setdefault((step.id, step.run), {})[column.number] = step
    for (name, run), steps in seen.items():
        of = "" if len(steps) == len(columns) else sets.of(steps)
        yield _step(StepKey(name, run, of), steps, result.observations, sets)


def _step(
    key: StepKey, steps: Mapping[int, m.StepResult], observations: Mapping[str, m.ObservationResult], sets: Sets
) -> StepView:
    every = list(steps)
    did = {number: observations[step.observation] for number, step in steps.items() if step.observation in observations}
    durations = [step.duration_s for step in steps.values()]

    def once(values: Iterator[tuple[int, T]]) -> tuple[Shared[T], ...]:
        return sets.shared(values, every)

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
                once((number, row) for number, step in steps.items() for row in _facts(step)),
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


def _facts(step: m.StepResult) -> Iterator[FactRow]:
    """Every gating fact, and what was predicted and is not there."""
    findings = {finding.fact: finding for finding in step.findings}
    for name, value in step.facts.items():
        yield _fact(name, value_in_words(value), findings.get(name))
    for name, finding in findings.items():
        if name not in step.facts:
            yield _fact(name, value_in_words(finding.value), finding)


def _fact(name: str, value: str, finding: m.FindingResult | None) -> FactRow:
    if finding is None or finding.verdict == Verdict.PASS:
        return FactRow(name, value, "", "", "")
    if finding.verdict == Verdict.KNOWN:
        promise = f"the document promises: {finding.promise}" if finding.promise else "known difference"
        return FactRow(name, value, promise, Verdict.KNOWN, finding.by)
    note = f"{finding.verdict}"
    if finding.promise:
        note += f"; promised: {finding.promise}"
    predicted = value_in_words(finding.predicted)
    note += f"; predicted: {predicted}" if finding.by else "; nothing is recorded for it"
    return FactRow(name, value, note, Verdict.FAIL, finding.by if finding.by != "record" else "")
