"""Everything a result shows, by who showed it: a target in its cells, a consumer with a producer's files in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.report.model import CellResult, PairResult, Result

_WITH = " with the files of "


def pair_name(producer: str, consumer: str) -> str:
    """A pair in words: ``libressl-3.0.2 with the files of debian-13``. No target's id holds a blank."""
    return f"{consumer}{_WITH}{producer}"


def targets_of(who: str) -> tuple[str, ...]:
    """The targets of a name: the consumer, then the producer where there is one."""
    consumer, _, producer = who.partition(_WITH)
    return (consumer, producer) if producer else (consumer,)


@dataclass(frozen=True, slots=True)
class Block:
    """Some of those who showed something: each of these consumers, with the files of each of these producers.

    ``producers`` are empty for cells.
    """

    consumers: tuple[str, ...]
    producers: tuple[str, ...]


def blocks(names: Iterable[str]) -> list[Block]:
    """These names, as few blocks."""
    producers: dict[str, list[str]] = {}
    for name in names:
        consumer, *producer = targets_of(name)
        producers.setdefault(consumer, []).extend(producer)
    consumers: dict[tuple[str, ...], list[str]] = {}
    for consumer, made in producers.items():
        consumers.setdefault(tuple(made), []).append(consumer)
    return [Block(tuple(found), made) for made, found in consumers.items()]


Shown = CellResult | PairResult


def shown_in(result: Result) -> dict[str, dict[str, Shown]]:
    """Cells by case and target."""
    found: dict[str, dict[str, Shown]] = {}
    for cell in result.cells:
        found.setdefault(cell.case, {})[cell.target] = cell
    return found


def pairs_shown_in(result: Result) -> dict[str, dict[str, Shown]]:
    """Pairs by case and name."""
    found: dict[str, dict[str, Shown]] = {}
    for pair in result.pairs:
        found.setdefault(pair.case, {})[pair_name(pair.producer, pair.consumer)] = pair
    return found


def observed(shown: Mapping[str, Shown]) -> dict[str, Shown]:
    """Those that ran, and whose facts can be believed."""
    return {name: each for name, each in shown.items() if each.steps and each.verdict != Verdict.ERROR}


def everything_shown(results: Sequence[Result]) -> list[dict[tuple[str, str], Shown]]:
    """Of each result, cells and pairs by case and name."""
    return [
        {
            (case, name): each
            for kind in (shown_in(result), pairs_shown_in(result))
            for case, by_name in kind.items()
            for name, each in by_name.items()
        }
        for result in results
    ]
