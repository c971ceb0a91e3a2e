"""``opensslrun verify``: ``openssl verify``, with the true answer on every version."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from opensslrun.cli import documents, options, where
from opensslrun.errors import ExitStatus

if TYPE_CHECKING:
    from opensslrun.driver.openssl import OpenSSL
    from opensslrun.driver.results import Verification

_DESCRIPTION = """\
Check certificates with 'openssl verify'. Only the certificates in ROOT are trusted, not the system's too, and
an OK that stands beside an error (LibreSSL before 3.3) is not believed. Exit status 1 when one is not valid."""


def add_to(commands: options.Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = options.add_command(
        commands, "verify", "openssl verify, with the true answer on every version", "verify:handle", _DESCRIPTION
    )
    parser.add_argument("--ca-file", type=Path, required=True, metavar="ROOT", help="trusted certificates (PEM)")
    parser.add_argument(
        "--untrusted",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="intermediate certificates (PEM; repeatable)",
    )
    parser.add_argument("certificates", type=Path, nargs="+", metavar="CERT", help="a certificate to check (PEM)")
    where.add_options(parser)
    options.add_format(parser)


def handle(args: argparse.Namespace) -> ExitStatus:
    """Run it."""
    from opensslrun.cli.output import out, print_document  # noqa: PLC0415  (so that --help is quick)

    with where.openssl_for(args) as openssl:
        results = [openssl.verify(path, args.ca_file, args.untrusted) for path in args.certificates]
        if args.format == "json":
            print_document(_document(openssl, args.certificates, results))
        else:
            for path, result in zip(args.certificates, results, strict=True):
                out().print(result.sentence_for(str(path)), soft_wrap=True)
    return ExitStatus.OK if all(result.ok for result in results) else ExitStatus.FOUND


def _document(openssl: OpenSSL, paths: list[Path], results: list[Verification]) -> dict[str, object]:
    return {
        "openssl": documents.of_openssl(openssl),
        "certificates": [
            {"path": str(path), **documents.of_verification(result), "exit_status": result.outcome.status}
            for path, result in zip(paths, results, strict=True)
        ],
    }
