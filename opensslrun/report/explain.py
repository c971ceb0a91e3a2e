"""The catalogue on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensslrun.judge.schema import Difference, Where
from opensslrun.report.grid import SEVERITY_STYLES
from opensslrun.report.words import value_in_words


def show_catalogue(entries: Sequence[Difference], console: Console) -> None:
    """A line an entry, worst first."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("id", "severity"):
        table.add_column(name, no_wrap=True)
    table.add_column("difference")
    for entry in sorted(entries, key=lambda entry: (entry.severity.rank, entry.id)):
        table.add_row(entry.id, Text(entry.severity.value, style=SEVERITY_STYLES[entry.severity]), Text(entry.title))
    console.print(table)


def _in_words(place: Where) -> str:
    """``the command 'openssl genrsa *'``, ``step 1 of the case verify-expired``: what is ``*`` goes without saying."""
    parts = [f"step {place.step}"] if place.step != "*" else []
    parts += [f"the case {place.case}"] if place.case != "*" else []
    said = " of ".join(parts)
    if place.run == "*":
        return said or "everywhere"
    unless = f" unless it is '{place.unless}'" if place.unless is not None else ""
    return f"the command '{place.run}'{unless}" + (f" in {said}" if said else "")


def show_difference(entry: Difference, console: Console) -> None:
    """One entry, with everything a guide's author needs."""
    console.print(
        Text.assemble(
            (entry.id, "bold"),
            "  ",
            (entry.severity.value, SEVERITY_STYLES[entry.severity]),
            "  ",
            (entry.title, "bold"),
        )
    )
    console.print()
    for shown in entry.shows:
        on = shown.on if isinstance(shown.on, str) else " or ".join(shown.on)
        platforms = [shown.platform] if isinstance(shown.platform, str) else shown.platform
        platform = "" if "*" in platforms else f" on {' or '.join(platforms)}"
        console.print(
            Padding(
                Text.assemble((f"{on}{platform}", "bold"), f": {shown.fact} is {value_in_words(shown.value)}"),
                (0, 0, 0, 2),
                expand=False,
            )
        )
    places = "; ".join(_in_words(place) for place in entry.places)
    rows = [("Where", places), ("Why", entry.why), ("Write instead", entry.advice)]
    if entry.since:
        rows.insert(1, ("Since", entry.since))
    if entry.seen_on:
        rows.append(("Seen on", ", ".join(entry.seen_on) + "; what lies between is taken to be alike"))
    if entry.link:
        rows.append(("Link", entry.link))
    for name, text in rows:
        console.print()
        console.print(Text.assemble((f"{name}: ", "bold"), text))
