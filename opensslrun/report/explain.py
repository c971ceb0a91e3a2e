"""The catalogue on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensslrun.driver.version import Version
from opensslrun.judge.ranges import ranges_of
from opensslrun.judge.schema import Difference, Shown, Where
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
    cases = [place.case] if isinstance(place.case, str) else place.case
    parts += [f"the case{'s' if len(cases) > 1 else ''} {', '.join(cases)}"] if "*" not in cases else []
    said = " of ".join(parts)
    if place.run == "*":
        return said or "everywhere"
    unless = f" unless it is '{place.unless}'" if place.unless is not None else ""
    return f"the command '{place.run}'{unless}" + (f" in {said}" if said else "")


def _alike(entry: Difference) -> list[list[Shown]]:
    """Its values by the versions that show them, in its order."""
    groups: dict[str, list[Shown]] = {}
    for shown in entry.shows:
        groups.setdefault(_where_shown(shown), []).append(shown)
    return list(groups.values())


def _where_shown(shown: Shown) -> str:
    on = shown.on if isinstance(shown.on, str) else " or ".join(shown.on)
    platforms = [shown.platform] if isinstance(shown.platform, str) else shown.platform
    targets = [shown.target] if isinstance(shown.target, str) else shown.target
    platform = "" if "*" in platforms else f" on {' or '.join(platforms)}"
    return on + platform + ("" if "*" in targets else f" (only {' or '.join(targets)})") + _made(shown)


def _narrowed(shown: Shown) -> str:
    """Where an entry says one thing here and another there: the cases and commands of this value."""
    cases = [shown.case] if isinstance(shown.case, str) else shown.case
    parts = [] if "*" in cases else [", ".join(cases)]
    parts += [] if shown.run == "*" else [f"'{shown.run}'"]
    return f" ({'; '.join(parts)})" if parts else ""


def _tested(entry: Difference) -> str:
    """The steps that run the advice, or why there are none."""
    if not entry.tests:
        return f"no: {entry.untested}" if entry.untested else "by no case"
    return "; ".join(
        f"by step {test.step} of the case {test.case}"
        + (f", where every target shows the same {', '.join(test.facts)}" if test.facts else ", the same everywhere")
        for test in entry.tests
    )


def names_of_versions(versions: Sequence[Version]) -> str:
    """``OpenSSL 1.1.1, 3.0.2; LibreSSL 3.0.2``."""
    by_kind: dict[str, list[str]] = {}
    for version in versions:
        by_kind.setdefault(version.implementation.value, []).append(f"{version.number}{version.suffix}")
    return "; ".join(f"{kind} {', '.join(numbers)}" for kind, numbers in sorted(by_kind.items(), reverse=True))


def _made(shown: Shown) -> str:
    """Of a value that is for pairs alone: ``, with files made by OpenSSL < 3.0``."""
    words = ""
    for word, said in (("by", shown.made_by), ("on", shown.made_on)):
        if said is not None:
            words += (
                f"{' ' if words else ', with files made '}{word} {said if isinstance(said, str) else ' or '.join(said)}"
            )
    return words


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
    for group in _alike(entry):
        console.print(Padding(Text(_where_shown(group[0]), style="bold"), (0, 0, 0, 2), expand=False))
        for reach in ranges_of(group[0], entry.seen):
            words = " ".join(part for part in (reach.start, reach.end) if part)
            console.print(Padding(Text(f"{reach.on}: {words}", style="dim"), (0, 0, 0, 4), expand=False))
        for shown in group:
            narrowed = _narrowed(shown)
            said = f"{shown.fact} is {value_in_words(shown.value)}{narrowed}"
            console.print(Padding(Text(said), (0, 0, 0, 4), expand=False))
    places = "; ".join(_in_words(place) for place in entry.places)
    rows = [("Where", places), ("Why", entry.why), ("Write instead", entry.advice)]
    if entry.since:
        rows.insert(1, ("Since", entry.since))
    rows.append(("Tested", _tested(entry)))
    if entry.seen_on:
        rows.append(("Seen on", names_of_versions(entry.seen)))
    if entry.link:
        rows.append(("Link", entry.link))
    for name, text in rows:
        console.print()
        console.print(Text.assemble((f"{name}: ", "bold"), text))
