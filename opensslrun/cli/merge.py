"""``opensslrun matrix merge``."""

from __future__ import annotations

import argparse

from opensslrun.cli.output import err
from opensslrun.cli.shown import show_concluded
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.merge import Own, merge
from opensslrun.pipeline.session import Session, check_writable, write_result


def run(args: argparse.Namespace) -> ExitStatus:
    """Join the results, write and show the whole, and say by the exit status what it amounts to."""
    check_writable(args.out)
    result = merge(args.results, Own(args.targets_file, args.cases_dir, args.differences))
    session = Session(result)
    write_result(session, args.out)
    conclusion = show_concluded(session, args.format)
    err().print(f"result: {args.out}", soft_wrap=True)
    return conclusion.status
