"""Producer by consumer on a terminal: a table for each case in which it matters who made the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.grid import key_of, marked, ruler
from opensslrun.report.marks import severities_of, shown_by
from opensslrun.report.words import counted, visible

Shown = Mapping[tuple[str, str], Verdict | Severity]
"""What each pair of one case shows, by producer and consumer."""


def show_pairs(result: m.Result, console: Console) -> None:
    """The tables, then a line about all other pairs. Nothing for a result without pairs."""
    if not result.pairs:
        return
    paired = {name for pair in result.pairs for name in (pair.producer, pair.consumer)}
    names = [target.id for target in result.targets if target.id in paired]
    alike = 0
    for case, shown in pairs_by_case(result).items():
        if not matters_who_made_it(shown, names):
            alike += len(shown)
            continue
        console.print()
        console.print(Text.assemble((case, "bold"), "  made by (down), read by (across)"))
        console.print(_table(shown, names))
        console.print(key_of(set(shown.values())))
    if alike:
        console.print()
        console.print(f"{counted(alike, 'pair')}: each version reads what any other made as it reads its own.")


def pairs_in_words(result: m.Result) -> Text:
    """``, 4356 pairs as predicted``; what was not comes first. Empty for a result without pairs."""
    if not result.pairs:
        return Text()
    counts = result.summary.pair_verdicts
    found = counts.error + counts.hung + counts.fail + counts.new
    text = Text()
    if found:
        text.append(f", {counted(found, 'pair')} of producer and consumer not as predicted", style="bold red")
    good = counts.pass_ + counts.known
    text.append(f", {good if found else counted(good, 'pair') + ' of producer and consumer'} as predicted")
    for number, word in ((counts.unsupported, "unsupported"), (counts.not_run, "not run")):
        if number:
            text.append(f", {counted(number, 'pair')} {word}", style="bold yellow")
    return text


def pairs_by_case(result: m.Result) -> dict[str, dict[tuple[str, str], Verdict | Severity]]:
    """What each pair shows: by case, then by producer and consumer."""
    severities = severities_of(result)
    found: dict[str, dict[tuple[str, str], Verdict | Severity]] = {}
    for pair in result.pairs:
        found.setdefault(pair.case, {})[pair.producer, pair.consumer] = shown_by(pair, severities)
    return found


def matters_who_made_it(shown: Shown, names: Sequence[str]) -> bool:
    """Whether some consumer shows another mark for one producer than for another, or something nobody predicted."""
    if any(isinstance(each, Verdict) and each.is_found for each in shown.values()):
        return True
    return any(len({shown.get((producer, consumer)) for producer in names}) > 1 for consumer in names)


def _table(shown: Shown, names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right", style="dim")
    table.add_column("", no_wrap=True)
    table.add_column(ruler(len(names)), no_wrap=True)
    for number, producer in enumerate(names, 1):
        row = [shown.get((producer, consumer), Verdict.NOT_RUN) for consumer in names]
        table.add_row(str(number), visible(producer), marked(row))
    return table
