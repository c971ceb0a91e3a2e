"""``opensslrun explain``: the catalogue, for people and for programs."""

from __future__ import annotations

import argparse
import json

from opensslrun.cli.output import out
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.plan import catalogue_of
from opensslrun.report.explain import show_catalogue, show_difference


def run(args: argparse.Namespace) -> ExitStatus:
    """Print the catalogue or one entry of it."""
    catalogue = catalogue_of(args.differences)
    entries = (catalogue.entry(args.id),) if args.id else catalogue.entries
    console = out()
    if args.format == "json":
        document = {"differences": [entry.model_dump(mode="json") for entry in entries]}
        console.out(json.dumps(document, indent=1, ensure_ascii=False), highlight=False)
    elif args.id:
        show_difference(entries[0], console)
    else:
        show_catalogue(entries, console)
    return ExitStatus.OK
