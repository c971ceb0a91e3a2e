"""``opensslrun doctor``: this machine against the guide's requirements."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from opensslrun.cli.output import out, print_document
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.doctor import State, diagnose
from opensslrun.report.targets import show_readers_here, target_as_data
from opensslrun.report.words import visible

_STYLES = {State.OK: "green", State.NOTE: "yellow", State.MISSING: "bold red"}


def run(args: argparse.Namespace) -> ExitStatus:
    """Print what was found, and exit 3 when something needed cannot be had here."""
    diagnosis = diagnose()
    console = out()
    if args.format == "json":
        document = {
            "checks": [{"name": c.name, "state": c.state, "detail": c.detail} for c in diagnosis.checks],
            "targets": [target_as_data(state) for state in diagnosis.targets],
            "readers": [
                {
                    "name": reader.own.target.reader.name,
                    "guide_row": reader.own.target.guide_row,
                    "target": reader.own.target.id,
                    "availability": reader.own.availability,
                    "stand_in": reader.stand_in.target.id if reader.stand_in else None,
                    "stand_in_availability": reader.stand_in.availability if reader.stand_in else None,
                }
                for reader in diagnosis.readers
            ],
        }
        print_document(document)
        return diagnosis.status
    table = Table.grid(padding=(0, 2, 0, 0))
    for check in diagnosis.checks:
        table.add_row(
            Text(check.name), Text(check.state.value, style=_STYLES[check.state]), Text(visible(check.detail))
        )
    console.print(table)
    console.print()
    show_readers_here(diagnosis, console, datetime.now(UTC).date())
    return diagnosis.status
