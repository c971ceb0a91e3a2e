"""``opensslrun root-ca``: the guide's two commands, with protections."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from opensslrun.cli import documents, options, passphrase, where
from opensslrun.errors import ExitStatus

if TYPE_CHECKING:
    from opensslrun.driver.openssl import OpenSSL
    from opensslrun.driver.passphrase import PassPhrase
    from opensslrun.driver.rootca import RootCA

_DESCRIPTION = """\
Make a root CA: rootCA.key, an RSA key encrypted with your pass phrase, and rootCA.crt, its certificate, with
  openssl genrsa -des3 -out rootCA.key 4096
  openssl req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt
Both are checked before they appear, and an existing file is never lost."""


def add_to(commands: options.Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = options.add_command(
        commands, "root-ca", "make a root CA: its key and its certificate", "root_ca:handle", _DESCRIPTION
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="root.conf", help="the config file: its name and extensions"
    )
    parser.add_argument("--out-dir", type=Path, required=True, metavar="DIR", help="where the two files go")
    parser.add_argument("--bits", type=int, default=4096, help="size of the key (default: %(default)s)")
    parser.add_argument("--days", type=int, default=1024, help="validity of the certificate (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace the two files if they are there")
    passphrase.add_options(parser)
    where.add_options(parser)
    options.add_format(parser)


def handle(args: argparse.Namespace) -> ExitStatus:
    """Run it."""
    from opensslrun.cli.output import err, out, print_document  # noqa: PLC0415  (so that --help is quick)
    from opensslrun.driver.rootca import KEY_NAME, make_root_ca  # noqa: PLC0415

    def secret() -> PassPhrase:
        given = passphrase.read_pass_phrase(args, KEY_NAME, new=True)
        err().print(f"Making a key of {args.bits} bits and its certificate…", soft_wrap=True)
        return given

    with where.openssl_for(args) as openssl:
        made = make_root_ca(
            openssl,
            config=args.config,
            out_dir=args.out_dir,
            pass_phrase=secret,
            bits=args.bits,
            days=args.days,
            force=args.force,
        )
        if args.format == "json":
            print_document(_document(openssl, made))
        else:
            for line in _lines(openssl, made):
                out().print(line, soft_wrap=True)
            err().print(_next_step(made), soft_wrap=True)
    return ExitStatus.OK


def _lines(openssl: OpenSSL, made: RootCA) -> tuple[str, ...]:
    key, certificate = made.key, made.certificate
    return (
        f"Made with {openssl.version.version} ({openssl.name}):",
        f"  {key.path}  RSA key, {key.bits} bits, encrypted with your pass phrase; keep both safe",
        f"  {certificate.path}  root CA certificate of {certificate.subject}",
        f"    valid until {certificate.not_after:%Y-%m-%d}, SHA-256 fingerprint {certificate.sha256}",
    )


def _next_step(made: RootCA) -> str:
    path = made.certificate.path
    return (
        f"Next: upload {path.name} wherever it is to be trusted (never the key), and check what it signs with\n"
        f"  opensslrun verify --ca-file {shlex.quote(str(path))} CERTIFICATE"
    )


def _document(openssl: OpenSSL, made: RootCA) -> dict[str, object]:
    return {
        "openssl": documents.of_openssl(openssl),
        "key": documents.of_key(made.key),
        "certificate": documents.of_certificate(made.certificate),
    }
