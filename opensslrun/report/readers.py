"""The readers' rows on a terminal: for whom the commands work, measured on what, and who was not tried."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.words import counted, visible

_FEW = 3
"""Targets that did not run for one reason and are worth that reason in full; of more, one stands for all."""


def show_readers(result: m.Result, console: Console) -> None:
    """A row for each kind of reader that the run speaks for; those it does not speak for are named below."""
    spoken = [row for row in result.readers if row.quality != "not-run"]
    if spoken:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for name in ("reader", "works", "measured on"):
            table.add_column(name, no_wrap=name != "measured on", overflow="fold")
        for row in spoken:
            table.add_row(Text(visible(row.name)), _works(row), _measured(row))
        console.print()
        console.print(table)
    for line in _not_run(result):
        console.print(Padding(line, (0, 0, 0, 0), expand=False))


def readers_in_words(result: m.Result) -> Text | None:
    """``Works for 7 of 8 kinds of reader, 2 of them by a stand-in.``; None when no row of readers was asked for."""
    rows = result.readers
    if not rows:
        return None
    good = [row for row in rows if row.verdict is not None and not Verdict(row.verdict).is_found]
    standing = sum(1 for row in good if row.quality == "stand-in")
    missing = sum(1 for row in rows if row.quality == "not-run")
    style = "bold green" if len(good) == len(rows) else "bold yellow"
    text = Text.assemble(("Works as predicted for ", ""), (f"{len(good)} of {counted(len(rows), 'reader')}", style))
    if standing:
        text.append(f", {standing} of them measured on a stand-in")
    if missing:
        text.append(f"; {missing} not run")
    if wrong := len(rows) - len(good) - missing:
        text.append(f"; not for {wrong}", style="bold red")
    return text.append(".")


def _works(row: m.ReaderResult) -> Text:
    match row.verdict:
        case None:
            return Text("-", style="dim")
        case verdict if Verdict(verdict).is_found:
            return Text("no", style="bold red")
        case Verdict.KNOWN:
            return Text("differs", style="yellow")
        case _:
            return Text("yes", style="green")


def _measured(row: m.ReaderResult) -> Text:
    if row.quality == "stand-in":
        return Text.assemble(
            ("stand-in ", "bold yellow"), visible(row.by or ""), (f"; does not show {visible(row.lacks or '')}", "dim")
        )
    return Text(visible(row.by or ""))


def _not_run(result: m.Result) -> Iterator[Text]:
    """What did not run: each reason where there are few, one of them and the names where there are many."""
    gone = [target for target in result.targets if target.outcome == "not-run"]
    if not gone:
        return
    if len(gone) <= _FEW or len({target.reason for target in gone}) == 1:
        if len({target.reason for target in gone}) == 1:
            yield _line(", ".join(target.id for target in gone), gone[0].reason)
        else:
            for target in gone:
                yield _line(target.id, target.reason)
        return
    needed = [target for target in gone if target.need == "required"]
    for target in needed:
        yield _line(target.id, target.reason)
    others = [target for target in gone if target not in needed]
    if others:
        yield _line(
            f"{len(others)} {'others' if needed else 'targets'}",
            f"{', '.join(target.id for target in others)} (the result has each reason; the first: {others[0].reason})",
        )


def _line(names: str, reason: str) -> Text:
    return Text.assemble(("not run: ", "yellow"), visible(names), (f": {visible(reason)}", "dim"))
