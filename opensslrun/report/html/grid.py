"""Cases by targets: a mark for each cell, which leads to what was done there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, slug
from opensslrun.report.marks import MARKS, severities_of, shown_by

_FEW = 3
"""Cases whose ids begin alike that are worth a heading of their own."""

WORDS: Mapping[Verdict | Severity, str] = {
    Verdict.ERROR: "the target broke down or is not what it claims to be",
    Verdict.HUNG: "a command did not end",
    Verdict.FAIL: "a promise of the document is broken",
    Verdict.NEW: "something that nobody predicted",
    Severity.SECURITY: "known difference: something is accepted that must be refused, or a secret is less protected",
    Severity.BREAKS_SCRIPTS: "known difference: a script that works on one version fails or takes another path here",
    Severity.FORMAT: "known difference: a file of another format comes out",
    Severity.COSMETIC: "known difference: only a person reading along notices",
    Verdict.KNOWN: "known difference",
    Verdict.PASS: "every fact is as recorded",
    Verdict.UNSUPPORTED: "the case cannot run there",
    Verdict.NOT_RUN: "did not run",
}
"""What each mark means."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell at a glance: the letter, its class, and the words that a screen reader says."""

    letter: str
    look: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A case: a mark for each column."""

    id: str
    slug: str
    title: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Cases whose ids begin alike."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A line of the key: a mark, its words, how many cells have it. ``kind`` is the filter it belongs to."""

    mark: Mark
    kind: str
    meaning: str
    count: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole table and its key."""

    groups: tuple[RowGroup, ...]
    key: tuple[KeyEntry, ...]


def mark_of(shown: Verdict | Severity) -> Mark:
    """The same letter as on a terminal, but for ``pass``, which need not be narrow here."""
    letter = {".": "✓", "-": "–"}.get(MARKS[shown], MARKS[shown])
    return Mark(letter, shown.value, shown.value)


def grid_of(result: m.Result, columns: Sequence[Column]) -> Grid:
    """A row for each case."""
    severities = severities_of(result)
    shows = {(cell.case, cell.target): shown_by(cell, severities) for cell in result.cells}
    marks = {shown: mark_of(shown) for shown in MARKS}
    rows = [
        Row(
            case.id,
            slug(case.id),
            case.title,
            tuple(marks[shows.get((case.id, column.id), Verdict.NOT_RUN)] for column in columns),
        )
        for case in result.cases
    ]
    counts = {shown: sum(row.marks.count(mark) for row in rows) for shown, mark in marks.items()}
    key = tuple(
        KeyEntry(marks[shown], "s" if isinstance(shown, Severity) else "v", WORDS[shown], counts[shown])
        for shown in MARKS
        if counts[shown] or isinstance(shown, Severity)
    )
    return Grid(tuple(_grouped(rows)), key)


def _grouped(rows: Sequence[Row]) -> list[RowGroup]:
    """The cases by the first word of their ids, where enough share it; the others come first, without a name."""
    stems: dict[str, list[Row]] = {}
    for row in rows:
        stems.setdefault(row.id.partition("-")[0], []).append(row)
    single = [row for members in stems.values() if len(members) < _FEW for row in members]
    groups = [RowGroup("", tuple(single))] if single else []
    return groups + [RowGroup(stem, tuple(members)) for stem, members in stems.items() if len(members) >= _FEW]
