"""``opensslrun explain``: the catalogue, for people and for programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from opensslrun.cli.output import err, out, print_document
from opensslrun.errors import ExitStatus
from opensslrun.judge.ranges import ranges_of
from opensslrun.judge.schema import Difference
from opensslrun.pipeline.plan import catalogue_of
from opensslrun.report.explain import show_catalogue, show_difference
from opensslrun.report.read import read_result
from opensslrun.report.sides import show_sides, sides_of

_LAST_RESULT = Path("opensslrun-results.json")


def _show_outputs(entry: str, named: Path | None, console: Console) -> None:
    """What two versions printed in the last run, where there is one here (or the one that was named)."""
    if named is None and not _LAST_RESULT.is_file():
        err().print(f"no result {_LAST_RESULT} here, so no outputs; make one with 'opensslrun matrix run'")
        return
    path = named or _LAST_RESULT
    result = read_result(path)
    sides = sides_of(entry, result)
    if sides is None:
        err().print(f"{path} has no two targets on which {entry} makes a difference")
        return
    console.print()
    show_sides(sides, result, console)


def _ranges(entry: Difference) -> list[dict[str, object]]:
    """For each value and each of its sets of versions: what was measured of it, and the nearest measured beyond."""
    return [
        {
            "fact": shown.fact,
            "on": reach.on,
            "first": reach.first and reach.first.number,
            "last": reach.last and reach.last.number,
            "before": reach.before and reach.before.number,
            "after": reach.after and reach.after.number,
            "start": reach.start,
            "end": reach.end,
        }
        for shown in entry.shows
        for reach in ranges_of(shown, entry.seen)
    ]


def run(args: argparse.Namespace) -> ExitStatus:
    """Print the catalogue or one entry of it."""
    catalogue = catalogue_of(args.differences)
    entries = (catalogue.entry(args.id),) if args.id else catalogue.entries
    console = out()
    if args.format == "json":
        said = [{**entry.model_dump(mode="json"), "ranges": _ranges(entry)} for entry in entries]
        print_document({"differences": said})
    elif args.id:
        show_difference(entries[0], console)
        _show_outputs(entries[0].id, args.results, console)
    else:
        show_catalogue(entries, console)
    return ExitStatus.OK
