"""The differences by severity: the values side by side, what it means for a reader, what to write instead."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, numbers_of, slug, who
from opensslrun.report.html.grid import WORDS
from opensslrun.report.words import listed, value_in_words

_FEW_TABLES = 2
_FEW_ROWS = 4
"""What of an entry is open from the start; the rest is folded."""

UNEXPLAINED = "unexplained"
"""Stands for an entry's id where the catalogue has none."""

Partition = tuple[tuple[int, ...], ...]
"""The columns by what they show."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact was seen."""

    case: str
    slug: str
    run: str


@dataclass(frozen=True, slots=True)
class FactDifference:
    """A fact with the value of each group of targets. ``mine`` parts the columns by what this entry alone explains."""

    fact: str
    places: tuple[Place, ...]
    values: tuple[str, ...]
    groups: Partition
    recorded: tuple[bool, ...]
    mine: Partition


@dataclass(frozen=True, slots=True)
class Table:
    """Facts that part the targets alike: a column for each group."""

    headings: tuple[str, ...]
    recorded: tuple[bool, ...]
    rows: tuple[FactDifference, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A known difference, or what the catalogue does not explain. ``cases`` and ``targets`` are places in lists."""

    id: str
    title: str
    look: str
    severity: str
    meaning: str
    readers: str
    why: str
    advice: str
    since: str
    link: str
    facts: tuple[FactDifference, ...]
    tables: tuple[Table, ...]
    more: tuple[Table, ...]
    cases: tuple[int, ...]
    targets: tuple[int, ...]


def entries_of(result: m.Result, columns: Sequence[Column]) -> list[Entry]:
    """What nothing explains first, then the known ones, worst first."""
    facts = _facts_by_entry(result, columns)
    known = sorted(result.known_differences, key=lambda entry: (Severity(entry.severity).rank, entry.id))
    entries = [_known(entry, facts.get(entry.id, ()), result, columns) for entry in known]
    if UNEXPLAINED in facts:
        entries.insert(0, _unexplained(facts[UNEXPLAINED], result, columns))
    return entries


def _known(
    entry: m.KnownDifference, facts: Sequence[FactDifference], result: m.Result, columns: Sequence[Column]
) -> Entry:
    severity = Severity(entry.severity)
    tables, more = _tables(facts, columns)
    targets = _shown_on(entry.id, result, columns)
    ids = {column.id for column in columns if column.number in targets}
    readers = [
        row.name + (" (by a stand-in)" if row.quality == "stand-in" else "") for row in result.readers if row.by in ids
    ]
    return Entry(
        id=entry.id,
        title=entry.title,
        look=severity.value,
        severity=severity.value,
        meaning=WORDS[severity].removeprefix("known difference: "),
        readers=listed(readers),
        why=entry.why,
        advice=entry.advice,
        since=entry.since or "",
        link=entry.link if entry.link and entry.link.startswith("https://") else "",
        facts=tuple(facts),
        tables=tables,
        more=more,
        cases=_places(facts, result),
        targets=targets,
    )


def _unexplained(facts: Sequence[FactDifference], result: m.Result, columns: Sequence[Column]) -> Entry:
    tables, more = _tables(facts, columns)
    return Entry(
        id=UNEXPLAINED,
        title="What the catalogue does not explain",
        look="fail",
        severity="not predicted",
        meaning="these values differ, and nobody has said yet why",
        readers="",
        why="No entry of the catalogue predicts these values.",
        advice="Look at the raw output ('opensslrun review' shows it), find the cause, and write an entry.",
        since="",
        link="",
        facts=tuple(facts),
        tables=tables,
        more=more,
        cases=_places(facts, result),
        targets=tuple(sorted({number for fact in facts for group in fact.groups for number in group})),
    )


def _places(facts: Sequence[FactDifference], result: m.Result) -> tuple[int, ...]:
    """The cases where these facts differ, by their place in the result."""
    ids = {place.case for fact in facts for place in fact.places}
    return tuple(number for number, case in enumerate(result.cases) if case.id in ids)


def _shown_on(entry: str, result: m.Result, columns: Sequence[Column]) -> tuple[int, ...]:
    names = {
        cell.target
        for cell in result.cells
        for step in cell.steps
        for finding in step.findings
        if finding.by == entry and finding.verdict == Verdict.KNOWN
    }
    return numbers_of(names, columns)


def _facts_by_entry(result: m.Result, columns: Sequence[Column]) -> dict[str, list[FactDifference]]:
    """The differing facts by the entries that explain them; facts that differ alike stand once, with their places."""
    explained = _explained(result)
    runs = {(cell.case, step.id): step.run for cell in result.cells for step in cell.steps}
    found: dict[str, dict[str, tuple[FactDifference, list[Place]]]] = defaultdict(dict)
    for view in result.differences:
        place = Place(view.case, slug(view.case), runs.get((view.case, view.step), ""))
        by = explained.get((view.case, view.step, view.fact), {})
        for entry in sorted(set(by.values()) or {UNEXPLAINED}):
            fact = _fact(view, entry, by, columns)
            key = json.dumps([fact.fact, fact.values, fact.groups, fact.mine])
            found[entry].setdefault(key, (fact, []))[1].append(place)
    return {
        entry: [
            FactDifference(fact.fact, tuple(places), fact.values, fact.groups, fact.recorded, fact.mine)
            for fact, places in facts.values()
        ]
        for entry, facts in found.items()
    }


def _fact(view: m.DifferenceResult, entry: str, by: Mapping[str, str], columns: Sequence[Column]) -> FactDifference:
    groups = tuple(numbers_of(group.targets, columns) for group in view.groups)
    mine: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(view.groups, 1):
        for name in group.targets:
            mine[place if entry in {by.get(name), UNEXPLAINED} else 0] += numbers_of([name], columns)
    return FactDifference(
        fact=view.fact.partition("@")[0],
        places=(),
        values=tuple(value_in_words(group.value) for group in view.groups),
        groups=groups,
        recorded=tuple(not any(name in by for name in group.targets) for group in view.groups),
        mine=tuple(sorted(tuple(sorted(part)) for part in mine.values())),
    )


def _explained(result: m.Result) -> dict[tuple[str, str, str], dict[str, str]]:
    """By case, step and fact: the targets whose value is not the recorded one, and the entry that says why."""
    found: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for cell in result.cells:
        for step in cell.steps:
            for finding in step.findings:
                if finding.verdict != Verdict.PASS:
                    known = finding.verdict == Verdict.KNOWN
                    found[cell.case, step.id, finding.fact][cell.target] = finding.by if known else UNEXPLAINED
    return found


def _tables(facts: Sequence[FactDifference], columns: Sequence[Column]) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """What is open from the start, and what is folded."""
    by_groups: dict[Partition, list[FactDifference]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: -len(fact.places)):
        by_groups[fact.groups].append(fact)
    tables = sorted(by_groups.values(), key=lambda rows: -sum(len(row.places) for row in rows))
    first = [_table(rows[:_FEW_ROWS], columns) for rows in tables[:_FEW_TABLES]]
    more = [_table(rows[_FEW_ROWS:], columns) for rows in tables[:_FEW_TABLES] if rows[_FEW_ROWS:]]
    more += [_table(rows, columns) for rows in tables[_FEW_TABLES:]]
    return tuple(first), tuple(more)


def _table(rows: Sequence[FactDifference], columns: Sequence[Column]) -> Table:
    return Table(
        headings=tuple(who(group, columns) for group in rows[0].groups),
        recorded=tuple(all(row.recorded[number] for row in rows) for number in range(len(rows[0].groups))),
        rows=tuple(rows),
    )


def by_severity(entries: Sequence[Entry]) -> Iterator[tuple[str, str, list[Entry]]]:
    """The entries of each severity, with its look and its meaning."""
    for look in dict.fromkeys(entry.look for entry in entries):
        members = [entry for entry in entries if entry.look == look]
        yield look, members[0].meaning, members
