"""Targets by cases on a terminal: in words where they fit, else a mark for each cell, else counts for each target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.marks import MARKS, has_begun, severities_of, shown_by
from opensslrun.report.words import visible

VERDICT_STYLES = {
    Verdict.ERROR: "bold red",
    Verdict.HUNG: "bold red",
    Verdict.FAIL: "bold red",
    Verdict.NEW: "bold magenta",
    Verdict.KNOWN: "yellow",
    Verdict.PASS: "green",
    Verdict.UNSUPPORTED: "dim",
    Verdict.NOT_RUN: "dim",
}
SEVERITY_STYLES = {
    Severity.SECURITY: "bold red",
    Severity.BREAKS_SCRIPTS: "yellow",
    Severity.FORMAT: "cyan",
    Severity.COSMETIC: "dim",
}
_SCREEN = 30
"""Lines that a grid in words may take when it is cut into several; beyond, marks show more at a glance."""

_GROUP = 10
"""Marks between two gaps, so that a column can be counted off."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """What of a result is in the grid. ``shows`` says of each cell its verdict, or how severe its differences are."""

    targets: Sequence[m.TargetResult]
    cases: Sequence[str]
    shows: Mapping[tuple[str, str], Verdict | Severity]

    def row(self, target: m.TargetResult) -> list[Verdict | Severity]:
        return [self.shows.get((target.id, case), Verdict.NOT_RUN) for case in self.cases]


def show_grid(result: m.Result, console: Console) -> None:
    """A row for each target that ran. Those that did not are for others to tell."""
    grid = _grid_of(result)
    if not grid.targets or not grid.cases:
        return
    console.print()
    cut = list(_cut(grid, console.width))
    if len(cut) == 1 or sum(len(grid.targets) + 2 for _ in cut) <= _SCREEN:
        for number, cases in enumerate(cut):
            if number:
                console.print()
            console.print(_in_words(grid, cases))
        return
    room = console.width - _left(grid) - 2
    version = room - _version_width(grid) - 2 >= _marks_width(grid)
    if version or room >= _marks_width(grid):
        _show_marks(grid, console, version=version)
    else:
        _show_counts(grid, console)


def _grid_of(result: m.Result) -> _Grid:
    severities = severities_of(result)
    return _Grid(
        has_begun(result),
        [case.id for case in result.cases],
        {(cell.target, cell.case): shown_by(cell, severities) for cell in result.cells},
    )


def _style(shown: Verdict | Severity) -> str:
    match shown:
        case Verdict():
            return VERDICT_STYLES[shown]
        case Severity():
            return SEVERITY_STYLES[shown]
        case _:
            assert_never(shown)


def _table(grid: _Grid, *, version: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("target", no_wrap=True, min_width=_left(grid))
    if version:
        table.add_column("version", no_wrap=True, style="dim")
    return table


def _left(grid: _Grid) -> int:
    return max(len("target"), *(len(visible(target.id)) for target in grid.targets))


def _version(target: m.TargetResult) -> str:
    return f"{target.implementation} {target.version}" if target.version else "not run"


def _version_width(grid: _Grid) -> int:
    return max(len(_version(target)) for target in grid.targets)


def _cut(grid: _Grid, width: int) -> Iterator[list[str]]:
    """The cases in as many grids in words as they need at this width."""
    left = _left(grid) + 2 + _version_width(grid) + 2
    batch: list[str] = []
    used = left
    for case in grid.cases:
        needed = max(len(visible(case)), len("known: security")) + 2
        if batch and used + needed > width + 2:
            yield batch
            batch, used = [], left
        batch.append(case)
        used += needed
    yield batch


def _in_words(grid: _Grid, cases: Sequence[str]) -> Table:
    table = _table(grid, version=True)
    for case in cases:
        table.add_column(visible(case), no_wrap=True)
    for target in grid.targets:
        shown = [grid.shows.get((target.id, case), Verdict.NOT_RUN) for case in cases]
        table.add_row(visible(target.id), _version(target), *(_word(each) for each in shown))
    return table


def _word(shown: Verdict | Severity) -> Text:
    match shown:
        case Severity.SECURITY:
            return Text("known: security", style=_style(shown))
        case Severity():
            return Text(Verdict.KNOWN, style=_style(Verdict.KNOWN))
        case _:
            return Text(shown.value, style=_style(shown))


def _marks_width(grid: _Grid) -> int:
    return len(grid.cases) + (len(grid.cases) - 1) // _GROUP


def _show_marks(grid: _Grid, console: Console, *, version: bool) -> None:
    """A mark for each cell; the cases are numbered, and named below."""
    table = _table(grid, version=version)
    table.add_column(ruler(len(grid.cases)), no_wrap=True)
    for target in grid.targets:
        table.add_row(visible(target.id), *([_version(target)] if version else []), marked(grid.row(target)))
    console.print(table)
    console.print()
    console.print(key_of(_all_shown(grid)))
    digits = len(str(len(grid.cases)))
    names = (f"{number:>{digits}} {visible(case)}" for number, case in enumerate(grid.cases, 1))
    console.print(Columns(names, padding=(0, 2, 0, 0), column_first=True))


def marked(row: Sequence[Verdict | Severity]) -> Text:
    """A mark for each, in groups of ten."""
    marks = Text()
    for number, shown in enumerate(row):
        marks.append(" " if number and number % _GROUP == 0 else "")
        marks.append(MARKS[shown], style=_style(shown))
    return marks


def ruler(columns: int) -> str:
    """The last digit of each mark's number, and above it the whole number of the last in each group of ten."""
    groups = [range(first, min(first + _GROUP, columns)) for first in range(0, columns, _GROUP)]
    digits = " ".join("".join(str((number + 1) % 10) for number in group) for group in groups)
    if len(groups) == 1:
        return digits
    return " ".join(f"{group.stop:>{_GROUP}}" for group in groups if len(group) == _GROUP) + f"\n{digits}"


