"""The readers' rows on a terminal: for whom the commands work, measured on what, and who was not tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.grid import SEVERITY_STYLES, VERDICT_STYLES
from opensslrun.report.words import counted, names_in_words, shortened, visible

_FEW = 3
"""Targets that did not run for one reason and are worth that reason in full; of more, one stands for all."""

_WIDE = 110
"""Columns of a terminal from which on the differences each reader meets have a column of their own."""

_REASON = 60
"""Characters of the reason why a reader was not run; for the guide's own rows it is not cut."""


def show_readers(result: m.Result, console: Console) -> None:
    """A row for each kind of reader, the guide's own (in bold) first; then the targets that did not run and have none.

    Nothing is shown of a run that asked for no readers.
    """
    if result.readers:
        guide = [row for row in result.readers if row.guide_row is not None]
        others = [row for row in result.readers if row.guide_row is None]
        wide = console.width >= _WIDE
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("reader", no_wrap=True)
        table.add_column("works", no_wrap=True)
        if wide:
            table.add_column("known differences")
        table.add_column("measured on")
        for row in [*guide, *sorted(others, key=lambda row: row.quality == "not-run")]:
            cells = [Text(visible(row.name), style="bold" if row.guide_row else ""), _works(row)]
            if wide:
                cells.append(_differences(row))
            table.add_row(*cells, _measured(row))
        console.print()
        console.print(table)
    rows = {row.target for row in result.readers}
    gone = [target for target in result.targets if target.outcome == "not-run" and target.id not in rows]
    if gone:
        console.print()
    for line in _not_run(gone):
        console.print(line)


def readers_in_words(result: m.Result) -> Text | None:
    """``Works as predicted for 7 of 8 kinds of reader, …``; None when no kind of reader was asked for."""
    rows = result.readers
    if not rows:
        return None
    good = [row for row in rows if is_good(row)]
    style = "bold green" if len(good) == len(rows) else "bold yellow"
    text = Text.assemble("Works as predicted for ", (f"{len(good)} of {counted(len(rows), 'kind')} of reader", style))
    guide = [row for row in rows if row.guide_row is not None]
    if guide and len(guide) < len(rows):
        text.append(f" (the guide's own: {sum(map(is_good, guide))} of {len(guide)})")
    if standing := sum(1 for row in good if row.quality == "stand-in"):
        text.append(f", {standing} of them by a stand-in", style="yellow")
    missing = sum(1 for row in rows if row.quality == "not-run")
    if wrong := len(rows) - len(good) - missing:
        text.append(f"; not for {wrong}", style="bold red")
    if missing:
        text.append(f"; {missing} not run", style="yellow")
    return text.append(".")


def is_good(row: m.ReaderResult) -> bool:
    """Whether everything was as predicted for this kind of reader, known differences included."""
    return row.verdict in {Verdict.PASS, Verdict.KNOWN}


def _works(row: m.ReaderResult) -> Text:
    match row.verdict:
        case None:
            return Text("not run", style="yellow")
        case Verdict.PASS:
            return Text("yes", style=VERDICT_STYLES[Verdict.PASS])
        case Verdict.KNOWN if row.differences.get(Severity.SECURITY):
            return Text("differs: security", style=SEVERITY_STYLES[Severity.SECURITY])
        case Verdict.KNOWN:
            return Text("differs", style=VERDICT_STYLES[Verdict.KNOWN])
        case verdict if Verdict(verdict).is_found:
            return Text(f"no: {visible(verdict)}", style=VERDICT_STYLES[Verdict(verdict)])
        case verdict:
            return Text(visible(verdict), style="yellow")


def _differences(row: m.ReaderResult) -> Text:
    counts = [(severity, row.differences[severity]) for severity in Severity if row.differences.get(severity)]
    return Text(", ").join(Text(f"{number} {severity}", style=SEVERITY_STYLES[severity]) for severity, number in counts)


def _measured(row: m.ReaderResult) -> Text:
    """On what; for a stand-in with what that does not show, and for nothing at all with the reason."""
    if row.by is None:
        reason = visible(row.reason.removeprefix(f"{row.target} could not be had by any of its routes: "))
        return Text(reason if row.guide_row else shortened(reason, _REASON), style="dim")
    text = Text(visible(row.by))
    if row.quality == "stand-in":
        lacks = visible(row.lacks or "what differs between the two")
        text = Text.assemble(("stand-in ", "bold yellow"), text, f"; does not show {lacks}")
    if row.untried:
        text.append(f"; {counted(row.untried, 'case')} could not run", style="yellow")
    return text


def _not_run(gone: Sequence[m.TargetResult]) -> Iterator[Text]:
    """What did not run: each reason where there are few, one of them and the names where there are many."""
    if not gone:
        return
    reasons = {target.reason for target in gone}
    if len(reasons) == 1:
        yield _line(names_in_words([target.id for target in gone]), gone[0].reason)
        return
    needed = [target for target in gone if target.need == "required" or len(gone) <= _FEW]
    for target in needed:
        yield _line(target.id, target.reason)
    others = [target for target in gone if target not in needed]
    if others:
        names = names_in_words([target.id for target in others])
        yield _line(
            f"{len(others)} {'others' if needed else 'targets'}",
            f"{names} (the result has each reason; the first: {others[0].reason})",
        )


def _line(names: str, reason: str) -> Text:
    return Text.assemble(("not run: ", "yellow"), visible(names), (f": {visible(reason)}", "dim"))
