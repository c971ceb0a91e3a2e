"""Producer by consumer: a table for each case in which it matters who made the files, and a line about the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.found import cell_in_words, pair_in_words, pairs_found
from opensslrun.report.html.columns import Column
from opensslrun.report.html.grid import Mark, mark_of
from opensslrun.report.marks import MARKS
from opensslrun.report.pairs import matters_who_made_it, pairs_by_case

_FEW = 20
"""Pairs not as predicted that are told in words; of more the tables show where they are."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """What one target made: a mark for each target that read it."""

    producer: Column
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class PairTable:
    """A case. ``key`` has each mark once, worst first."""

    case: str
    title: str
    rows: tuple[PairRow, ...]
    key: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """The tables, how many pairs are in none, and in words what nobody predicted."""

    tables: tuple[PairTable, ...]
    columns: tuple[Column, ...]
    alike: int
    found: tuple[tuple[str, str, str], ...]
    more: int


def pairs_of(result: m.Result, columns: Sequence[Column]) -> Pairs:
    """Everything the page says of pairs; without any there are no tables, and none is alike."""
    titles = {case.id: case.title for case in result.cases}
    members = {name for pair in result.pairs for name in (pair.producer, pair.consumer)}
    shown_columns = tuple(column for column in columns if column.id in members)
    names = [column.id for column in shown_columns]
    tables: list[PairTable] = []
    alike = 0
    for case, shown in pairs_by_case(result).items():
        if not matters_who_made_it(shown, names):
            alike += len(shown)
            continue
        rows = tuple(
            PairRow(column, tuple(mark_of(shown.get((column.id, consumer), Verdict.NOT_RUN)) for consumer in names))
            for column in shown_columns
        )
        key = tuple(mark_of(each) for each in MARKS if each in shown.values())
        tables.append(PairTable(case, titles.get(case, case), rows, key))
    found = pairs_found(result)
    return Pairs(
        tables=tuple(tables),
        columns=shown_columns,
        alike=alike,
        found=tuple(
            (pair.verdict, f"{pair.case}: {pair_in_words(pair)}", cell_in_words(pair)) for pair in found[:_FEW]
        ),
        more=max(0, len(found) - _FEW),
    )
