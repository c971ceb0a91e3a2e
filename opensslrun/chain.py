"""The guide's three conditions on a certificate chain, link by link, and what ``openssl verify`` says beside them.

The conditions are checked with ``cryptography`` and ``asn1crypto``, never with openssl: each certificate is directly
followed by its issuer's; its issuer name is the next one's subject, byte for byte; the next one's key made its
signature. ``openssl verify`` asks less of the order and of the names, and more of dates and uses.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.pem import pem_blocks
from opensslrun.driver.results import Verification, printable
from opensslrun.driver.runner import read_input
from opensslrun.errors import UsageError

_LABELS: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})


class Problem(Enum):
    """Why a link does not hold."""

    DUPLICATE = "duplicate"
    WRONG_ORDER = "wrong order"
    MISSING = "missing issuer"
    OTHER_KEY = "other key"
    OTHER_NAME = "other name"
    OTHER_STRING_TYPE = "other string type"
    UNCHECKED = "signature not checked"


@dataclass(frozen=True, slots=True)
class ChainCertificate:
    """One certificate of a chain; ``place`` is what people call it: ``certificate 2`` or ``the CA file's``."""

    place: str
    subject: str
    issuer: str
    subject_der: bytes = field(repr=False)
    issuer_der: bytes = field(repr=False)
    parsed: x509.Certificate = field(repr=False)

    @property
    def shown(self) -> str:
        """Place and subject."""
        return f"{self.place} ({self.subject})"

    @property
    def self_signed(self) -> bool:
        """Whether it names itself as its issuer and its own key made its signature."""
        return self.issuer_der == self.subject_der and signed_by(self.parsed, self.parsed) is True


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate and the next one (None when nothing follows). ``signature`` is None when it was not checked."""

    certificate: ChainCertificate
    following: ChainCertificate | None
    names_equal: bool
    signature: bool | None
    problem: Problem | None
    sentence: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Both answers. ``verification`` is None when there was no root for ``openssl verify`` to trust."""

    links: tuple[Link, ...]
    root: str
    verification: Verification | None

    @property
    def conditions_hold(self) -> bool:
        """Whether every link holds, up to a root."""
        return all(link.problem is None for link in self.links)

    @property
    def ok(self) -> bool:
        """Whether the conditions hold and openssl accepts it."""
        return self.conditions_hold and self.verification is not None and self.verification.ok

    @property
    def disagreement(self) -> str | None:
        """Where the two answers differ, for people; None when they do not."""
        if self.verification is None or self.conditions_hold == self.verification.ok:
            return None
        if self.verification.ok:
            return (
                "The two disagree: openssl finds issuers in any order and compares names more loosely, so it accepts "
                "what breaks the conditions above; correct the file."
            )
        return (
            "The two disagree: every link holds, but openssl also looks at dates and at what each certificate may be "
            "used for, and refuses it for the reason it gives."
        )


def read_chain(path: str | Path, place: str = "certificate {}") -> tuple[ChainCertificate, ...]:
    """All certificates of a PEM file in order. Raises UsageError when it is unreadable, damaged, or holds none."""
    path = Path(path)
    data = read_input(path)
    if not data.strip():
        raise UsageError(f"{path} is empty; name a PEM file of certificates")
    if data[:1] == b"\x30" and b"-----BEGIN" not in data:
        raise UsageError(f"{path} is DER, not PEM; convert it with: openssl x509 -inform DER -in FILE -out FILE.pem")
    try:
        blocks = pem_blocks(data)
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}; name a whole PEM file") from error
    if any(block.label.endswith("PRIVATE KEY") for block in blocks):
        raise UsageError(f"{path} holds a private key, which must not be given away with a chain; take it out")
    found = [block.content for block in blocks if block.label in _LABELS]
    if not found:
        raise UsageError(
            f"{path} holds no certificate in PEM format (-----BEGIN CERTIFICATE-----); name a file of them"
        )
    return tuple(_read(content, place.format(number), path) for number, content in enumerate(found, 1))


def _read(content: bytes, place: str, path: Path) -> ChainCertificate:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(content)
            subject, issuer = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
        body = asn1.Certificate.load(content)["tbs_certificate"]
        names = bytes(body["subject"].dump()), bytes(body["issuer"].dump())
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise UsageError(f"{path}: {place} is malformed and could not be read; get it again from its CA") from error
    return ChainCertificate(place, printable(subject), printable(issuer), *names, parsed)


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool | None:
    """Whether ``issuer``'s key made the signature, whatever the names say; None when it cannot be checked.

    RSA (PKCS #1 v1.5 and PSS), EC, Ed25519 and Ed448, with any digest ``cryptography`` has, MD5 and SHA-1 too.
    """
    try:
        key, how = issuer.public_key(), certificate.signature_algorithm_parameters
        signature, body, digest = (
            certificate.signature,
            certificate.tbs_certificate_bytes,
            certificate.signature_hash_algorithm,
        )
        if isinstance(key, rsa.RSAPublicKey):
            if certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_MD5:
                how = padding.PKCS1v15()  # cryptography 50.0 tells no parameters of this one
            if not isinstance(how, padding.PKCS1v15 | padding.PSS) or digest is None:
                return False
            key.verify(signature, body, how, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if not isinstance(how, ec.ECDSA):
                return False
            key.verify(signature, body, how)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, body)
        else:
            return None
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
    return True


