"""``opensslrun issue``: a certificate signed by a CA, with its key, request and chain."""

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
    from opensslrun.issuing.issue import Issued

_DESCRIPTION = """\
Make a key, a request, a certificate signed by the CA in DIR, and its chain up to the root, with
  openssl genpkey -algorithm RSA …, openssl req -new …, openssl x509 -req …
The files are called after the subject's CN: device-0001.key, .csr, .crt and .chain.pem; those of an intermediate
CA are intermediateCA.*, and its directory can be a --ca in turn. All are checked, and the certificate is verified,
before they appear; an existing file is never lost.

A device's key is not encrypted (its file's mode is 0600) unless --encrypt-key or a --key-pass option is given;
the key of an intermediate CA always is."""

_SUBJECT = """\
the name, such as /C=US/O=Organization/CN=device-0001; a slash or plus sign in a value is written \\/ and \\+"""


def add_to(commands: options.Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = options.add_command(
        commands,
        "issue",
        "a certificate signed by your CA: key, request, certificate, chain",
        "issue:handle",
        _DESCRIPTION,
    )
    parser.add_argument(
        "--profile", choices=("client", "server", "intermediate"), required=True, help="what the certificate is for"
    )
    parser.add_argument(
        "--ca", type=Path, required=True, metavar="DIR", help="the CA: rootCA.key and .crt, or intermediateCA.*, ca.*"
    )
    parser.add_argument("--subject", required=True, metavar="/CN=…", help=_SUBJECT)
    parser.add_argument("--out-dir", type=Path, required=True, metavar="DIR", help="where the files go")
    parser.add_argument("--days", type=int, metavar="N", help="validity (default: 365, of an intermediate CA 730)")
    parser.add_argument("--bits", type=int, help="size of the key (default: 2048, of an intermediate CA 4096)")
    parser.add_argument(
        "--dns", action="append", default=[], metavar="NAME", help="a host name it is valid for (repeatable)"
    )
    parser.add_argument(
        "--ip", action="append", default=[], metavar="ADDRESS", help="an address it is valid for (repeatable)"
    )
    parser.add_argument(
        "--path-length", type=int, default=0, metavar="N", help="CAs an intermediate may have below it (default: 0)"
    )
    parser.add_argument("--force", action="store_true", help="replace the files if they are there")
    passphrase.add_options(parser, whose="of the CA's key")
    parser.add_argument("--encrypt-key", action="store_true", help="encrypt the new key; asks, without a --key-pass")
    passphrase.add_options(parser, before="key-", whose="of the new key")
    where.add_options(parser)
    options.add_format(parser)


def handle(args: argparse.Namespace) -> ExitStatus:
    """Run it."""
    from opensslrun.cli.output import err, out, print_document  # noqa: PLC0415  (so that --help is quick)
    from opensslrun.issuing.issue import Wanted, issue  # noqa: PLC0415
    from opensslrun.issuing.profile import Profile  # noqa: PLC0415

    profile = Profile(args.profile)
    given: list[PassPhrase] = []

    def ca_secret() -> PassPhrase:
        given.append(passphrase.read_pass_phrase(args, f"the key of the CA in {args.ca}", new=False))
        return given[0]

    def key_secret() -> PassPhrase:
        if given and passphrase.is_given(args) and passphrase.source(args) == passphrase.source(args, "key-"):
            return given[0]  # one source for both: a variable or a pipe can be read only once
        return passphrase.read_pass_phrase(args, "the new key", new=True, before="key-")

    encrypt = args.encrypt_key or profile is Profile.INTERMEDIATE or passphrase.is_given(args, "key-")
    with where.openssl_for(args) as openssl:
        issued = issue(
            openssl,
            Wanted(profile, args.subject, args.days, args.bits, args.dns, args.ip, args.path_length),
            ca_dir=args.ca,
            out_dir=args.out_dir,
            ca_pass_phrase=ca_secret,
            key_pass_phrase=key_secret if encrypt else None,
            started=lambda: err().print("Making a key, a request and a certificate…", soft_wrap=True),
            force=args.force,
        )
        if args.format == "json":
            print_document(_document(openssl, issued))
        else:
            for line in _lines(openssl, issued):
                out().print(line, soft_wrap=True)
            err().print(_next_step(issued), soft_wrap=True)
    return ExitStatus.OK


def _lines(openssl: OpenSSL, issued: Issued) -> tuple[str, ...]:
    key, certificate = issued.key, issued.certificate
    kept = "encrypted with its pass phrase" if key.encrypted else "not encrypted: whoever reads it is the device"
    return (
        f"Made with {openssl.version.version} ({openssl.name}):",
        f"  {key.path}  RSA key, {key.bits} bits, {kept}",
        f"  {issued.request.path}  its request",
        f"  {certificate.path}  certificate of {certificate.subject}",
        f"    by {certificate.issuer}, valid until {certificate.not_after:%Y-%m-%d}, "
        f"SHA-256 fingerprint {certificate.sha256}",
        f"  {issued.chain_path}  the certificate and its issuers up to the root, {len(issued.chain)} in all",
        "openssl verify accepts it.",
    )


def _next_step(issued: Issued) -> str:
    place = issued.certificate.path
    if issued.certificate.ca:
        return f"Next: keep the key and its pass phrase safe, and sign with it by --ca {shlex.quote(str(place.parent))}"
    return (
        f"Next: give {issued.key.path.name} to its owner alone, and look at the chain with\n"
        f"  opensslrun chain {shlex.quote(str(issued.chain_path))}"
    )


def _document(openssl: OpenSSL, issued: Issued) -> dict[str, object]:
    return {
        "openssl": documents.of_openssl(openssl),
        "key": documents.of_key(issued.key),
        "request": {"path": str(issued.request.path), "subject": issued.request.subject},
        "certificate": documents.of_certificate(issued.certificate),
        "chain": {"path": str(issued.chain_path), "subjects": [each.subject for each in issued.chain]},
        "verified": issued.verification.ok,
    }
