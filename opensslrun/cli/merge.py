"""``opensslrun matrix merge``."""

from __future__ import annotations

import argparse

from opensslrun.cli.output import err, out
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.merge import Own, merge
from opensslrun.pipeline.session import check_writable, result_as_json, write_result
from opensslrun.pipeline.status import conclude
from opensslrun.report.terminal import show_result


def run(args: argparse.Namespace) -> ExitStatus:
    """Join the results, write and show the whole, and say by the exit status what it amounts to."""
    check_writable(args.out)
    result = merge(args.results, Own(args.targets_file, args.cases_dir, args.differences))
    write_result(result, args.out)
    if args.format == "json":
        out().out(result_as_json(result), end="", highlight=False)
    else:
        show_result(result, out())
    conclusion = conclude(result)
    for reason in conclusion.reasons:
        err().print(f"opensslrun: {reason}", soft_wrap=True)
    err().print(f"result: {args.out}", soft_wrap=True)
    return conclusion.status
