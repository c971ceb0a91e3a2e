"""What changes from one version to another, on a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.compare.versions import Change, Move, Shown, Way
from opensslrun.report.differences import Place, show_sides_of
from opensslrun.report.grid import SEVERITY_STYLES
from opensslrun.report.words import counted, visible


def show_move(move: Move, console: Console) -> None:
    """What is not as predicted, then the known differences, worst first, and last the answer."""
    console.print(Text.assemble("From ", (_named(move.before), "bold"), " to ", (_named(move.after), "bold")))
    if move.unexplained:
        console.print()
        console.print(Text("Not as predicted", style="bold red"))
        _show_sides(move.unexplained, move, console)
    for change in move.changes:
        _show_change(change, move, console)
    console.print()
    for case, reason in move.untold.items():
        console.print(Text(f"not compared: {visible(case)}: {visible(reason)}", style="yellow"))
    console.print(_answer(move))


def _named(target: m.TargetResult) -> str:
    stands_in = f", stand-in for {', '.join(target.stand_in_for)}" if target.stand_in_for else ""
    return visible(f"{target.id} ({target.implementation} {target.version}{stands_in})")


def _show_change(change: Change, move: Move, console: Console) -> None:
    severity = Severity(change.entry.severity)
    console.print()
    heading = (
        (visible(change.entry.id), "bold"),
        "  ",
        (severity.value, SEVERITY_STYLES[severity]),
        f"  {_way_in_words(change, move)}: ",
        (visible(change.entry.title), "bold"),
    )
    console.print(Text.assemble(*heading))
    _show_sides(change.shown, move, console)
    advice = Text.assemble(("Write instead: ", "bold"), visible(change.entry.advice))
    console.print(Padding(advice, (0, 0, 0, 2), expand=False))


def _way_in_words(change: Change, move: Move) -> str:
    """On which of the two the title is true."""
    match change.way:
        case Way.APPEARS:
            return f"on {visible(move.after.id)}, not on {visible(move.before.id)}"
        case Way.DISAPPEARS:
            return f"on {visible(move.before.id)}, no longer on {visible(move.after.id)}"
        case Way.CHANGES:
            return "on both, not alike"


def _show_sides(shown: Sequence[Shown], move: Move, console: Console) -> None:
    commands: Mapping[Place, str] = {(each.case, each.step): each.run for each in shown}
    alike: dict[tuple[Place, str, str], list[Shown]] = defaultdict(list)
    for each in shown:
        alike[(each.case, each.step), each.fact, repr((each.before, each.after))].append(each)
    views: dict[Place, list[m.DifferenceResult]] = defaultdict(list)
    for (place, fact, _), members in alike.items():
        made_by = [each.files_of for each in members if each.files_of]
        groups = [
            m.Group(value=members[0].before, targets=[_reader(move.before, made_by)]),
            m.Group(value=members[0].after, targets=[_reader(move.after, made_by)]),
        ]
        views[place].append(m.DifferenceResult(case=place[0], step=place[1], fact=fact, groups=groups, known=None))
    show_sides_of(views, commands, console)


def _reader(target: m.TargetResult, made_by: Sequence[str]) -> str:
    """Who shows it, and with whose files: whose own, the other's, or either's."""
    if not made_by:
        return target.id
    return f"{target.id} with the files of {'either' if len(made_by) > 1 else made_by[0]}"


def _answer(move: Move) -> Text:
    """One sentence: what changes, and on what that rests."""
    parts = []
    for severity in Severity:
        number = sum(1 for change in move.changes if change.entry.severity == severity)
        if number:
            parts.append(f"{number} {severity.value}")
    pairs = f" and {counted(move.pairs, 'pair')} of producer and consumer" if move.pairs else ""
    answer = Text()
    if move.unexplained:
        answer.append(f"{counted(len(move.unexplained), 'fact')} not as predicted, ", style="bold red")
    known = counted(len(move.changes), "known difference")
    answer.append(f"{known} ({', '.join(parts)})" if parts else "nothing changes", style="bold")
    answer.append(f". {counted(move.facts, 'fact')} of {counted(move.cases, 'case')}{pairs} compared")
    if move.untold:
        answer.append(f", {len(move.untold)} not compared", style="bold yellow")
    if move.within:
        answer.append(f"; {move.within} differ within what is recorded")
    answer.append(".")
    return answer
