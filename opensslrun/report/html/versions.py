"""From one version to another: what changes for a script, chosen by two lists, without any script in the page.

A browser decides by rules of style alone. A row is hidden while the entry changes nothing between the two that are
chosen, as :mod:`opensslrun.report.compare.parted` has it; each of its values is shown while its version is chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, Family
from opensslrun.report.html.differences import Entry
from opensslrun.report.html.facts import Alike, FactDifference, Partition

_FEW = 12
"""Rows of an entry: facts that change for the same versions are alike for a script's author."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact with all its values. ``hidden_by`` and ``shown_by`` number the rules that hide it and show its values."""

    fact: str
    places: int
    run: str
    values: tuple[str, ...]
    hidden_by: int
    shown_by: int


@dataclass(frozen=True, slots=True)
class Changes:
    """An entry of the catalogue and what changes by it."""

    entry: Entry
    hidden_by: int
    rows: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Uncompared:
    """Cases that the same columns did not run, which are not compared with any other. ``shown_by`` numbers the rule."""

    cases: tuple[str, ...]
    shown_by: int


@dataclass(frozen=True, slots=True)
class Versions:
    """The whole view. ``rules`` are the style that makes it work."""

    changes: tuple[Changes, ...]
    uncompared: tuple[Uncompared, ...]
    rules: str
    first: int
    second: int


Of = TypeVar("Of", Alike, Partition)


class _Numbers(Generic[Of]):
    """Numbers for what rules are made of; what is equal has the same."""

    def __init__(self) -> None:
        self.numbers: dict[Of, int] = {}

    def number(self, of: Of) -> int:
        return self.numbers.setdefault(of, len(self.numbers))


def versions_of(entries: Sequence[Entry], columns: Sequence[Column], result: m.Result) -> Versions:
    """The view over all entries, worst first as they are."""
    hiding, showing = _Numbers[Alike](), _Numbers[Partition]()
    changes = [
        Changes(
            entry,
            hiding.number(alike_in(entry.facts, columns)),
            tuple(_change(fact, hiding, showing) for fact in _telling(entry.facts)),
        )
        for entry in entries
        if entry.facts
    ]
    in_nothing = alike_in([fact for entry in entries for fact in entry.facts], columns)
    first, second = _chosen(columns, result)
    not_run = _not_run(columns, result)
    uncompared = tuple(Uncompared(cases, number) for number, cases in enumerate(not_run.values()))
    rules = [
        *(_rule(alike, f".h{number}", "none") for alike, number in hiding.numbers.items()),
        *_showing_rules(showing),
        _rule(in_nothing, ".alike", "block"),
        *(_uncompared_rule(missing, number) for number, missing in enumerate(not_run)),
    ]
    return Versions(tuple(changes), uncompared, "\n".join(rules), first, second)


def _change(fact: FactDifference, hiding: _Numbers[Alike], showing: _Numbers[Partition]) -> Change:
    return Change(
        fact=fact.fact,
        places=len(fact.places),
        run=fact.places[0].run,
        values=fact.values,
        hidden_by=hiding.number(fact.alike),
        shown_by=showing.number(fact.groups),
    )


def _telling(facts: Sequence[FactDifference]) -> list[FactDifference]:
    """The facts seen most often, of every way in which they part the versions at least one."""
    ordered = sorted(facts, key=lambda fact: -len(fact.places))
    first = list({fact.alike: fact for fact in reversed(ordered)}.values())
    rest = [fact for fact in ordered if fact not in first]
    return sorted([*first, *rest[: max(0, _FEW - len(first))]], key=ordered.index)


def alike_in(facts: Iterable[FactDifference], columns: Sequence[Column]) -> Alike:
    """For each column those from which none of these facts makes it change."""
    found = [frozenset(range(len(columns)))] * len(columns)
    for alike in {fact.alike for fact in facts}:
        found = [one & other for one, other in zip(found, alike, strict=True)]
    return tuple(found)


def _chosen_is(side: str, numbers: Iterable[int]) -> str:
    return f":has(:is({','.join(f'#{side}{number}' for number in numbers)}):checked)"


def _rule(alike: Alike, selector: str, display: str) -> str:
    """How it is displayed while the two that are chosen are alike. Columns that are alike to the same share a line."""
    lines: dict[frozenset[int], list[int]] = defaultdict(list)
    for number, others in enumerate(alike):
        lines[others].append(number)
    both = ",".join(
        f"#versions{_chosen_is('from', numbers)}{_chosen_is('to', sorted(others))} {selector}"
        for others, numbers in lines.items()
    )
    return f"{both}{{display:{display}}}"


def _showing_rules(showing: _Numbers[Partition]) -> Iterable[str]:
    for partition, number in showing.numbers.items():
        for place, group in enumerate(partition):
            if group:
                yield (
                    f"#versions{_chosen_is('from', group)} .s{number} .from .g{place},"
                    f"#versions{_chosen_is('to', group)} .s{number} .to .g{place}{{display:inline}}"
                )


def _not_run(columns: Sequence[Column], result: m.Result) -> dict[tuple[int, ...], tuple[str, ...]]:
    """The cases that some columns did not run, by those columns."""
    ran = {(cell.case, cell.target) for cell in result.cells if cell.steps}
    found: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for case in dict.fromkeys(cell.case for cell in result.cells):
        found[tuple(column.number for column in columns if (case, column.id) not in ran)].append(case)
    return {missing: tuple(cases) for missing, cases in found.items() if missing}


def _uncompared_rule(missing: tuple[int, ...], number: int) -> str:
    sides = ",".join(f"#{side}{each}" for side in ("from", "to") for each in missing)
    return f"#versions:has(:is({sides}):checked) .u{number}{{display:block}}"


def _chosen(columns: Sequence[Column], result: m.Result) -> tuple[int, int]:
    """What is chosen from the start: from the oldest OpenSSL 1.1.1 to the newest long-lived OpenSSL 3."""
    lts = {target.id for target in result.targets if target.lts}
    old = [column for column in columns if column.family is Family.OPENSSL_1_1_1]
    new = [column for column in columns if column.family is Family.OPENSSL_3]
    kept = [column for column in new if column.id in lts] or new
    first = (old or list(columns))[0].number if columns else 0
    second = (kept or list(columns))[-1].number if columns else 0
    return first, second
