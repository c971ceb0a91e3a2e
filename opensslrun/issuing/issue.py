"""A certificate signed by a CA: key, request, certificate and chain, which appear together or not at all."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from opensslrun.chain import ChainCertificate, read_chain, verify_up_to
from opensslrun.driver.inputs import check_bits, check_days, first_block
from opensslrun.driver.newfiles import NewFiles
from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.results import Certificate, Key, Request, Verification, printable
from opensslrun.errors import CommandFailedError, UsageError
from opensslrun.issuing.authority import STEMS, Authority, check_accepted, check_may_sign, open_authority
from opensslrun.issuing.check import Asked, check_made
from opensslrun.issuing.profile import SECTION, Profile, extensions_for
from opensslrun.issuing.subject import Subject, parse_subject

INTERMEDIATE_STEM: Final = "intermediateCA"
_SERIAL_BITS: Final = 158
"""With one more bit set above them: always 20 octets and positive, the most that RFC 5280 allows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be issued; None stands for the profile's default.

    ``subject`` is written ``/O=Organization/CN=device-0001``. ``days`` are counted from now. ``path_length`` is how
    many CAs an intermediate CA may have below it.
    """

    profile: Profile
    subject: str
    days: int | None = None
    bits: int | None = None
    dns: Sequence[str] = ()
    ips: Sequence[str] = ()
    path_length: int = 0


@dataclass(frozen=True, slots=True)
class Issued:
    """The four files. ``chain`` begins with the certificate and ends with the root; ``verification`` is openssl's."""

    key: Key
    request: Request
    certificate: Certificate
    chain_path: Path
    chain: tuple[ChainCertificate, ...] = field(repr=False)
    verification: Verification = field(repr=False)


def issue(
    openssl: OpenSSL,
    wanted: Wanted,
    *,
    ca_dir: Path,
    out_dir: Path,
    ca_pass_phrase: Callable[[], PassPhrase],
    key_pass_phrase: Callable[[], PassPhrase] | None = None,
    started: Callable[[], None] = lambda: None,
    force: bool = False,
) -> Issued:
    """Make ``NAME.key``, ``NAME.csr``, ``NAME.crt`` and ``NAME.chain.pem`` in ``out_dir``.

    NAME is the subject's CN, or ``intermediateCA``. Everything that can be refused is refused first; then
    ``ca_pass_phrase`` is asked for if the CA's key is encrypted, the CA's key is read, and ``key_pass_phrase`` is
    asked for, with which the new key is encrypted (None leaves it plain; a CA's key is never plain); then
    ``started`` is called and the commands run. The result is read by another library and verified before it
    appears. Raises UsageError for a subject, directory or CA that will not do, WouldOverwriteError when one of the
    four is there and not ``force``, and what the commands raise.
    """
    subject, profile = parse_subject(wanted.subject), wanted.profile
    days = profile.days if wanted.days is None else wanted.days
    bits = profile.bits if wanted.bits is None else wanted.bits
    check_bits(bits)
    check_days(days)
    if profile is Profile.INTERMEDIATE and key_pass_phrase is None:
        raise UsageError("the key of an intermediate CA is always encrypted; give a pass phrase for it")
    authority = open_authority(ca_dir.absolute())
    extensions = extensions_for(
        profile,
        subject,
        dns=tuple(wanted.dns),
        ips=tuple(wanted.ips),
        path_length=wanted.path_length,
        keyed=authority.key_identifier is not None,
    )
    check_may_sign(authority, profile, days=days, path_length=wanted.path_length)
    _check_own_name(subject, authority)
    out_dir = out_dir.absolute()
    stem = _stem(profile, subject, ca_dir, out_dir)
    names = [f"{stem}.{kind}" for kind in ("key", "csr", "crt", "chain.pem")]
    with NewFiles(out_dir, names, force=force) as new:
        check_accepted(openssl, authority)
        secret = _ca_secret(openssl, authority, ca_pass_phrase)
        own = None if key_pass_phrase is None else key_pass_phrase()
        started()
        serial = 1 << _SERIAL_BITS | secrets.randbits(_SERIAL_BITS)
        made = _run(openssl, new, names, Asked(subject, extensions, serial, days, authority, own), bits, secret)
        new.publish()
    key, request, certificate, chain = (out_dir / name for name in names)
    return replace(
        made,
        key=replace(made.key, path=key),
        request=replace(made.request, path=request),
        certificate=replace(made.certificate, path=certificate),
        chain_path=chain,
    )


