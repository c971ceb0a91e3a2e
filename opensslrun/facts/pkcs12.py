"""Opening a PKCS #12 with the pass phrases of a case.

``cryptography`` opens one in a single call, which also proves an RSA key's primes anew: 70 ms for 2048 bits, 500 ms for
4096, a fifth of what observing a target takes. Files laid out as every ``openssl`` writes them are opened part by part
instead, each part by ``cryptography`` too, but for the MAC, whose key it does not derive. Whatever is laid out
otherwise, or does not open so, is left to the single call.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from asn1crypto import cms as asn1_cms
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key, pkcs12

from opensslrun.facts.attempt import Asn1, attempt

_MAC_PURPOSE: Final = 3
"""What a derived key is for (RFC 7292, appendix B.3)."""


@dataclass(frozen=True, slots=True)
class Named:
    """A certificate as DER, and its friendly name."""

    der: bytes = field(repr=False)
    name: bytes | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What is inside: the certificate of the key first, then the others in their order."""

    key: PrivateKeyTypes | None = field(repr=False)
    certificates: tuple[Named, ...]


def open_pkcs12(der: bytes, secrets: Sequence[str]) -> Opened | None:
    """What is inside, with the first secret that fits; a file may also have no pass phrase, or an empty one.

    None when none of them opens it.
    """
    by_parts = attempt(lambda: opened_by_parts(der, secrets))
    return by_parts if by_parts is not None else opened_at_once(der, secrets)


def opened_at_once(der: bytes, secrets: Sequence[str]) -> Opened | None:
    """The same by ``cryptography`` alone, which takes an RSA key whose parts do not belong together for no key."""
    for secret in (*(secret.encode() for secret in secrets), None, b""):
        opened = attempt(lambda secret=secret: pkcs12.load_pkcs12(der, secret))  # type: ignore[misc]
        if opened is not None:
            first = [opened.cert] if opened.cert is not None else []
            return Opened(opened.key, tuple(_named(one) for one in (*first, *opened.additional_certs)))
    return None


def opened_by_parts(der: bytes, secrets: Sequence[str]) -> Opened | None:
    """The same of a file with a MAC and one encrypted key, which stands beside the encrypted certificates and not
    among them; None for any other, or when no secret fits. May raise anything for a file that is damaged."""
    pfx = asn1_pkcs12.Pfx.load(der, strict=True)
    if pfx["version"].native != "v3":  # which the MAC does not cover
        return None
    shrouded, others = _apart(pfx.authenticated_safe)
    secret = next((secret for secret in secrets if secret and _is_mac_right(pfx, secret)), None)
    if secret is None or len(shrouded) != 1:
        return None
    key = load_der_private_key(shrouded[0], secret.encode(), unsafe_skip_rsa_key_validation=True)
    rest = asn1_pkcs12.AuthenticatedSafe(others)
    content = asn1_cms.ContentInfo({"content_type": "data", "content": rest.dump()})
    # Without a key nothing is the key's certificate yet.
    found = pkcs12.load_pkcs12(asn1_pkcs12.Pfx({"version": "v3", "auth_safe": content}).dump(), secret.encode())
    if found.key is not None:
        return None
    certificates = [_named(one) for one in found.additional_certs]
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keys = [
        one.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for one in found.additional_certs
    ]
    if public in keys:
        certificates.insert(0, certificates.pop(keys.index(public)))
    return Opened(key, tuple(certificates))


def _named(one: pkcs12.PKCS12Certificate) -> Named:
    return Named(one.certificate.public_bytes(Encoding.DER), one.friendly_name)


def _apart(safes: Asn1) -> tuple[list[bytes], list[Asn1]]:
    """The encrypted keys of the parts that hold nothing else and can be read, and the other parts."""
    keys: list[bytes] = []
    others: list[Asn1] = []
    for safe in safes:
        kind = safe["content_type"].native
        bags = asn1_pkcs12.SafeContents.load(safe["content"].native, strict=True) if kind == "data" else []
        if bags and all(bag["bag_id"].native == "pkcs8_shrouded_key_bag" for bag in bags):
            keys += [bytes(bag["bag_value"].untag().dump()) for bag in bags]
        else:
            others.append(safe)
    return keys, others


def _is_mac_right(pfx: Asn1, secret: str) -> bool:
    """Whether the MAC over all parts is the one that this pass phrase makes (RFC 7292, section 5.1)."""
    data = pfx["mac_data"]
    digest = data["mac"]["digest_algorithm"]["algorithm"].native
    size = hashlib.new(digest).digest_size
    key = derived(digest, secret, data["mac_salt"].native, data["iterations"].native, _MAC_PURPOSE, size)
    content = pfx["auth_safe"]["content"].contents
    return hmac.compare_digest(hmac.new(key, content, digest).digest(), data["mac"]["digest"].native)


def derived(digest: str, secret: str, salt: bytes, iterations: int, purpose: int, size: int) -> bytes:
    """``size`` bytes from a pass phrase (RFC 7292, appendix B.2), at most one digest's."""
    hashed = getattr(hashlib, digest, None) or partial(hashlib.new, digest)  # by name it takes three times as long
    block = hashed().block_size
    phrase = secret.encode("utf-16-be") + b"\0\0"
    start = bytes([purpose]) * block + _filled(salt, block) + _filled(phrase, block)
    found: bytes = hashed(start).digest()
    for _ in range(iterations - 1):
        found = hashed(found).digest()
    return found[:size]


def _filled(text: bytes, block: int) -> bytes:
    """The text again and again, to whole blocks; nothing for nothing."""
    size = -(-len(text) // block) * block
    return (text * (size // len(text) + 1))[:size] if text else b""
