"""Distinguished names and keys as plain values, from what ``asn1crypto`` parsed."""

from __future__ import annotations

from typing import Final

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from opensslrun.facts.attempt import Asn1
from opensslrun.facts.model import FactValue
from opensslrun.facts.remembered import MAX_REMEMBERED, remembered

_TYPES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}

_STRINGS: Final = {
    12: ("UTF8String", "utf-8"),
    19: ("PrintableString", "ascii"),
    20: ("TeletexString", "latin-1"),
    22: ("IA5String", "ascii"),
    26: ("VisibleString", "ascii"),
    28: ("UniversalString", "utf-32-be"),
    30: ("BMPString", "utf-16-be"),
}
"""By ASN.1 tag number."""


def name_value(name: Asn1) -> FactValue:
    """A name as a list of [type, string type, value] in its own order; ``+CN`` continues a multi-valued RDN."""
    return _name_value(bytes(name.chosen.dump()))


@remembered(512, MAX_REMEMBERED)
def _name_value(der: bytes) -> FactValue:
    """Remembered: the same few names stand in certificates whose keys, serials and dates are new each time."""
    parts: list[FactValue] = []
    for rdn in asn1_x509.RDNSequence.load(der):
        for place, attribute in enumerate(rdn):
            dotted = attribute["type"].dotted
            kind, text = string_value(attribute["value"])
            parts.append([("+" if place else "") + _TYPES.get(dotted, dotted), kind, text])
    return parts


def string_value(value: Asn1) -> tuple[str, str]:
    """The ASN.1 string type and the text of a value; bytes that do not decode stay visible as ``\\xff``."""
    if isinstance(value, core.Choice):
        value = value.chosen
    elif isinstance(value, core.Any):
        value = value.parsed
    kind, encoding = _STRINGS.get(value.tag, (f"tag {value.tag}", "latin-1"))
    return kind, bytes(value.contents).decode(encoding, errors="backslashreplace")


def key_value(key: object) -> tuple[str, int | None]:
    """A public or private key's type (``RSA``, ``EC secp256r1``, ``Ed25519``) and its size in bits."""
    match key:
        case rsa.RSAPublicKey() | rsa.RSAPrivateKey():
            return "RSA", key.key_size
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey():
            return f"EC {key.curve.name}", key.key_size
        case dsa.DSAPublicKey() | dsa.DSAPrivateKey():
            return "DSA", key.key_size
        case ed25519.Ed25519PublicKey() | ed25519.Ed25519PrivateKey():
            return "Ed25519", 256
        case ed448.Ed448PublicKey() | ed448.Ed448PrivateKey():
            return "Ed448", 456
        case x25519.X25519PublicKey() | x25519.X25519PrivateKey():
            return "X25519", 256
        case x448.X448PublicKey() | x448.X448PrivateKey():
            return "X448", 448
        case _:
            return type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey"), None


def public_key_value(spki: bytes) -> tuple[str, int | None]:
    """The same of a SubjectPublicKeyInfo. Raises ValueError or UnsupportedAlgorithm for what cannot be read."""
    return key_value(read_public_key(spki))


@remembered(512, MAX_REMEMBERED)
def read_public_key(spki: bytes) -> PublicKeyTypes:
    """The key of a SubjectPublicKeyInfo. Raises ValueError or UnsupportedAlgorithm for what cannot be read."""
    return serialization.load_der_public_key(spki)
