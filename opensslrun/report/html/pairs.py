"""What one version makes and another reads: a table of producers by consumers for each case that hands files over."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from opensslrun.report import model as m
from opensslrun.report.found import cell_in_words, pair_in_words, pairs_found
from opensslrun.report.html.cases import Outcome, outcome_of
from opensslrun.report.html.columns import Column, numbers_of, slug, who
from opensslrun.report.html.grid import Mark
from opensslrun.report.html.shared import Letters, Sets
from opensslrun.report.html.steps import Book, StepView, steps_of
from opensslrun.report.pairs import matters_who_made_it, pairs_by_case
from opensslrun.report.words import listed

_FEW = 20
"""Pairs not as predicted that are told in words; of more the tables show where they are."""

LETTERS = Letters(set="y", link="g", picked="q")


@dataclass(frozen=True, slots=True)
class PairGroup:
    """Pairs that show the same facts and are judged alike. The first of them stands for all with what it printed."""

    number: int
    of: str
    outcome: Outcome
    who: str
    shown: str
    command: str


@dataclass(frozen=True, slots=True)
class PairCell:
    """A mark, and the number of the group it leads to."""

    mark: Mark
    group: int


@dataclass(frozen=True, slots=True)
class Case:
    """A case that hands files over. ``matters`` says whether it matters who made them."""

    id: str
    title: str
    matters: bool


@dataclass(frozen=True, slots=True)
class PairTable:
    """What each producer made, on each consumer; where it does not matter who made it, one row stands for all."""

    case: Case
    slug: str
    rows: tuple[tuple[str, tuple[PairCell | None, ...]], ...]
    groups: tuple[PairGroup, ...]
    steps: tuple[StepView, ...]


def pair_sets() -> Sets:
    """The sets of groups of pairs, which have numbers for names."""
    return Sets(lambda groups: listed([str(group + 1) for group in groups]), LETTERS)


def pairs_of(result: m.Result, columns: Sequence[Column], book: Book) -> list[PairTable]:
    """A table for each case that hands files over."""
    titles = {case.id: case.title for case in result.cases}
    cases: dict[str, list[m.PairResult]] = defaultdict(list)
    for pair in result.pairs:
        cases[pair.case].append(pair)
    members = {name for pair in result.pairs for name in (pair.producer, pair.consumer)}
    names = [column.id for column in columns if column.id in members]
    shown = pairs_by_case(result)
    return [
        _table(Case(case, titles.get(case, ""), matters_who_made_it(shown[case], names)), pairs, columns, book)
        for case, pairs in cases.items()
    ]


def found_of(result: m.Result) -> tuple[list[tuple[str, str, str]], int]:
    """In words what nobody predicted: the verdict, who and what; and how many more there are."""
    found = pairs_found(result)
    told = [(pair.verdict, f"{pair.case}: {pair_in_words(pair)}", cell_in_words(pair)) for pair in found[:_FEW]]
    return told, max(0, len(found) - _FEW)


def _table(case: Case, pairs: Sequence[m.PairResult], columns: Sequence[Column], book: Book) -> PairTable:
    alike: dict[str, list[m.PairResult]] = defaultdict(list)
    for pair in pairs:
        alike[_signature(pair)].append(pair)
    groups = [_group(number, members, columns, book) for number, members in enumerate(alike.values())]
    places = {
        (pair.producer, pair.consumer): PairCell(group.outcome.mark, group.number)
        for group, members in zip(groups, alike.values(), strict=True)
        for pair in members
    }
    return PairTable(
        case=case,
        slug=slug(case.id),
        rows=tuple(
            (
                producer.id if case.matters else "any of them",
                tuple(places.get((producer.id, each.id)) for each in columns),
            )
            for producer in (columns if case.matters else [each for each in columns if each.id == pairs[0].producer])
        ),
        groups=tuple(groups),
        steps=tuple(steps_of({number: members[0].steps for number, members in enumerate(alike.values())}, book)),
    )


def _signature(pair: m.PairResult) -> str:
    """What pairs have in common that are told once: everything but the raw words and the time."""
    steps = [(step.id, step.run, step.facts, step.findings) for step in pair.steps]
    return repr((pair.verdict, pair.reason if not pair.steps else "", steps))


def _group(number: int, members: Sequence[m.PairResult], columns: Sequence[Column], book: Book) -> PairGroup:
    first = members[0]
    targets = dict.fromkeys((first.producer, first.consumer))
    return PairGroup(
        number=number,
        of=book.sets.of([number]),
        outcome=outcome_of(first, book.severities),
        who=_who(members, columns),
        shown=f"made by {first.producer}, read by {first.consumer}" if len(members) > 1 else "",
        command=f"opensslrun matrix run -c {shlex.quote(first.case)}"
        + "".join(f" -t {shlex.quote(target)}" for target in targets),
    )


def _who(members: Sequence[m.PairResult], columns: Sequence[Column]) -> str:
    """``made by all, read by debian-13``: as few blocks of the table as there are consumers with other producers."""
    producers: dict[str, list[str]] = defaultdict(list)
    for pair in members:
        producers[pair.consumer].append(pair.producer)
    blocks: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for consumer, made_by in producers.items():
        blocks[numbers_of(made_by, columns)].append(consumer)
    return "; ".join(
        f"made by {who(made_by, columns)}, read by {who(numbers_of(consumers, columns), columns)}"
        for made_by, consumers in blocks.items()
    )
