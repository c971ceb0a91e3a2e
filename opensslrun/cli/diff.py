"""``opensslrun matrix diff``: two runs, or two versions within one."""

from __future__ import annotations

import argparse
from pathlib import Path

from opensslrun.cli.output import out, print_document
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.report.compare.document import comparison_document, move_document
from opensslrun.report.compare.narrow import with_cases, with_targets
from opensslrun.report.compare.runs import compare_runs
from opensslrun.report.compare.showruns import show_comparison
from opensslrun.report.compare.showversions import show_move
from opensslrun.report.compare.versions import move_between
from opensslrun.report.read import read_result

RESULTS = Path("opensslrun-results.json")


def run(args: argparse.Namespace) -> ExitStatus:
    """Two files are two runs; ``--from`` and ``--to`` are two versions within one."""
    if args.start is None and args.end is None:
        return _runs(args)
    if args.start is None or args.end is None:
        raise UsageError("matrix diff needs --from and --to, both; or two results and neither")
    if len(args.results) > 1:
        raise UsageError("matrix diff --from … --to … compares within one result; give one file")
    if args.target:
        raise UsageError("-t narrows the comparison of two runs; --from and --to name the two targets already")
    (result,) = with_cases([read_result(*(args.results or [RESULTS]))], args.case)
    move = move_between(result, args.start, args.end)
    if args.format == "json":
        print_document(move_document(move))
    else:
        show_move(move, out())
    return ExitStatus.OK


def _runs(args: argparse.Namespace) -> ExitStatus:
    if len(args.results) != 2:
        raise UsageError("matrix diff compares OLD.json with NEW.json; or give --from and --to, and one result")
    old, new = with_cases([read_result(path) for path in args.results], args.case)
    comparison = compare_runs(*with_targets(old, new, args.target))
    if args.format == "json":
        print_document(comparison_document(comparison))
    else:
        show_comparison(comparison, out())
    return ExitStatus.FOUND if comparison.is_worse else ExitStatus.OK