def _same_text(certificate: ChainCertificate, issuer: ChainCertificate) -> bool:
    return certificate.issuer == issuer.subject


def check_links(
    chain: Sequence[ChainCertificate], roots: Sequence[ChainCertificate] = ()
) -> tuple[tuple[Link, ...], ChainCertificate | None]:
    """All links, and the root they are to end in (None when there is none). The root of ``roots`` goes first."""
    last = chain[-1]
    links = [_link(one, following, chain) for one, following in pairwise(chain)]
    if any(last.parsed == root.parsed for root in roots) or (not roots and last.self_signed):
        return tuple(links), last
    if roots:
        named = [root for root in roots if _same_text(last, root)]
        root = next((root for root in named if signed_by(last.parsed, root.parsed)), (named or list(roots))[0])
        return (*links, _link(last, root, chain)), root
    links.append(_link(last, None, chain))
    return tuple(links), next((one for one in chain if one.self_signed), None)


def _link(one: ChainCertificate, following: ChainCertificate | None, chain: Sequence[ChainCertificate]) -> Link:
    names = following is not None and one.issuer_der == following.subject_der
    signature = signed_by(one.parsed, following.parsed) if following else False
    problem, sentence = _judged(one, following, chain, names=names, signature=signature)
    return Link(one, following, names, signature, problem, sentence)


def _judged(
    one: ChainCertificate,
    following: ChainCertificate | None,
    chain: Sequence[ChainCertificate],
    *,
    names: bool,
    signature: bool | None,
) -> tuple[Problem | None, str]:
    if following is None:
        return _not_followed(one, following, chain)
    if one.parsed == following.parsed:
        return Problem.DUPLICATE, f"{one.shown} is there again as {following.place}: remove one of the two."
    pair = f"{one.shown} is followed by {following.shown}"
    if names and signature:
        return None, f"{pair}, its issuer: the names are the same and the signature is by its key."
    if names and signature is False:
        return Problem.OTHER_KEY, (
            f"{pair}, whose name is its issuer's, but another key made the signature: put the issuer's certificate "
            "with the key that signed it there (a CA that was renewed has several of one name)."
        )
    if signature and _same_text(one, following):
        return Problem.OTHER_STRING_TYPE, (
            f"{pair}, whose key made the signature; the names read the same but are encoded differently (other string "
            "types, UTF8String and PrintableString say): have it issued again with the issuer's name as it is encoded."
        )
    if signature:
        return Problem.OTHER_NAME, (
            f"{pair}, whose key made the signature, but its issuer is called {one.issuer}: put the certificate "
            "of that name there."
        )
    if signature is None and _same_text(one, following):
        return Problem.UNCHECKED, f"{pair}; its signature is of a kind that cannot be checked here: ask openssl only."
    return _not_followed(one, following, chain)


def _not_followed(
    one: ChainCertificate, following: ChainCertificate | None, chain: Sequence[ChainCertificate]
) -> tuple[Problem, str]:
    then = f"is followed by {following.shown}, which is not its issuer" if following else "is the last in the file"
    if one.self_signed:
        return Problem.WRONG_ORDER, f"{one.shown} {then}; it is self-signed, a root: move it to the end of the chain."
    for other in chain:
        if other is not one and _same_text(one, other) and signed_by(one.parsed, other.parsed):
            return Problem.WRONG_ORDER, (
                f"{one.shown} {then}; its issuer is {other.shown}: put that one directly after it."
            )
    add = "add its certificate" if following else "add its certificate, or name the root with --ca-file"
    return Problem.MISSING, f"{one.shown} {then}; its issuer {one.issuer} is missing, it is not in the file: {add}."


def check_chain(openssl: OpenSSL, path: str | Path, ca_file: str | Path | None = None) -> ChainReport:
    """Check the chain in ``path``, up to its own self-signed last certificate or to one of ``ca_file``.

    Raises UsageError for a file that cannot be used, and what :meth:`OpenSSL.verify` raises.
    """
    chain = read_chain(path)
    roots = read_chain(ca_file, "the CA file's certificate {}") if ca_file is not None else ()
    links, root = check_links(chain, roots)
    if root is None:
        return ChainReport(links, "No root: none in the file is self-signed, and --ca-file names none.", None)
    where = "in the file" if root in chain else "from --ca-file"
    return ChainReport(links, f"The root is {root.shown}, {where}.", verify_up_to(openssl, chain, root))


def verify_up_to(openssl: OpenSSL, chain: Sequence[ChainCertificate], root: ChainCertificate) -> Verification:
    """``openssl verify`` of the certificate that issued no other here, the root trusted and the others not."""
    issuers = {one.issuer for one in chain if not one.self_signed}
    leaf = next((one for one in chain if one.subject not in issuers), chain[0])
    between = [one for one in chain if one.parsed not in (leaf.parsed, root.parsed)]
    with TemporaryDirectory(prefix="opensslrun-chain-") as name:
        work = Path(name)
        for file, parts in (("leaf.pem", [leaf]), ("root.pem", [root]), ("between.pem", between)):
            (work / file).write_bytes(b"".join(one.parsed.public_bytes(Encoding.PEM) for one in parts))
        return openssl.verify(work / "leaf.pem", work / "root.pem", [work / "between.pem"] if between else [])
