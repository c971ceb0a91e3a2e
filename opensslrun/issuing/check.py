"""Is what openssl made what was asked for? Read by ``cryptography`` and ``asn1crypto``, before any of it appears."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from opensslrun.chain import ChainCertificate, check_links, read_chain, signed_by
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.errors import CommandFailedError, UsageError
from opensslrun.issuing.authority import Authority
from opensslrun.issuing.profile import Extensions
from opensslrun.issuing.subject import Subject

_CLOCKS: Final = timedelta(minutes=10)
"""How far the clock of a target may be from ours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a certificate was to be."""

    subject: Subject
    extensions: Extensions
    serial: int
    days: int
    authority: Authority
    key_pass_phrase: PassPhrase | None = field(default=None, repr=False)


def check_made(asked: Asked, *, key: Path, request: Path, certificate: Path, chain: Path) -> None:
    """Raise CommandFailedError with the first thing that is not as asked."""
    try:
        made = read_chain(certificate, "the certificate")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong = next(_faults(asked, made, key, request, read_chain(chain)), None)
    except (ValueError, TypeError, UsageError) as error:
        raise CommandFailedError(f"openssl made something that cannot be read, so nothing was kept: {error}") from error
    if wrong is not None:
        raise CommandFailedError(f"openssl made something else than was asked for, so nothing was kept: {wrong}")


def _faults(
    asked: Asked,
    made: tuple[ChainCertificate, ...],
    key: Path,
    request: Path,
    chain: tuple[ChainCertificate, ...],
) -> Iterator[str]:
    one, issuer = made[0], asked.authority.own
    body = one.parsed
    if len(made) != 1 or body.version is not x509.Version.v3:
        yield "not one certificate of version 3"
    if one.subject_der != asked.subject.der:
        yield f"the subject is encoded otherwise ({one.subject})"
    if one.issuer_der != issuer.subject_der:
        yield "the issuer's name is not the CA's subject, byte for byte"
    if signed_by(body, issuer.parsed) is not True:
        yield "the signature is not by the CA's key"
    if not isinstance(body.signature_hash_algorithm, hashes.SHA256):
        yield "the signature is not with SHA-256"
    if body.serial_number != asked.serial:
        yield "the serial number is another"
    yield from _wrong_dates(body, asked)
    yield from _wrong_extensions(body, asked)
    yield from _wrong_key(body, key, request, asked)
    links, _ = check_links(chain)
    if [each.parsed for each in chain] != [body, *(each.parsed for each in asked.authority.chain)]:
        yield "the chain is not the certificate and its issuers"
    yield from (link.sentence for link in links if link.problem is not None)


def _wrong_dates(body: x509.Certificate, asked: Asked) -> Iterator[str]:
    begins, ends = body.not_valid_before_utc, body.not_valid_after_utc
    if ends - begins != timedelta(days=asked.days):
        yield f"the validity is {ends - begins} and not {asked.days} days"
    if abs(datetime.now(UTC) - begins) > _CLOCKS:
        yield f"the validity begins at {begins:%Y-%m-%d %H:%M} UTC and not now"
    if ends > min(each.parsed.not_valid_after_utc for each in asked.authority.chain):
        yield "it outlives its CA"


def _wrong_extensions(body: x509.Certificate, asked: Asked) -> Iterator[str]:
    found = {each.oid.dotted_string: (each.critical, each.value) for each in body.extensions}
    expected = {value.oid.dotted_string: (critical, value) for critical, value in asked.extensions.expected()}
    own = x509.SubjectKeyIdentifier.from_public_key(body.public_key())
    expected[own.oid.dotted_string] = (False, own)
    identifier, oid = asked.authority.key_identifier, x509.AuthorityKeyIdentifier.oid.dotted_string
    if identifier is not None:
        expected[oid] = (False, x509.AuthorityKeyIdentifier(identifier, None, None))
    elif oid in found:  # OpenSSL 3.0.19 adds it unasked; the CA has no key identifier, so it names its certificate
        issuer = asked.authority.own.parsed
        named = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(issuer.issuer)], issuer.serial_number)
        expected[oid] = (False, named)
    for oid in sorted({*found, *expected}):
        if found.get(oid) != expected.get(oid):
            yield f"the extension {oid} is missing, unasked for or another"


def _wrong_key(body: x509.Certificate, key: Path, request: Path, asked: Asked) -> Iterator[str]:
    phrase = asked.key_pass_phrase
    secret = None if phrase is None else phrase.answer().encode("utf-8", "surrogateescape")
    public = body.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = load_pem_private_key(key.read_bytes(), secret).public_key()
    if private.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public:
        yield "the key is not the certificate's"
    asking = x509.load_pem_x509_csr(request.read_bytes())
    if asking.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public:
        yield "the request is of another key"
    if not asking.is_signature_valid:
        yield "the request's own signature is wrong"
    if asking.subject.public_bytes() != asked.subject.der:
        yield "the request is for another subject"
