"""Each case with its steps: what every target did, where equal observations stand once."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, slug
from opensslrun.report.html.grid import Mark, mark_of
from opensslrun.report.html.shared import Shared
from opensslrun.report.html.steps import Book, StepView, steps_of
from opensslrun.report.marks import shown_by

Severities = Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class CellView:
    """One case on one target: how it is marked, and the part of the reproducing command that is its own."""

    column: Column
    of: str
    mark: Mark
    target_option: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cell: its mark, the reason in words, and the known differences that it shows, worst first."""

    mark: Mark
    reason: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, all its cells, all its steps."""

    id: str
    slug: str
    title: str
    command: str
    cells: tuple[CellView, ...]
    outcomes: tuple[Shared[Outcome], ...]
    steps: tuple[StepView, ...]


def cases_of(result: m.Result, columns: Sequence[Column], book: Book) -> Iterator[CaseView]:
    """Each case in the order of the result."""
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
                    book.sets.of([column.number]),
                    mark_of(shown_by(cells[column.id], book.severities)),
                    f" -t {shlex.quote(column.id)}",
                )
                for column in mine
            ),
            outcomes=book.sets.shared(
                ((column.number, outcome_of(cells[column.id], book.severities)) for column in mine),
                [column.number for column in mine],
            ),
            steps=tuple(steps_of({column.number: cells[column.id].steps for column in mine}, book)),
        )


def outcome_of(cell: m.CellResult | m.PairResult, severities: Severities) -> Outcome:
    """What a cell or a pair is marked with, and why."""
    ids = {finding.by for step in cell.steps for finding in step.findings if finding.by in severities}
    known = tuple(sorted(ids, key=lambda entry: (severities[entry].rank, entry)))
    reason = "" if cell.verdict == Verdict.KNOWN else cell.reason.removeprefix(f"{cell.verdict}: ")
    return Outcome(mark_of(shown_by(cell, severities)), reason, known)
