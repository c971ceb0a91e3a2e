"""From one version to another: what changes for a script, chosen by two lists, without any script in the page.

A browser decides by rules of style alone. Columns that show the same of a fact form a group; a row is hidden while
both chosen versions are in one group, and each of its values is shown while its version is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opensslrun.report import model as m
from opensslrun.report.html.columns import Column, Family
from opensslrun.report.html.differences import Entry
from opensslrun.report.html.facts import FactDifference, Partition

_FEW = 12
"""Rows of an entry: facts that change for the same versions are alike for a script's author."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact with all its values. ``hidden_by`` numbers the partition that hides it, ``shown_by`` its values' one."""

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
class Versions:
    """The whole view. ``rules`` are the style that makes it work."""

    changes: tuple[Changes, ...]
    rules: str
    first: int
    second: int


class _Partitions:
    """Numbers for partitions; equal ones have the same."""

    def __init__(self) -> None:
        self.numbers: dict[Partition, int] = {}

    def number(self, partition: Partition) -> int:
        return self.numbers.setdefault(partition, len(self.numbers))


def versions_of(entries: Sequence[Entry], columns: Sequence[Column], result: m.Result) -> Versions:
    """The view over all entries, worst first as they are."""
    hiding, showing = _Partitions(), _Partitions()
    changes = [
        Changes(
            entry,
            hiding.number(_joined([fact.mine for fact in entry.facts], columns)),
            tuple(_change(fact, hiding, showing, columns) for fact in _telling(entry.facts)),
        )
        for entry in entries
        if entry.facts
    ]
    all_alike = _joined([fact.mine for entry in entries for fact in entry.facts], columns)
    first, second = _chosen(columns, result)
    rules = [*_hiding_rules(hiding), *_showing_rules(showing), *_alike_rules(all_alike)]
    return Versions(tuple(changes), "\n".join(rules), first, second)


def _change(fact: FactDifference, hiding: _Partitions, showing: _Partitions, columns: Sequence[Column]) -> Change:
    ran = {number for group in fact.groups for number in group}
    others = tuple(column.number for column in columns if column.number not in ran)
    return Change(
        fact=fact.fact,
        places=len(fact.places),
        run=fact.places[0].run,
        values=(*fact.values, "(did not run)") if others else fact.values,
        hidden_by=hiding.number(fact.mine),
        shown_by=showing.number((*fact.groups, others) if others else fact.groups),
    )


def _telling(facts: Sequence[FactDifference]) -> list[FactDifference]:
    """The facts seen most often, of every way in which they part the versions at least one."""
    ordered = sorted(facts, key=lambda fact: -len(fact.places))
    first = list({fact.mine: fact for fact in reversed(ordered)}.values())
    rest = [fact for fact in ordered if fact not in first]
    return sorted([*first, *rest[: max(0, _FEW - len(first))]], key=ordered.index)


def _joined(partitions: Iterable[Partition], columns: Sequence[Column]) -> Partition:
    """The partition that parts two columns wherever one of these does."""
    labels: dict[int, list[int]] = {column.number: [] for column in columns}
    for partition in partitions:
        place = {number: part for part, numbers in enumerate(partition) for number in numbers}
        for number, label in labels.items():
            label.append(place[number])
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, label in labels.items():
        groups.setdefault(tuple(label), []).append(number)
    return tuple(map(tuple, groups.values()))


def _chosen_is(side: str, numbers: Iterable[int]) -> str:
    return f":has(:is({','.join(f'#{side}{number}' for number in numbers)}):checked)"


def _hiding_rules(hiding: _Partitions) -> Iterable[str]:
    for partition, number in hiding.numbers.items():
        both = ",".join(
            f"#versions{_chosen_is('from', group)}{_chosen_is('to', group)} .h{number}" for group in partition
        )
        yield f"{both}{{display:none}}"


def _showing_rules(showing: _Partitions) -> Iterable[str]:
    for partition, number in showing.numbers.items():
        for place, group in enumerate(partition):
            if group:
                yield (
                    f"#versions{_chosen_is('from', group)} .s{number} .from .g{place},"
                    f"#versions{_chosen_is('to', group)} .s{number} .to .g{place}{{display:inline}}"
                )


def _alike_rules(alike: Partition) -> Iterable[str]:
    both = ",".join(f"#versions{_chosen_is('from', group)}{_chosen_is('to', group)} .alike" for group in alike)
    yield f"{both}{{display:block}}"


def _chosen(columns: Sequence[Column], result: m.Result) -> tuple[int, int]:
    """What is chosen from the start: from the oldest OpenSSL 1.1.1 to the newest long-lived OpenSSL 3."""
    lts = {target.id for target in result.targets if target.lts}
    old = [column for column in columns if column.family is Family.OPENSSL_1_1_1]
    new = [column for column in columns if column.family is Family.OPENSSL_3]
    kept = [column for column in new if column.id in lts] or new
    first = (old or list(columns))[0].number if columns else 0
    second = (kept or list(columns))[-1].number if columns else 0
    return first, second
