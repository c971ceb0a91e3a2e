"""``opensslrun chain``: the guide's three conditions link by link, then ``openssl verify``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from opensslrun.cli import documents, options, where
from opensslrun.errors import ExitStatus

if TYPE_CHECKING:
    from opensslrun.chain import ChainReport
    from opensslrun.driver.openssl import OpenSSL

_DESCRIPTION = """\
Check a chain file link by link: each certificate is directly followed by its issuer, the names are the same byte
for byte, and the signature is by the next one's key. Then ask 'openssl verify'. The root is the last certificate
of the file, or in ROOT. Exit status 1 when one of the two refuses."""


def add_to(commands: options.Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = options.add_command(
        commands, "chain", "a chain file link by link, then openssl verify", "chain:handle", _DESCRIPTION
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the chain (PEM), the leaf first")
    parser.add_argument("--ca-file", type=Path, metavar="ROOT", help="the root (PEM), when it is not in FILE")
    where.add_options(parser)
    options.add_format(parser)


def handle(args: argparse.Namespace) -> ExitStatus:
    """Run it."""
    from opensslrun.chain import check_chain  # noqa: PLC0415  (so that --help is quick)
    from opensslrun.cli.output import out, print_document  # noqa: PLC0415

    with where.openssl_for(args) as openssl:
        report = check_chain(openssl, args.file, args.ca_file)
        if args.format == "json":
            print_document(_document(openssl, report))
        else:
            for line in _lines(report, str(args.file)):
                out().print(line, soft_wrap=True, markup=False)
    return ExitStatus.OK if report.ok else ExitStatus.FOUND


def _lines(report: ChainReport, name: str) -> list[str]:
    lines = [f"{'ok ' if link.problem is None else 'BAD'} {link.sentence}" for link in report.links]
    lines.append(report.root)
    if report.verification is not None:
        lines.append(f"openssl verify: {report.verification.sentence_for(name)}")
    return [*lines, report.disagreement] if report.disagreement else lines


def _document(openssl: OpenSSL, report: ChainReport) -> dict[str, object]:
    answer = report.verification
    return {
        "openssl": documents.of_openssl(openssl),
        "ok": report.ok,
        "conditions_hold": report.conditions_hold,
        "root": report.root,
        "disagreement": report.disagreement,
        "links": [
            {
                "certificate": link.certificate.subject,
                "following": link.following.subject if link.following else None,
                "names_equal": link.names_equal,
                "signature": link.signature,
                "problem": link.problem.value if link.problem else None,
                "sentence": link.sentence,
            }
            for link in report.links
        ],
        "verify": None if answer is None else documents.of_verification(answer),
    }
