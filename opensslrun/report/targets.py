"""Targets as they are on this machine: what is there, what could be had and how, and for whom each stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.table import Table
from rich.text import Text

from opensslrun.pipeline.doctor import Diagnosis, ReaderHere
from opensslrun.report.words import counted, visible
from opensslrun.targets.model import Availability, Available, Need, Target

AVAILABILITY_STYLES = {
    Availability.READY: "green",
    Availability.OBTAINABLE: "yellow",
    Availability.UNOBTAINABLE: "red",
}

_WIDE = 120
"""Columns of a terminal from which on versions have a column of their own; most ids say them."""


def show_targets(states: Sequence[Available], console: Console, today: date) -> None:
    """A row for each target, then how those that are not there could be had, or why not."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("target", no_wrap=True)
    wide = console.width >= _WIDE
    if wide:
        table.add_column("version", no_wrap=True)
    table.add_column("availability", no_wrap=True)
    table.add_column("size", no_wrap=True, justify="right")
    table.add_column("stands for")
    for state in states:
        target = state.target
        table.add_row(
            target.id,
            *([_version(target)] if wide else []),
            Text(state.availability.value, style=AVAILABILITY_STYLES[state.availability]),
            f"{state.size / 1e6:.1f} MB" if state.size else "",
            _stands_for(target, today),
        )
    console.print(table)
    for state in states:
        if state.availability is not Availability.READY:
            console.print(f"{state.target.id}: {visible(state.reason)}", soft_wrap=True)
    ready = [state for state in states if state.availability is Availability.READY]
    runtimes = {state.target.runtime.id: state.shared for state in ready if state.target.runtime is not None}
    megabytes = (sum(state.size - state.shared for state in ready) + sum(runtimes.values())) / 1e6
    console.print(f"{len(ready)} of {counted(len(states), 'target')} ready; their images take {megabytes:.0f} MB")


def _version(target: Target) -> str:
    return f"{target.implementation} {target.version}" if target.implementation and target.version else ""


def _stands_for(target: Target, today: date) -> Text:
    """``Ubuntu 18.04 (the guide's; required; LTS, ended 2023-05-31; stand-in openssl-1.1.1)``."""
    notes = (
        "the guide's" if target.guide_row else "",
        "" if target.need is Need.INFORMATIONAL else target.need.value,
        support(target, today),
        f"stand-in {target.stand_in.target}" if target.stand_in else "",
    )
    said = "; ".join(note for note in notes if note)
    return Text.assemble(visible(target.reader.name), (f" ({said})" if said else "", "dim"))


def support(target: Target, today: date) -> str:
    """``LTS until 2030-04-08``, ``support ended 2025-03-14``: what is known of it; empty where nothing is."""
    lts = "LTS" if target.lts else ""
    if target.end_of_life is None:
        return lts
    if target.end_of_life < today:
        return f"{lts}, ended {target.end_of_life}" if lts else f"support ended {target.end_of_life}"
    return f"{lts or 'supported'} until {target.end_of_life}"


def show_readers_here(diagnosis: Diagnosis, console: Console, today: date) -> None:
    """Whom this machine can run for: by the reader's own target, else by a stand-in that is named; then the counts."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("reader", "target"):
        table.add_column(head, no_wrap=True)
    table.add_column("here")
    for reader in diagnosis.readers:
        target = reader.own.target
        name = Text(visible(target.reader.name), style="bold" if target.guide_row else "")
        table.add_row(name, target.id, _here(reader, today))
    console.print(table)
    console.print()
    counts = Counter(state.availability for state in diagnosis.targets)
    said = [Text(f"{counts[each]} {each}", style=AVAILABILITY_STYLES[each]) for each in Availability]
    console.print(Text.assemble("targets: ", Text(", ").join(said), " ('opensslrun targets list' shows each)"))


def _here(reader: ReaderHere, today: date) -> Text:
    own, stand_in = reader.own, reader.stand_in
    text = Text(own.availability.value, style=AVAILABILITY_STYLES[own.availability])
    if known := support(own.target, today):
        text.append(f"; {known}", style="dim")
    if own.availability is Availability.READY:
        return text
    if stand_in is not None:
        text.append("; else the stand-in ", style="not bold default")
        text.append(f"{stand_in.target.id}, {stand_in.availability}", style=AVAILABILITY_STYLES[stand_in.availability])
    if own.availability is Availability.UNOBTAINABLE:
        text.append(f": {visible(own.reason)}", style="dim")
    return text


def target_as_data(state: Available) -> dict[str, object]:
    """A target for ``--format json``: what it is, whom it stands for, and whether it is there."""
    target = state.target
    return {
        "id": target.id,
        "availability": state.availability,
        "reason": state.reason,
        "size": state.size,
        "implementation": target.implementation,
        "version": target.version,
        "platform": target.platform,
        "need": target.need,
        "reader": target.reader.name,
        "guide_row": target.guide_row,
        "stand_in": target.stand_in.target if target.stand_in else None,
        "lacks": target.stand_in.lacks if target.stand_in else None,
        "lts": target.lts,
        "released": target.released.isoformat() if target.released else None,
        "end_of_life": target.end_of_life.isoformat() if target.end_of_life else None,
    }
