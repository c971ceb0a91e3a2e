"""Two runs held against each other, on a terminal: the regressions first and the answer last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.compare.facts import FactChange, Kind
from opensslrun.report.compare.lines import Twin
from opensslrun.report.compare.runs import CellChange, Comparison, counts_of
from opensslrun.report.words import counted, names_in_words, shortened, value_in_words, visible

_FEW_FACTS = 6
"""Facts of a group of cells that are shown; the JSON document has them all."""
_FEW_CASES = 6
"""Cases that changed alike, or cannot be compared alike, and are named."""
_FEW_GROUPS = 20
"""Groups of cells that changed as predicted, or got better, and are shown; regressions are always."""
_LINES = 2
"""Lines of the terminal that one value may take."""

_HEADINGS: Mapping[Kind, tuple[str, str]] = {
    Kind.WORSE: ("Worse", "bold red"),
    Kind.GONE: ("Ran before, does not run now", "bold red"),
    Kind.SECURITY: ("A known difference of security that was not there", "bold red"),
    Kind.PREDICTED: ("Changed, as predicted", "bold"),
    Kind.BETTER: ("Better", "bold green"),
    Kind.RUNS: ("Did not run before, runs now", "bold"),
}


def show_comparison(comparison: Comparison, console: Console) -> None:
    """The whole comparison, fitted to the console's width."""
    for kind in Kind:
        _show_kind(kind, [change for change in comparison.changes if change.kind is kind], console)
    for stale in comparison.newly_stale:
        console.print(Text.assemble(("stale", "bold red"), f"  {visible(stale.id)}: {visible(stale.reason)}"))
    for target in comparison.newly_broken:
        console.print(Text.assemble(("broke down", "bold red"), f"  {visible(target.id)}: {visible(target.reason)}"))
    for line in (*_moved(comparison), *_not_compared(comparison)):
        console.print(Text(line, style="yellow"))
    console.print(_answer(comparison))


_Alike = tuple[object, ...]


def _show_kind(kind: Kind, changes: Sequence[CellChange], console: Console) -> None:
    if not changes:
        return
    heading, style = _HEADINGS[kind]
    console.print(Text(heading, style=style))
    groups: dict[_Alike, list[CellChange]] = {}
    for change in changes:
        groups.setdefault(_signature(change), []).append(change)
    shown = list(groups.values())
    for group in shown if kind.is_worse else shown[:_FEW_GROUPS]:
        _show_group(group, console)
    if not kind.is_worse and len(shown) > _FEW_GROUPS:
        left = sum(len(group) for group in shown[_FEW_GROUPS:])
        console.print(Padding(Text(f"and {left} more, which --format json has"), (0, 0, 0, 2), expand=False))
    console.print()


def _signature(change: CellChange) -> _Alike:
    """What makes two cells the same to a reader: they went the same way, by the same facts."""
    facts = tuple(
        (fact.fact, repr(fact.before), repr(fact.after), fact.was, fact.now, fact.by) for fact in change.facts
    )
    return (change.was, change.now, "" if facts else change.reason, facts)


def _show_group(group: Sequence[CellChange], console: Console) -> None:
    """Who changed, then by what."""
    first = group[0]
    was, now = (verdict.value if verdict else "not in the run" for verdict in (first.was, first.now))
    heading = Text.assemble((f"{was} → {now}" if was != now else f"{now} as before", "bold"))
    console.print(Padding(heading, (0, 0, 0, 2), expand=False))
    for line in _who(group):
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 4), expand=False))
    facts = sorted(first.facts, key=lambda fact: fact.kind.rank)
    for fact in facts[:_FEW_FACTS]:
        _show_fact(fact, console)
    if len(facts) > _FEW_FACTS:
        more = f"and {counted(len(facts) - _FEW_FACTS, 'fact')} more, which --format json has"
        console.print(Padding(Text(more, style="dim"), (0, 0, 0, 4), expand=False))
    if first.reason and (not facts or first.now in {Verdict.ERROR, Verdict.HUNG}):
        console.print(Padding(Text(visible(first.reason)), (0, 0, 0, 4), expand=False))


def _who(group: Sequence[CellChange]) -> Iterator[str]:
    """The cases and the targets, each set of targets once."""
    targets: dict[str, list[tuple[str, ...]]] = {}
    for change in group:
        targets.setdefault(change.case, []).append(change.after or change.before)
    cases: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for case, names in targets.items():
        cases.setdefault(tuple(names), []).append(case)
    for on, alike in cases.items():
        yield f"{_few(alike)} on {_targets_in_words(on)}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - _FEW_CASES
    return ", ".join(map(visible, names[:_FEW_CASES])) + (f" and {more} more" if more > 0 else "")


