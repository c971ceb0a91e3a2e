"""PKCS #7 and PKCS #12: which certificates and keys a file carries, in which order, and how they are protected.

``asn1crypto`` reads the structure; :mod:`.pkcs12` opens a PKCS #12 with the case's answers, which proves its MAC and
the decryption of every part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from asn1crypto import cms as asn1_cms
from asn1crypto import pkcs12 as asn1_pkcs12

from opensslrun.facts.attempt import MALFORMED, Asn1, attempt, values
from opensslrun.facts.encryption import encryption_value, is_workable
from opensslrun.facts.keys import Key, described_key
from opensslrun.facts.model import FactValue, Values
from opensslrun.facts.pkcs12 import open_pkcs12

PKCS7_LABELS: Final = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS"})


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file carries: facts of its own, its certificates in their order as DER, and its private key."""

    values: Values = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    key: Key | None = None


def read_pkcs7(der: bytes) -> Carried | None:
    """A PKCS #7 or CMS, None when it is something else."""
    info: Asn1 = attempt(lambda: asn1_cms.ContentInfo.load(der, strict=True))
    kind = attempt(lambda: _KINDS.get(info["content_type"].native))
    if kind is None:
        return None
    body = info["content"]
    if kind != "signedData":
        return Carried({"pkcs7.type": kind}, ())
    certificates = attempt(lambda: tuple(bytes(one.chosen.dump()) for one in body["certificates"]))
    drawn = values(
        {
            "pkcs7.version": lambda: int(body["version"]),
            "pkcs7.signers": lambda: len(body["signer_infos"]),
            "pkcs7.content": lambda: body["encap_content_info"]["content"].native is not None,
            "pkcs7.crls": lambda: len(body["crls"]),
        }
    )
    drawn |= {} if certificates is not None else {"certificate.count": MALFORMED}
    return Carried({"pkcs7.type": kind, **drawn}, certificates or ())


def read_pkcs12(der: bytes, secrets: Sequence[str]) -> Carried | None:
    """A PKCS #12, None when it is something else."""
    pfx: Asn1 = attempt(lambda: asn1_pkcs12.Pfx.load(der, strict=True))
    safes: list[Asn1] | None = attempt(lambda: list(pfx.authenticated_safe))
    if safes is None:
        return None
    drawn = values(
        {
            "pkcs12.version": lambda: int(pfx["version"]),
            "pkcs12.mac": lambda: _mac(pfx["mac_data"]),
            "pkcs12.safes": lambda: [_safe(safe) for safe in safes],
        }
    )
    opened = open_pkcs12(der, secrets) if _is_workable(drawn) else None
    drawn["pkcs12.opens"] = opened is not None
    if opened is None:
        return Carried(drawn, ())
    drawn["pkcs12.certificate_names"] = [_friendly(one.name) for one in opened.certificates]
    key = None if opened.key is None else described_key(opened.key)
    return Carried(drawn, tuple(one.der for one in opened.certificates), key)


_KINDS: Final = {
    "data": "data",
    "signed_data": "signedData",
    "enveloped_data": "envelopedData",
    "signed_and_enveloped_data": "signedAndEnvelopedData",
    "digested_data": "digestedData",
    "encrypted_data": "encryptedData",
}

_BAGS: Final = {
    "key_bag": "key",
    "pkcs8_shrouded_key_bag": "encrypted key",
    "cert_bag": "certificate",
    "crl_bag": "CRL",
    "secret_bag": "secret",
    "safe_contents": "safe",
}


def _mac(data: Asn1) -> FactValue:
    """Digest, iterations and size of the salt; None for a file that nothing protects from changes."""
    if data.native is None:
        return None
    return {
        "digest": data["mac"]["digest_algorithm"]["algorithm"].native,
        "iterations": data["iterations"].native,
        "salt_bytes": len(data["mac_salt"].native),
    }


def _safe(info: Asn1) -> FactValue:
    """How one part is encrypted, and its bags where they can be read without a pass phrase, else None."""
    if info["content_type"].native == "encrypted_data":
        algorithm = info["content"]["encrypted_content_info"]["content_encryption_algorithm"]
        return {"encryption": encryption_value(algorithm), "bags": None}
    bags = asn1_pkcs12.SafeContents.load(info["content"].native, strict=True)
    return {"encryption": None, "bags": [_bag(bag) for bag in bags]}


def _bag(bag: Asn1) -> FactValue:
    kind = _BAGS.get(bag["bag_id"].native, bag["bag_id"].native)
    described: dict[str, FactValue] = {"kind": kind}
    if kind == "encrypted key":
        described["encryption"] = encryption_value(bag["bag_value"]["encryption_algorithm"])
    attributes = {one["type"].native: one["values"].native for one in bag["bag_attributes"]}
    described["name"] = str(attributes["friendly_name"][0]) if "friendly_name" in attributes else None
    described["attributes"] = [str(name) for name in attributes]
    return described


def _is_workable(drawn: Values) -> bool:
    """Whether no part of the file, as far as it can be read, asks for hours of key derivation."""
    safes = drawn["pkcs12.safes"]
    if not isinstance(safes, list) or drawn["pkcs12.mac"] == MALFORMED:
        return False
    parts = [drawn["pkcs12.mac"]]
    for safe in safes:
        if isinstance(safe, dict):
            bags = safe["bags"] if isinstance(safe["bags"], list) else []
            parts += [safe["encryption"], *(bag.get("encryption") for bag in bags if isinstance(bag, dict))]
    return all(is_workable(part) for part in parts)


def _friendly(name: bytes | None) -> FactValue:
    return None if name is None else name.decode("utf-8", errors="backslashreplace")
