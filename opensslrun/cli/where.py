"""``--openssl PATH`` and ``-t ID``: which ``openssl`` a command uses."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensslrun.driver.openssl import OpenSSL


def add_options(parser: argparse.ArgumentParser) -> None:
    """The two options; without either it is the ``openssl`` found on PATH."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--openssl", metavar="PATH", help="the openssl to use (default: the one found on PATH)")
    group.add_argument(
        "-t", "--target", metavar="ID", help="use the openssl of this target ('opensslrun targets list')"
    )


@contextmanager
def openssl_for(args: argparse.Namespace) -> Iterator[OpenSSL]:
    """The ``openssl`` that the options name, for as long as the context lasts. Raises EnvironmentLacksError."""
    from opensslrun.driver.openssl import OpenSSL  # noqa: PLC0415  (so that --help is quick)

    if args.target is None:
        yield OpenSSL(args.openssl)
        return
    from opensslrun.pipeline.places import runner_for_target  # noqa: PLC0415  (Docker only where it is used)

    with runner_for_target(args.target) as runner:
        yield OpenSSL(runner=runner)