def _targets_in_words(on: Sequence[tuple[str, ...]]) -> str:
    """Targets in the new run where they are there; of pairs, who reads whose files, producers alike once."""
    cells = [names[0] for names in on if len(names) == 1]
    consumers: dict[str, list[str]] = {}
    for names in on:
        if len(names) > 1:
            consumers.setdefault(names[0], []).append(names[1])
    producers: dict[tuple[str, ...], list[str]] = {}
    for producer, read_by in consumers.items():
        producers.setdefault(tuple(read_by), []).append(producer)
    pairs = [
        f"{names_in_words(read_by)} with the files of {names_in_words(made_by)}"
        for read_by, made_by in producers.items()
    ]
    return ", and on ".join([*([names_in_words(cells)] if cells else []), *pairs])


def _show_fact(fact: FactChange, console: Console) -> None:
    room = _LINES * (console.width - 8)
    console.print(
        Padding(Text(shortened(visible(fact.run), console.width - 4), style="dim"), (0, 0, 0, 4), expand=False)
    )
    before, after = value_in_words(fact.before), value_in_words(fact.after)
    if before != after and shortened(before, room) != shortened(after, room):
        before, after = shortened(before, room), shortened(after, room)
    line = Text.assemble((visible(fact.fact), "bold"), ": ")
    line.append(f"{before} → {after}" if before != after else f"still {after}")
    line.append(_why(fact))
    console.print(Padding(line, (0, 0, 0, 6), expand=False))


def _why(fact: FactChange) -> str:
    """What is to be made of it."""
    if fact.promise and fact.now.is_found:
        return f"; promised: {visible(fact.promise)}"
    if fact.now.is_found:
        return f"; {visible(fact.by)} predicts something else" if fact.by else "; nothing predicts it"
    if fact.kind is Kind.GONE:
        return "; it did not come to this step"
    return "; as recorded" if fact.by in {"record", ""} else f"; {visible(fact.by)}"


def _moved(comparison: Comparison) -> Iterator[str]:
    """Targets that are not the same release in both."""
    for twin in comparison.common.twins.both:
        one, other = _release(twin.before), _release(twin.after)
        if one is None or other is None or (one == other and not twin.by_line):
            continue
        names = visible(twin.before.id) if not twin.by_line else f"{visible(twin.before.id)} → {visible(twin.after.id)}"
        yield f"{names}: {one} → {other}{_line_in_words(twin)}"


def _line_in_words(twin: Twin) -> str:
    return ", which is another release line" if twin.moved else ""


def _release(target: m.TargetResult) -> str | None:
    return visible(f"{target.implementation} {target.version}") if target.version else None


def _not_compared(comparison: Comparison) -> Iterator[str]:
    """Whatever has no counterpart, and why."""
    common = comparison.common
    for side in comparison.interrupted:
        yield f"the {side.value} run was interrupted; what it did not come to is not taken for good"
    if comparison.swapped:
        yield "the new run was made before the old one; give the older result first"
    if comparison.other_code and comparison.changes:
        yield "the two runs were made by different opensslrun, which may draw facts in another way"
    named = (
        ("only in the old run", "target", [target.id for target in common.twins.only_before]),
        ("only in the new run", "target", [target.id for target in common.twins.only_after]),
        ("of another implementation in the new run", "target", list(common.twins.other)),
        ("changed in between", "case", list(common.changed)),
        ("only in the old run", "case", list(common.only_before)),
        ("only in the new run", "case", list(common.only_after)),
    )
    for why, noun, names in named:
        if names:
            said = _few(names) if noun == "case" else names_in_words(names)
            yield f"not compared: {counted(len(names), noun)} {why}: {said}"
    if comparison.unasked:
        yield f"not compared: {comparison.unasked} cells or pairs that the new run was not asked for"
    if common.by_commands:
        yield "a result does not say what its cases are; those with the same command lines are taken for the same"


def _answer(comparison: Comparison) -> Text:
    """How it went, and on what that rests."""
    cells, pairs = (counts_of(comparison, pairs=each) for each in (False, True))
    words = {
        Kind.WORSE: "worse",
        Kind.GONE: "no longer run",
        Kind.SECURITY: "with a new known difference of security",
        Kind.PREDICTED: "changed as predicted",
        Kind.BETTER: "better",
        Kind.RUNS: "newly run",
    }
    parts = [f"{_counted(cells[kind], pairs[kind])} {words[kind]}" for kind in Kind if cells[kind] or pairs[kind]]
    if comparison.newly_stale:
        parts.insert(0, f"{counted(len(comparison.newly_stale), 'known difference')} newly disproved")
    if comparison.newly_broken:
        parts.insert(0, f"{counted(len(comparison.newly_broken), 'target')} newly broken down")
    answer = Text()
    answer.append(", ".join(parts) or "nothing changed", style="bold red" if comparison.is_worse else "bold green")
    answer.append(f". {counted(comparison.facts, 'fact')} of {_counted(comparison.cells, comparison.pairs)} compared.")
    return answer


def _counted(cells: int, pairs: int) -> str:
    """``2 cells``, ``3 pairs``, ``2 cells and 3 pairs``; pairs are of producer and consumer."""
    both = ((cells, "cell"), (pairs, "pair"))
    return " and ".join(counted(number, noun) for number, noun in both if number) or counted(0, "cell")
