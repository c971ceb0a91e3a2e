"""``--pass-file``, ``--pass-env``, ``--pass-fd``: where a command takes its pass phrase from; else it asks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensslrun.driver.passphrase import PassPhrase


def add_options(parser: argparse.ArgumentParser, *, before: str = "", whose: str = "") -> None:
    """The three options. A pass phrase itself is never an argument: every user of a machine can read those.

    Where a command takes two pass phrases, ``before`` begins the second one's options (``key-``), and ``whose``
    (``of the new key``) is said in the help.
    """
    which = f"the pass phrase {whose}".strip()
    group = parser.add_mutually_exclusive_group()
    group.add_argument(f"--{before}pass-file", type=Path, metavar="F", help=f"a file whose one line is {which}")
    group.add_argument(f"--{before}pass-env", metavar="V", help=f"an environment variable that holds {which}")
    group.add_argument(
        f"--{before}pass-fd", type=int, metavar="N", help=f"an open file descriptor; one line of it is {which}"
    )


def source(args: argparse.Namespace, before: str = "") -> tuple[Path | None, str | None, int | None]:
    """What the three options say: file, variable, descriptor; all None where a prompt is to ask."""
    found = vars(args)
    start = before.replace("-", "_")
    return found[f"{start}pass_file"], found[f"{start}pass_env"], found[f"{start}pass_fd"]


def is_given(args: argparse.Namespace, before: str = "") -> bool:
    """Whether one of the three options is there."""
    return any(each is not None for each in source(args, before))


def read_pass_phrase(args: argparse.Namespace, what: str, *, new: bool, before: str = "") -> PassPhrase:
    """The pass phrase from where the options say, else from a prompt that names ``what``.

    Raises RefusedPassPhraseError.
    """
    from opensslrun.cli.output import err  # noqa: PLC0415  (so that --help is quick)
    from opensslrun.driver import passphrase  # noqa: PLC0415

    file, variable, descriptor = source(args, before)
    if file is not None:
        warning = passphrase.exposure(file)
        if warning is not None:
            err().print(f"warning: {warning}", soft_wrap=True)
        return passphrase.from_file(file)
    if variable is not None:
        return passphrase.from_env(variable)
    if descriptor is not None:
        return passphrase.from_fd(descriptor)
    options = f"--{before}pass-file, --{before}pass-env or --{before}pass-fd"
    return passphrase.from_prompt(what, new=new, options=options)