def _all_shown(grid: _Grid) -> set[Verdict | Severity]:
    return {shown for target in grid.targets for shown in grid.row(target)}


def key_of(seen: Collection[Verdict | Severity]) -> Text:
    """What the marks among these mean, worst first."""
    key = Text()
    for shown, mark in MARKS.items():
        if shown in seen:
            key.append("  " if key else "")
            key.append(mark, style=_style(shown))
            key.append(f" {'known: ' if isinstance(shown, Severity) else ''}{shown.value}")
    return key


def _show_counts(grid: _Grid, console: Console) -> None:
    """How many cells of each target show what. Those that are not as predicted are told one by one elsewhere."""
    rows = {target.id: Counter(grid.row(target)) for target in grid.targets}
    shown = [each for each in MARKS if any(counts[each] for counts in rows.values())]
    # In two lines, because "breaks-scripts" over a digit or two would be most of a narrow terminal.
    heads = [each.value.replace("-", "-\n", 1) for each in shown]
    in_words = _left(grid) + _head_width(heads) <= console.width
    if not in_words:
        heads = [MARKS[each] for each in shown]
    version = _left(grid) + 2 + _version_width(grid) + _head_width(heads) <= console.width
    table = _table(grid, version=version)
    for head in heads:
        table.add_column(head, no_wrap=True, justify="right")
    for target in grid.targets:
        numbers = [Text(str(rows[target.id][each] or ""), style=_style(each)) for each in shown]
        table.add_row(visible(target.id), *([_version(target)] if version else []), *numbers)
    console.print(table)
    console.print()
    if not in_words:
        console.print(key_of(_all_shown(grid)))
    console.print(Text(f"Of {len(grid.cases)} cases each; one with known differences counts as its worst."))


def _head_width(heads: Sequence[str]) -> int:
    """Columns with these heads and with numbers below 1,000, and two blanks before each."""
    return sum(max(3, *map(len, head.split("\n"))) + 2 for head in heads)