def _run(
    openssl: OpenSSL, new: NewFiles, names: Sequence[str], asked: Asked, bits: int, ca_secret: PassPhrase | None
) -> Issued:
    """Make the four files in the private directory, and check them there."""
    key_path, request_path, certificate_path, chain_path = (new.private / name for name in names)
    authority, secret = asked.authority, asked.key_pass_phrase
    config = new.write("request.conf", asked.subject.request_config())
    extensions = new.write("extensions.conf", asked.extensions.config())
    key = openssl.genpkey(key_path, bits, pass_phrase=secret)
    request = openssl.req(config, key_path, request_path, pass_phrase=secret)
    certificate = openssl.x509_sign(
        request_path,
        authority.certificate,
        authority.key,
        certificate_path,
        asked.days,
        serial=asked.serial,
        extensions=extensions,
        section=SECTION,
        ca_pass_phrase=ca_secret,
    )
    issuers = b"".join(each.parsed.public_bytes(Encoding.PEM) for each in authority.chain)
    new.write(chain_path.name, _lone(certificate_path) + issuers)
    check_made(asked, key=key_path, request=request_path, certificate=certificate_path, chain=chain_path)
    chain = read_chain(chain_path)
    answer = verify_up_to(openssl, chain, chain[-1])
    if not answer.ok:
        raise CommandFailedError(
            f"{openssl.name} does not accept the certificate it made, so nothing was kept: "
            f"{answer.sentence_for(certificate_path.name)}"
        )
    return Issued(key, request, certificate, chain_path, chain, answer)


def _lone(certificate: Path) -> bytes:
    """The certificate alone, with this machine's line ends."""
    return read_chain(certificate)[0].parsed.public_bytes(Encoding.PEM)


def _ca_secret(openssl: OpenSSL, authority: Authority, ask: Callable[[], PassPhrase]) -> PassPhrase | None:
    """The CA's pass phrase, found to be right; None for a plain key. Raises UsageError for a key of another CA."""
    encrypted = first_block(authority.key, "PRIVATE KEY").encrypted
    secret = ask() if encrypted else None
    key, certificate = openssl.read_key(authority.key, secret), openssl.read_certificate(authority.certificate)
    if key.public_key != certificate.public_key:
        raise UsageError(
            f"the key {authority.key} does not belong to the certificate {authority.certificate}; "
            "name the directory of a CA's own two files"
        )
    return secret


def _check_own_name(subject: Subject, authority: Authority) -> None:
    """A certificate that is called like its CA cannot be told from it when a chain is built."""
    name = printable(subject.name.rfc4514_string())
    same = next((each for each in authority.chain if each.subject == name), None)
    if same is not None:
        raise UsageError(f"the subject is that of {same.shown}; give the new certificate a name of its own")


def _stem(profile: Profile, subject: Subject, ca_dir: Path, out_dir: Path) -> str:
    """What the files are called: after the CN, with ``_`` for what is awkward in a file's name."""
    if profile is Profile.INTERMEDIATE:
        there = [stem for stem in STEMS if any((out_dir / f"{stem}.{kind}").exists() for kind in ("key", "crt"))]
        if out_dir.resolve() == ca_dir.resolve() or set(there) - {INTERMEDIATE_STEM}:
            raise UsageError(f"{out_dir} holds a CA already; make the intermediate CA in a directory of its own")
        return INTERMEDIATE_STEM
    name = re.sub(r"[^A-Za-z0-9._-]|^[.-]", "_", subject.common_name)
    if name.casefold() in {stem.casefold() for stem in STEMS}:
        raise UsageError(f"the files of the CN '{printable(name)}' would be called like a CA's; choose another CN")
    return name
