"""The differences by severity: the values side by side, what it means for a reader, what to write instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.compare.parted import UNEXPLAINED
from opensslrun.report.html.columns import Column, numbers_of, who
from opensslrun.report.html.facts import FactDifference, Partition, facts_by_entry
from opensslrun.report.html.grid import WORDS
from opensslrun.report.html.pairfacts import PairFact, pair_facts_of

_FEW_TABLES = 2
_FEW_ROWS = 4
"""What of an entry is open from the start; the rest is folded."""


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
    pairs: tuple[PairFact, ...]
    cases: tuple[int, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Values:
    """What a run says of an entry: facts of cells, facts of pairs, and the targets that show it."""

    facts: Sequence[FactDifference]
    pairs: Sequence[PairFact]
    shown_on: Collection[str]


def entries_of(result: m.Result, columns: Sequence[Column]) -> list[Entry]:
    """What nothing explains first, then the known ones, worst first."""
    facts = facts_by_entry(result, columns)
    pairs = pair_facts_of(result, columns)
    shown_on = _shown_on(result)

    def values(entry: str) -> _Values:
        return _Values(facts.get(entry, ()), pairs.get(entry, ()), shown_on[entry])

    known = sorted(result.known_differences, key=lambda entry: (Severity(entry.severity).rank, entry.id))
    entries = [_known(entry, values(entry.id), result, columns) for entry in known]
    if UNEXPLAINED in facts or UNEXPLAINED in pairs:
        entries.insert(0, _unexplained(values(UNEXPLAINED), result, columns))
    return entries


def _known(entry: m.KnownDifference, values: _Values, result: m.Result, columns: Sequence[Column]) -> Entry:
    severity = Severity(entry.severity)
    tables, more = _tables(values.facts, columns)
    readers = [
        row.name + (" (by a stand-in)" if row.quality == "stand-in" else "")
        for row in result.readers
        if row.by in values.shown_on
    ]
    return Entry(
        id=entry.id,
        title=entry.title,
        look=severity.value,
        severity=severity.value,
        meaning=WORDS[severity].removeprefix("known difference: "),
        readers=", ".join(readers),
        why=entry.why,
        advice=entry.advice,
        since=entry.since or "",
        link=entry.link if entry.link and entry.link.startswith("https://") else "",
        facts=tuple(values.facts),
        tables=tables,
        more=more,
        pairs=tuple(values.pairs),
        cases=_places(values, result),
        targets=numbers_of(values.shown_on, columns),
    )


def _unexplained(values: _Values, result: m.Result, columns: Sequence[Column]) -> Entry:
    tables, more = _tables(values.facts, columns)
    return Entry(
        id=UNEXPLAINED,
        title="What nothing predicts",
        look="fail",
        severity="not predicted",
        meaning="nobody has said yet what these values should be, or why",
        readers="",
        why="Neither the record of the case nor an entry of the catalogue predicts these values.",
        advice="Look at the raw output ('opensslrun review' shows it), find the cause, and write an entry.",
        since="",
        link="",
        facts=tuple(values.facts),
        tables=tables,
        more=more,
        pairs=tuple(values.pairs),
        cases=_places(values, result),
        targets=numbers_of(values.shown_on, columns),
    )


def _places(values: _Values, result: m.Result) -> tuple[int, ...]:
    """The cases where these facts differ, by their place in the result."""
    ids = {place.case for fact in values.facts for place in fact.places} | {pair.case for pair in values.pairs}
    return tuple(number for number, case in enumerate(result.cases) if case.id in ids)


def _shown_on(result: m.Result) -> dict[str, set[str]]:
    """The targets that show each known difference, and those that show what nothing explains."""
    found: dict[str, set[str]] = defaultdict(set)
    ran = [(cell.target, cell.steps) for cell in result.cells]
    ran += [(pair.consumer, pair.steps) for pair in result.pairs]
    for target, steps in ran:
        for step in steps:
            for finding in step.findings:
                if finding.verdict != Verdict.PASS:
                    found[finding.by if finding.verdict == Verdict.KNOWN else UNEXPLAINED].add(target)
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
