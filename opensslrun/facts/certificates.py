"""Certificates as facts.

``asn1crypto`` reads the fields, because it also reads what is not quite right; ``cryptography`` judges
independently whether the whole is well formed, and checks signatures. Nothing is taken from text output.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from asn1crypto import algos as asn1_algos
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opensslrun.facts.attempt import MALFORMED, Asn1, attempt, values
from opensslrun.facts.extensions import Identity, extensions_value
from opensslrun.facts.model import FactValue, Values
from opensslrun.facts.names import name_value, public_key_value, read_public_key
from opensslrun.facts.remembered import MAX_REMEMBERED, remembered

CLOCK_TOLERANCE_S: Final = 3600
"""Seconds between now and the begin of a certificate made now: a step takes minutes, a wrong time zone more."""

_TWO_CLOCK_READINGS_S: Final = 2
"""``openssl`` reads the clock once for each end of the validity, so a second may have passed between them."""

_SERIAL_SIZES: Final = (4, 9, 20)
"""A counter; the 64 random bits of LibreSSL (8 or 9 octets, rarely fewer); the 159 of OpenSSL (20, rarely fewer)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate: its DER, and what identifies it. ``identity`` is None when it cannot be read that far."""

    der: bytes = field(repr=False)
    identity: Identity | None
    spki: bytes | None


@remembered(512, MAX_REMEMBERED)
def read_certificate(der: bytes) -> Certificate:
    """What of a certificate others refer to. Remembered: a workspace is looked at after each step."""
    parsed = _parsed(der)
    spki = attempt(lambda: bytes(parsed["tbs_certificate"]["subject_public_key_info"].dump()))
    return Certificate(der, attempt(lambda: _identity(parsed)), spki)


@remembered(512, MAX_REMEMBERED)
def _parsed(der: bytes) -> Asn1:
    """The certificate, None when it is none. Parts of it are parsed when they are asked for: only within an attempt,
    which is one thread's at a time."""
    return attempt(lambda: asn1_x509.Certificate.load(der, strict=True))


def certificate_values(
    it: Certificate, others: Mapping[str, Certificate], keys: Mapping[str, bytes | None], prefix: str = "certificate."
) -> Values:
    """Facts of one certificate. ``others`` are the certificates of the workspace, ``keys`` the public keys of its
    private keys, both by file name.
    """
    parsed = _parsed(it.der)
    if parsed is None or it.identity is None:
        return {f"{prefix}version": MALFORMED}
    body = parsed["tbs_certificate"]
    identity = it.identity
    identities = {name: other.identity for name, other in others.items() if other.identity is not None}
    drawn = {
        **_own_values(it.der),
        **values(
            {
                "signed_by": lambda: signers_of(body, parsed["signature_algorithm"], parsed["signature_value"], others),
                "starts_now": lambda: starts_now(body["validity"]["not_before"].native),
                "key_matches": lambda: [name for name, public in sorted(keys.items()) if public == it.spki],
                "extensions": lambda: extensions_value(body["extensions"], identity, identities),
            }
        ),
    }
    return {f"{prefix}{name}": value for name, value in drawn.items()}


@remembered(512, MAX_REMEMBERED)
def _own_values(der: bytes) -> Mapping[str, FactValue]:
    """The facts that rest on the certificate alone, on nothing beside it and on no clock."""
    it, parsed = read_certificate(der), _parsed(der)
    body = parsed["tbs_certificate"]
    spki = it.spki or b""
    return values(
        {
            "version": lambda: {"v1": 1, "v2": 2, "v3": 3}.get(body["version"].native, MALFORMED),
            "well_formed": lambda: _is_well_formed(der, parsed),
            "subject": lambda: name_value(body["subject"]),
            "issuer": lambda: name_value(body["issuer"]),
            "self_issued": lambda: _is_self_issued(body),
            "self_signature_valid": lambda: _is_signed_by(parsed, parsed),
            "self_signed": lambda: _is_self_issued(body) and _is_signed_by(parsed, parsed),
            "serial": lambda: small_serial(body["serial_number"]),
            "serial_octets": lambda: _serial_octets(body["serial_number"]),
            "serial_positive": lambda: body["serial_number"].native > 0,
            "signature_algorithm": lambda: algorithm_value(parsed["signature_algorithm"]),
            "validity_days": lambda: lasting_value(*(body["validity"][end].native for end in _ENDS)),
            "validity_encoding": lambda: [type(body["validity"][end].chosen).__name__ for end in _ENDS],
            "public_key": lambda: public_key_words(spki),
            "key_bits": lambda: public_key_value(spki)[1],
            "ca": lambda: _is_ca(body["extensions"]),
        }
    )


_ENDS = ("not_before", "not_after")


def _identity(parsed: Asn1) -> Identity:
    body = parsed["tbs_certificate"]
    identifier = None
    for extension in body["extensions"]:
        if extension["extn_id"].dotted == "2.5.29.14":
            identifier = extension["extn_value"].parsed.native
    bits = bytes(body["subject_public_key_info"]["public_key"].contents)[1:]
    return Identity(bits, identifier, bytes(body["issuer"].dump()), body["serial_number"].native)


def _is_well_formed(der: bytes, parsed: Asn1) -> bool:
    """Whether ``cryptography`` accepts all of it and reads the same names, serial, dates, key and extensions."""
    try:
        strict = x509.load_der_x509_certificate(der)
        seen = [extension.oid.dotted_string for extension in strict.extensions]
        key = strict.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    body = parsed["tbs_certificate"]
    extensions = body["extensions"]
    return (
        strict.subject.public_bytes() == body["subject"].dump()
        and strict.issuer.public_bytes() == body["issuer"].dump()
        and strict.serial_number == body["serial_number"].native
        and strict.not_valid_before_utc == body["validity"]["not_before"].native
        and strict.not_valid_after_utc == body["validity"]["not_after"].native
        and key == body["subject_public_key_info"].dump()
        and seen == [one["extn_id"].dotted for one in extensions]
        and parsed["signature_algorithm"].dump() == body["signature"].dump()
    )


