"""``opensslrun completion``."""

from __future__ import annotations

import argparse

import shtab

import opensslrun
from opensslrun.cli.output import out
from opensslrun.cli.parsers import build_parser
from opensslrun.errors import ExitStatus


def run(args: argparse.Namespace) -> ExitStatus:
    """Print the script that makes this shell complete commands and options."""
    script = shtab.complete(build_parser(opensslrun.__version__), args.shell)
    out().out(script, highlight=False)
    return ExitStatus.OK
