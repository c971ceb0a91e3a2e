"""``--pass-file``, ``--pass-env``, ``--pass-fd``: where a command takes its pass phrase from; else it asks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensslrun.driver.passphrase import PassPhrase


def add_options(parser: argparse.ArgumentParser) -> None:
    """The three options. A pass phrase itself is never an argument: every user of a machine can read those."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--pass-file", type=Path, metavar="F", help="a file whose one line is the pass phrase")
    group.add_argument("--pass-env", metavar="V", help="an environment variable that holds it")
    group.add_argument("--pass-fd", type=int, metavar="N", help="an open file descriptor to read one line from")


def read_pass_phrase(args: argparse.Namespace, what: str, *, new: bool) -> PassPhrase:
    """The pass phrase from where the options say, else from a prompt that names ``what``.

    Raises RefusedPassPhraseError.
    """
    from opensslrun.cli.output import err  # noqa: PLC0415  (so that --help is quick)
    from opensslrun.driver import passphrase  # noqa: PLC0415

    if args.pass_file is not None:
        warning = passphrase.exposure(args.pass_file)
        if warning is not None:
            err().print(f"warning: {warning}", soft_wrap=True)
        return passphrase.from_file(args.pass_file)
    if args.pass_env is not None:
        return passphrase.from_env(args.pass_env)
    if args.pass_fd is not None:
        return passphrase.from_fd(args.pass_fd)
    return passphrase.from_prompt(what, new=new)
