"""What the command lines of several commands have in common. Only argparse is imported, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
from pathlib import Path

Commands = argparse._SubParsersAction  # noqa: SLF001  (argparse has no public name for it)


def add_command(
    commands: Commands[argparse.ArgumentParser], name: str, says: str, handler: str, description: str | None = None
) -> argparse.ArgumentParser:
    """A command that :mod:`opensslrun.cli` ``.handler`` (``module:function``) runs.

    ``says`` is its line in the list of commands; ``description`` is shown as it is laid out, ``says`` without one.
    """
    parser = commands.add_parser(
        name,
        help=says,
        description=description or says[0].upper() + says[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter if description else argparse.HelpFormatter,
    )
    parser.set_defaults(handler=f"opensslrun.cli.{handler}")
    return parser


def add_format(parser: argparse.ArgumentParser) -> None:
    """``--format``: for people, or one JSON document on stdout."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="text for people, or one JSON document"
    )


def add_targets(parser: argparse.ArgumentParser) -> None:
    """``-t`` and ``--targets-file``: which targets."""
    parser.add_argument(
        "-t", "--target", action="append", default=[], metavar="GLOB", help="only targets with such an id (repeatable)"
    )
    parser.add_argument("--targets-file", type=Path, metavar="F", help="targets of your own, added to the shipped ones")


def add_readers(parser: argparse.ArgumentParser) -> None:
    """``--readers``: which targets, by whom they stand for."""
    parser.add_argument(
        "--readers", metavar="EXPR", help="targets by whom they stand for, as in 'macos>=13,ubuntu-lts' or 'guide'"
    )


def add_shard(parser: argparse.ArgumentParser) -> None:
    """``--shard``: which part of the whole."""
    parser.add_argument("--shard", metavar="I/N", help="only part I of N equally long ones, to be merged afterwards")


def add_cases(parser: argparse.ArgumentParser, *names: str) -> None:
    """``names`` (as ``-c``) and ``--cases-dir``: which cases; and ``--differences``, what is known of them."""
    parser.add_argument(
        *names, dest="case", action="append", default=[], metavar="GLOB", help="only cases with such an id (repeatable)"
    )
    parser.add_argument("--cases-dir", type=Path, metavar="D", help="cases of your own, added to the shipped ones")
    parser.add_argument("--differences", type=Path, metavar="F", help="known differences of your own, added likewise")


def jobs(text: str) -> int:
    """How many at a time. Raises what argparse tells as wrong usage."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
