"""``opensslrun doctor``: this machine against the guide's requirements."""

from __future__ import annotations

import argparse
import json

from rich.table import Table
from rich.text import Text

from opensslrun.cli.output import out
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.doctor import State, diagnose
from opensslrun.report.words import visible

_STYLES = {State.OK: "green", State.NOTE: "yellow", State.MISSING: "bold red"}


def run(args: argparse.Namespace) -> ExitStatus:
    """Print what was found, and exit 3 when something needed cannot be had here."""
    diagnosis = diagnose()
    console = out()
    if args.format == "json":
        document = {
            "checks": [{"name": c.name, "state": c.state, "detail": c.detail} for c in diagnosis.checks],
            "targets": [
                {"id": s.target.id, "availability": s.availability, "reason": s.reason} for s in diagnosis.targets
            ],
        }
        console.out(json.dumps(document, indent=1), highlight=False)
        return diagnosis.status
    table = Table.grid(padding=(0, 2, 0, 0))
    for check in diagnosis.checks:
        table.add_row(
            Text(check.name), Text(check.state.value, style=_STYLES[check.state]), Text(visible(check.detail))
        )
    console.print(table)
    console.print()
    ready = [state.target.id for state in diagnosis.targets if state.availability == "ready"]
    others = [state for state in diagnosis.targets if state.availability != "ready"]
    console.print(Text.assemble("targets ready: ", (", ".join(ready) or "none", "green")))
    for state in others:
        console.print(f"{state.target.id}: {state.availability}: {visible(state.reason)}", soft_wrap=True)
    return diagnosis.status
