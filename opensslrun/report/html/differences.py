"""The differences by severity: the values side by side, what it means for a reader, what to write instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opensslrun.facts.model import FactValue
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

_RECORDED = "\0as recorded"
"""Stands for the value of whoever shows what is recorded; no value in words begins like it."""

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
    shown_on = _shown_on(result)
    entries = [_known(entry, facts.get(entry.id, ()), shown_on[entry.id], result, columns) for entry in known]
    if UNEXPLAINED in facts:
        entries.insert(0, _unexplained(facts[UNEXPLAINED], result, columns))
    return entries


def _known(
    entry: m.KnownDifference,
    facts: Sequence[FactDifference],
    shown_on: set[str],
    result: m.Result,
    columns: Sequence[Column],
) -> Entry:
    severity = Severity(entry.severity)
    tables, more = _tables(facts, columns)
    readers = [
        row.name + (" (by a stand-in)" if row.quality == "stand-in" else "")
        for row in result.readers
        if row.by in shown_on
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
        targets=numbers_of(shown_on, columns),
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


def _shown_on(result: m.Result) -> dict[str, set[str]]:
    """The targets that show each known difference."""
    found: dict[str, set[str]] = defaultdict(set)
    for cell in result.cells:
        for step in cell.steps:
            for finding in step.findings:
                if finding.verdict == Verdict.KNOWN:
                    found[finding.by].add(cell.target)
    return found


def _facts_by_entry(result: m.Result, columns: Sequence[Column]) -> dict[str, list[FactDifference]]:
    """The facts that are not everywhere as recorded, by the entries that explain them.

    They are taken from the cells: a fact that only some versions have at all is a difference too. Facts that differ
    alike stand once, with their places.
    """
    numbers = {column.id: column.number for column in columns}
    ran: dict[tuple[str, str], dict[int, m.StepResult]] = defaultdict(dict)
    for cell in result.cells:
        for step in cell.steps if cell.target in numbers else ():
            ran[cell.case, step.id][numbers[cell.target]] = step
    found: dict[str, dict[FactDifference, dict[Place, None]]] = defaultdict(dict)
    for (case, _), steps in ran.items():
        for run, entry, fact in _step_differences(dict(sorted(steps.items())), len(columns)):
            found[entry].setdefault(fact, {})[Place(case, slug(case), run)] = None
    return {
        entry: [replace(fact, places=tuple(places)) for fact, places in facts.items()] for entry, facts in found.items()
    }


def _step_differences(steps: Mapping[int, m.StepResult], columns: int) -> Iterator[tuple[str, str, FactDifference]]:
    """Of one step on all targets that came to it: its command line, an entry, and a fact that the entry explains."""
    findings = {
        number: {finding.fact: finding for finding in step.findings if finding.verdict != Verdict.PASS}
        for number, step in steps.items()
    }
    for name in sorted({fact for each in findings.values() for fact in each}):
        by_value: dict[str, list[int]] = defaultdict(list)
        by_entry: dict[str, set[str]] = defaultdict(set)
        for number in steps:
            finding = findings[number].get(name)
            value = _RECORDED if finding is None else value_in_words(_shown(finding))
            by_value[value].append(number)
            if finding is not None:
                by_entry[finding.by if finding.verdict == Verdict.KNOWN else UNEXPLAINED].add(value)
        recorded = _recorded(name, [steps[number] for number in by_value.get(_RECORDED, ())])
        for entry, mine in by_entry.items():
            yield (
                next(iter(steps.values())).run,
                entry,
                FactDifference(
                    fact=name.partition("@")[0],
                    places=(),
                    values=tuple(recorded if value == _RECORDED else value for value in by_value),
                    groups=tuple(map(tuple, by_value.values())),
                    recorded=tuple(value == _RECORDED for value in by_value),
                    mine=_parted([by_value[value] for value in mine], columns),
                ),
            )


def _shown(finding: m.FindingResult) -> FactValue:
    """What was seen, or the bounds of what is random."""
    bounded = isinstance(finding.predicted, dict) and set(finding.predicted) == {"between"}
    return finding.predicted if bounded and finding.verdict == Verdict.KNOWN else finding.value


def _recorded(fact: str, steps: Sequence[m.StepResult]) -> str:
    """The recorded value, as those show it that show nothing else; several where it is random within bounds."""
    absent: FactValue = {"absent": True}
    values = dict.fromkeys(value_in_words(step.facts.get(fact, absent)) for step in steps)
    return " or ".join(values)


def _parted(mine: Iterable[Sequence[int]], columns: int) -> Partition:
    """Each of these groups, and all the other columns as one more."""
    groups = sorted(tuple(group) for group in mine)
    others = tuple(number for number in range(columns) if not any(number in group for group in groups))
    return (*groups, others) if others else tuple(groups)


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