def _is_self_issued(body: Asn1) -> bool:
    return bool(body["subject"].dump() == body["issuer"].dump())


def _is_signed_by(signed: Asn1, issuer: Asn1) -> bool:
    body, algorithm, signature = (
        signed[part] for part in ("tbs_certificate", "signature_algorithm", "signature_value")
    )
    return _is_body_signed_by(body, algorithm, signature, issuer)


def _is_body_signed_by(body: Asn1, algorithm: Asn1, signature: Asn1, issuer: Asn1) -> bool:
    """Whether the issuer's subject is this body's issuer, and its key verifies the signature.

    Only the key and the primitives of ``cryptography`` are used: its certificate loader refuses versions and serials,
    and its ``verify_directly_issued_by`` the SHA-1 and MD5, that old versions of ``openssl`` really write. Raises
    UnsupportedAlgorithm for a signature that cannot be checked here.
    """
    signer = issuer["tbs_certificate"]
    if body["issuer"].dump() != signer["subject"].dump():
        return False
    spki = bytes(signer["subject_public_key_info"].dump())
    return _verifies(bytes(body.dump()), signature.native, bytes(algorithm.dump()), spki)


@remembered(256, MAX_REMEMBERED)
def _verifies(body: bytes, signature: bytes, algorithm_der: bytes, spki: bytes) -> bool:
    """Remembered: whether a certificate is signed by itself is asked of it and of all that lie beside a file."""
    algorithm: Asn1 = asn1_algos.SignedDigestAlgorithm.load(algorithm_der)
    kind = algorithm.signature_algo
    try:
        match key := read_public_key(spki):
            case rsa.RSAPublicKey() if kind == "rsassa_pkcs1v15":
                key.verify(signature, body, padding.PKCS1v15(), _hash(algorithm.hash_algo))
            case rsa.RSAPublicKey() if kind == "rsassa_pss":
                digest = _hash(algorithm.hash_algo)
                salt = algorithm["parameters"]["salt_length"].native
                key.verify(signature, body, padding.PSS(padding.MGF1(digest), salt), digest)
            case ec.EllipticCurvePublicKey() if kind == "ecdsa":
                key.verify(signature, body, ec.ECDSA(_hash(algorithm.hash_algo)))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() if kind in {"ed25519", "ed448"}:
                key.verify(signature, body)
            case _:
                raise UnsupportedAlgorithm(f"{kind} with this kind of key")
    except InvalidSignature:
        return False
    return True


def _hash(name: str) -> hashes.HashAlgorithm:
    found: dict[str, type[hashes.HashAlgorithm]] = {
        "md5": hashes.MD5,
        "sha1": hashes.SHA1,
        "sha224": hashes.SHA224,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    return found[name]()


def signers_of(body: Asn1, algorithm: Asn1, signature: Asn1, others: Mapping[str, Certificate]) -> FactValue:
    """The files whose certificate signed this body by name and key; one that cannot be read did not."""
    found: list[FactValue] = []
    for name in sorted(others):
        other = _parsed(others[name].der)
        if other is not None and attempt(lambda other=other: _is_body_signed_by(body, algorithm, signature, other)):  # type: ignore[misc]
            found.append(name)
    return found


def small_serial(serial: Asn1) -> FactValue:
    """The serial where somebody chose it (at most 4 octets), None where it is random."""
    return int(serial.native) if len(serial.contents) <= _SERIAL_SIZES[0] else None


def _serial_octets(serial: Asn1) -> FactValue:
    """Bounds, not the length itself, which chance decides: [1, 4], [5, 9], [10, 20] or [21, None]."""
    octets, low = len(serial.contents), 1
    for high in _SERIAL_SIZES:
        if octets <= high:
            return [low, high]
        low = high + 1
    return [low, None]


def algorithm_value(algorithm: Asn1) -> FactValue:
    """A signature's algorithm; of RSASSA-PSS with digest and salt."""
    name = str(algorithm["algorithm"].native)
    if name != "rsassa_pss":
        return name
    parameters = algorithm["parameters"]
    return f"rsassa_pss {parameters['hash_algorithm']['algorithm'].native} salt {parameters['salt_length'].native}"


def lasting_value(begin: datetime, end: datetime) -> FactValue:
    """Whole days where it is that, else the days and the seconds that are left."""
    lasts = end - begin
    if 0 <= lasts.seconds <= _TWO_CLOCK_READINGS_S:
        return int(lasts.days)
    return {"days": lasts.days, "seconds": lasts.seconds}


def starts_now(begin: datetime) -> bool:
    """Whether this moment is within an hour of now."""
    return bool(abs(begin.timestamp() - time.time()) <= CLOCK_TOLERANCE_S)


def public_key_words(spki: bytes) -> FactValue:
    """A public key's algorithm, and its bits or its curve."""
    kind, bits = public_key_value(spki)
    return kind if bits is None or not kind.startswith(("RSA", "DSA")) else f"{kind} {bits}"


def _is_ca(extensions: Asn1) -> bool:
    for extension in extensions:
        if extension["extn_id"].dotted == "2.5.29.19":
            return bool(extension["extn_value"].parsed["ca"].native)
    return False
