"""The CA that signs: its directory, and whether it may sign what is asked of it. Looked at before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from opensslrun.chain import ChainCertificate, check_links, read_chain, verify_up_to
from opensslrun.driver.inputs import first_block
from opensslrun.driver.openssl import OpenSSL
from opensslrun.errors import UsageError
from opensslrun.issuing.profile import Profile

STEMS: Final = ("rootCA", "intermediateCA", "ca")
"""How the files of a CA's directory are called: ``STEM.key``, ``STEM.crt`` and, below a root, ``STEM.chain.pem``."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA's files, and its chain: its own certificate first, its root last."""

    key: Path
    certificate: Path
    chain: tuple[ChainCertificate, ...]

    @property
    def own(self) -> ChainCertificate:
        """Its own certificate."""
        return self.chain[0]

    @property
    def key_identifier(self) -> bytes | None:
        """What an authorityKeyIdentifier of its certificates refers to; None when it has none."""
        found = _extension(self.own, x509.SubjectKeyIdentifier)
        return None if found is None else found.digest


def open_authority(directory: Path) -> Authority:
    """The CA in a directory. Raises UsageError when there is none, or more than one, or its chain is broken."""
    if not directory.is_dir():
        what = "is not a directory" if directory.exists() else "is not there"
        raise UsageError(f"the CA directory {directory} {what}; name the one that 'opensslrun root-ca' made a CA in")
    stems = [stem for stem in STEMS if (directory / f"{stem}.crt").exists() or (directory / f"{stem}.key").exists()]
    if not stems:
        raise UsageError(f"{directory} holds no CA: rootCA.key and rootCA.crt, say; name a directory with both")
    if len(stems) > 1:
        raise UsageError(f"{directory} holds several CAs ({', '.join(stems)}); keep each in a directory of its own")
    key, certificate = directory / f"{stems[0]}.key", directory / f"{stems[0]}.crt"
    own = read_chain(certificate, str(certificate))[0]
    first_block(key, "PRIVATE KEY")
    return Authority(key, certificate, _chain(own, directory / f"{stems[0]}.chain.pem"))


def _chain(own: ChainCertificate, path: Path) -> tuple[ChainCertificate, ...]:
    if own.self_signed:
        return (own,)
    if not path.exists():
        raise UsageError(
            f"{own.shown} is no root, and its chain is not beside it; put its certificate and those of its issuers, "
            f"up to the root, into {path}"
        )
    chain = read_chain(path, f"certificate {{}} of {path}")
    if chain[0].parsed != own.parsed:
        raise UsageError(f"the first certificate in {path} is not {own.place}; put that one first")
    links, _ = check_links(chain)
    broken = next((link.sentence for link in links if link.problem is not None), None)
    if broken is not None:
        raise UsageError(f"the chain of the CA does not hold: {broken}")
    return chain


def check_may_sign(authority: Authority, profile: Profile, *, days: int, path_length: int) -> None:
    """Raise UsageError with the certificate of the chain that forbids it, why, and what to do."""
    now = datetime.now(UTC)
    for depth, one in enumerate(authority.chain):
        _check_is_ca(one)
        _check_dates(one, days, now)
        _check_purpose(one, profile)
        _check_path_length(one, authority.chain[:depth], profile, path_length)
    try:
        key: object = authority.own.parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise UsageError(
            f"{authority.own.shown} has a key that is neither RSA nor EC, with which old versions do not sign; "
            "use a CA with an RSA key"
        )


def check_accepted(openssl: OpenSSL, authority: Authority) -> None:
    """Ask ``openssl verify`` about the CA itself. Raises UsageError with its answer when it refuses."""
    answer = verify_up_to(openssl, authority.chain, authority.chain[-1])
    if not answer.ok:
        raise UsageError(
            f"{openssl.name} does not accept the CA: {answer.sentence_for(str(authority.certificate))}; "
            "what it signed would be refused too, make another CA"
        )


def _check_is_ca(one: ChainCertificate) -> None:
    constraints = _extension(one, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise UsageError(f"{one.shown} is not a CA certificate (basicConstraints does not say CA:TRUE); name a CA's")
    usage = _extension(one, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise UsageError(f"{one.shown} may not sign certificates: its keyUsage lacks keyCertSign; name another CA's")


def _check_dates(one: ChainCertificate, days: int, now: datetime) -> None:
    begins, ends = one.parsed.not_valid_before_utc, one.parsed.not_valid_after_utc
    if now < begins:
        raise UsageError(f"{one.shown} is not valid before {begins:%Y-%m-%d %H:%M} UTC; wait, or correct the clock")
    if now > ends:
        raise UsageError(f"{one.shown} has expired on {ends:%Y-%m-%d}; make a new CA")
    left = (ends - now - timedelta(minutes=10)) // timedelta(days=1)
    if days > left:
        advice = f"ask for at most {left} with --days" if left >= 1 else "make a new CA"
        raise UsageError(
            f"{one.shown} is valid until {ends:%Y-%m-%d}, and what it signs for {days} days would outlive it; {advice}"
        )


def _check_purpose(one: ChainCertificate, profile: Profile) -> None:
    limits = _extension(one, x509.ExtendedKeyUsage)
    if limits is None or profile.usage is None:
        return
    if profile.usage not in limits and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in limits:
        raise UsageError(
            f"{one.shown} may not sign for a {profile}: its extendedKeyUsage lacks {profile}Auth; use another CA"
        )


def _check_path_length(
    one: ChainCertificate, below: Sequence[ChainCertificate], profile: Profile, path_length: int
) -> None:
    """Self-issued certificates do not count (RFC 5280, 4.2.1.9)."""
    constraints = _extension(one, x509.BasicConstraints)
    if constraints is None or constraints.path_length is None:
        return
    used = sum(1 for each in below if each.subject_der != each.issuer_der)
    wanted = used + (1 + path_length if profile is Profile.INTERMEDIATE else 0)
    if wanted > constraints.path_length:
        raise UsageError(
            f"{one.shown} allows {constraints.path_length} CAs below it (pathlen), and this would make {wanted}; "
            "use a CA nearer to the root"
        )


def _extension(one: ChainCertificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return one.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as error:
        raise UsageError(f"{one.shown} has extensions that cannot be read; use another CA") from error
