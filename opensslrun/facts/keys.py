"""Private keys: label, type, size, how they are encrypted, and whether a known pass phrase opens them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from asn1crypto import keys as asn1_keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from opensslrun.facts.attempt import MALFORMED, attempt, values
from opensslrun.facts.encryption import encryption_value, is_workable
from opensslrun.facts.model import FactValue, Values
from opensslrun.facts.names import key_value, public_key_value
from opensslrun.facts.pem import Block
from opensslrun.facts.remembered import MAX_REMEMBERED, remembered

PRIVATE_LABELS: Final = frozenset(
    {"RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}
)

_SIGNS_FROM_BITS: Final = 1024
"""Bits from which an RSA key is long enough for a signature with SHA-256, and the parsers take it for one."""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key of the workspace. ``public`` is its SubjectPublicKeyInfo, None when it could not be opened."""

    values: Mapping[str, FactValue] = field(repr=False)
    public: bytes | None


def read_pem_key(content: bytes, block: Block, secrets: Sequence[str]) -> Key:
    """The key of one PEM block, tried with each secret when it is encrypted."""
    return _pem_key(content[block.start : block.end], block.label, block.headers, block.der, tuple(secrets))


@remembered(512, MAX_REMEMBERED)
def _pem_key(
    text: bytes, label: str, headers: tuple[tuple[str, str], ...], der: bytes | None, secrets: tuple[str, ...]
) -> Key:
    """Remembered, because a workspace is looked at after each step, and opening a key takes many milliseconds."""
    encryption = attempt(lambda: (_pem_encryption(label, headers, der),))
    encrypted = encryption is None or encryption[0] is not None
    opened = None
    for secret in _passwords(secrets, encrypted=encrypted, encryption=encryption[0] if encryption else None):
        opened = attempt(lambda secret=secret: _load_pem(text, secret))  # type: ignore[misc]
        if opened is not None:
            break
    described: Values = {
        "key.pem_label": label,
        "key.encryption": MALFORMED if encryption is None else encryption[0],
        "key.encrypted": encrypted,
    }
    return _key(opened, described)


def read_der_key(content: bytes, secrets: Sequence[str]) -> Key | None:
    """The key of a DER file, None when it holds something else."""
    return _der_key(content, tuple(secrets))


@remembered(512, MAX_REMEMBERED)
def _der_key(content: bytes, secrets: tuple[str, ...]) -> Key | None:
    encryption = attempt(lambda: _pkcs8_encryption(content))
    opened = None
    for secret in _passwords(secrets, encrypted=encryption is not None, encryption=encryption):
        opened = attempt(lambda secret=secret: _load_der(content, secret))  # type: ignore[misc]
        if opened is not None:
            break
    if encryption is None and opened is None:
        return None
    described: Values = {"key.encryption": encryption, "key.encrypted": encryption is not None}
    return _key(opened, described)


def public_key_values(spki: bytes | None, prefix: str) -> Values:
    """Type and size of a public key."""
    known = None if spki is None else attempt(lambda: public_key_value(spki))
    kind, bits = known if known is not None else (MALFORMED, None)
    return {f"{prefix}type": kind, f"{prefix}bits": bits}


def described_key(opened: PrivateKeyTypes) -> Key:
    """A key that is open already: what kind it is."""
    return _key(opened, {})


def _key(opened: PrivateKeyTypes | None, described: Values) -> Key:
    described["key.opens"] = opened is not None
    if opened is None:
        return Key(described, None)
    described |= values(
        {
            "key.type": lambda: key_value(opened)[0],
            "key.bits": lambda: key_value(opened)[1],
            "key.public_exponent": lambda: _exponent(opened),
            "key.consistent": lambda: _is_consistent(opened),
        },
        absent=frozenset({"key.public_exponent"}),
    )
    return Key(described, attempt(lambda: _spki(opened)))


def _passwords(secrets: Sequence[str], *, encrypted: bool, encryption: FactValue) -> Sequence[str | None]:
    """What to try: nothing for a key whose parameters would keep this machine busy for hours."""
    if not encrypted:
        return (None,)
    return secrets if is_workable(encryption) else ()


def _load_pem(text: bytes, secret: str | None) -> PrivateKeyTypes:
    password = None if secret is None else secret.encode()
    return serialization.load_pem_private_key(text, password, unsafe_skip_rsa_key_validation=True)


def _load_der(content: bytes, secret: str | None) -> PrivateKeyTypes:
    password = None if secret is None else secret.encode()
    return serialization.load_der_private_key(content, password, unsafe_skip_rsa_key_validation=True)


def _spki(key: PrivateKeyTypes) -> bytes:
    encoded = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return bytes(encoded)


def _exponent(key: PrivateKeyTypes) -> int | None:
    return key.private_numbers().public_numbers.e if isinstance(key, rsa.RSAPrivateKey) else None


def _is_consistent(key: PrivateKeyTypes) -> bool:
    """Whether the parts of an RSA key belong together. The parsers check the other kinds when they load them."""
    if not isinstance(key, rsa.RSAPrivateKey):
        return True
    private = key.private_numbers()
    p, q, d, n, e = private.p, private.q, private.d, private.public_numbers.n, private.public_numbers.e
    return (
        p * q == n
        and e * d % (p - 1) == 1
        and e * d % (q - 1) == 1
        and private.dmp1 == d % (p - 1)
        and private.dmq1 == d % (q - 1)
        and private.iqmp * q % p == 1
        and _signs(key)
    )


def _signs(key: rsa.RSAPrivateKey) -> bool:
    """Whether what the private key signs is what the public key verifies.

    Of parts that fit otherwise, that proves the primes as Fermat's test does, with a base that depends on the key: a
    composite passes by chance that nobody meets. It takes 1 ms for 2048 bits where the test of both primes takes 6, and
    where the parsers' own check takes 70. A key too short to sign takes the test.
    """
    if key.key_size < _SIGNS_FROM_BITS:
        private = key.private_numbers()
        return all(pow(2, factor - 1, factor) == 1 for factor in (private.p, private.q))
    return attempt(lambda: _verifies_what_it_signs(key)) is not None


def _verifies_what_it_signs(key: rsa.RSAPrivateKey) -> bool:
    """True, or InvalidSignature is raised."""
    data, how, digest = _spki(key), padding.PKCS1v15(), hashes.SHA256()
    key.public_key().verify(key.sign(data, how, digest), data, how, digest)
    return True


def _pem_encryption(label: str, headers: tuple[tuple[str, str], ...], der: bytes | None) -> FactValue:
    dek = dict(headers).get("DEK-Info")
    if dek is not None:
        return {"scheme": "traditional", "cipher": dek.partition(",")[0]}
    if label == "ENCRYPTED PRIVATE KEY":
        return _pkcs8_encryption(der or b"")
    return None


def _pkcs8_encryption(der: bytes) -> FactValue:
    """The algorithm of an EncryptedPrivateKeyInfo with its parameters. Raises ValueError when it is none."""
    return encryption_value(asn1_keys.EncryptedPrivateKeyInfo.load(der, strict=True)["encryption_algorithm"])
