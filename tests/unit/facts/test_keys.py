"""Private keys, with encryption made by an independent library."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import rsa

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.facts.model import FactValue

Draw = Callable[..., dict[str, FactValue]]

TRADITIONAL = (Path(__file__).parent / "wrong_pass_phrase.key").read_bytes()
"""A key that OpenSSL 3.0 wrote with ``genrsa -traditional -des3``."""

RIGHT = "goodphrase"


def encoded(name: str, *, secret: str | None = None, der: bool = False) -> bytes:
    encryption: ser.KeySerializationEncryption = ser.NoEncryption()
    if secret is not None:
        encryption = ser.BestAvailableEncryption(secret.encode())
    kind = ser.Encoding.DER if der else ser.Encoding.PEM
    return fixture_key(name).private_bytes(kind, ser.PrivateFormat.PKCS8, encryption)


def of_key(facts: dict[str, FactValue]) -> dict[str, FactValue]:
    return {name.removesuffix("@k"): value for name, value in facts.items() if name.startswith("key.")}


def test_a_plain_key(draw: Draw) -> None:
    assert of_key(draw({"k": encoded("rsa-1")})) == {
        "key.pem_label": "PRIVATE KEY",
        "key.encryption": None,
        "key.encrypted": False,
        "key.opens": True,
        "key.type": "RSA",
        "key.bits": 2048,
        "key.public_exponent": 65537,
        "key.consistent": True,
    }


def test_a_traditional_encrypted_key(draw: Draw) -> None:
    facts = of_key(draw({"k": TRADITIONAL}, secrets=("another", RIGHT)))
    assert facts["key.pem_label"] == "RSA PRIVATE KEY"
    assert facts["key.encryption"] == {"scheme": "traditional", "cipher": "DES-EDE3-CBC"}
    assert (facts["key.opens"], facts["key.bits"], facts["key.consistent"]) == (True, 1024, True)


@pytest.mark.parametrize("secrets", [(), ("wrong",), ("wrong phrase 198", "wrong phrase 96937")])
def test_a_key_that_no_answer_opens_tells_nothing_but_its_encryption(draw: Draw, secrets: tuple[str, ...]) -> None:
    assert of_key(draw({"k": TRADITIONAL}, secrets=secrets)) == {
        "key.pem_label": "RSA PRIVATE KEY",
        "key.encryption": {"scheme": "traditional", "cipher": "DES-EDE3-CBC"},
        "key.encrypted": True,
        "key.opens": False,
    }


@pytest.mark.parametrize("der", [False, True])
def test_pbes2_parameters_are_told_but_not_the_salt(draw: Draw, der: bool) -> None:
    facts = of_key(draw({"k": encoded("rsa-1", secret=RIGHT, der=der)}, secrets=(RIGHT,)))
    encryption = facts["key.encryption"]
    assert isinstance(encryption, dict)
    assert encryption.keys() == {"scheme", "kdf", "prf", "iterations", "salt_bytes", "cipher"}
    assert (encryption["scheme"], encryption["kdf"], encryption["cipher"]) == ("PBES2", "PBKDF2", "AES-256-CBC")
    assert (facts["key.encrypted"], facts["key.opens"], facts["key.bits"]) == (True, True, 2048)


@pytest.mark.parametrize(
    ("name", "kind", "bits"), [("ec-1", "EC secp256r1", 256), ("ed25519-1", "Ed25519", 256), ("rsa-1024", "RSA", 1024)]
)
def test_other_kinds_of_key(draw: Draw, name: str, kind: str, bits: int) -> None:
    for der in (False, True):
        facts = of_key(draw({"k": encoded(name, der=der)}))
        assert (facts["key.type"], facts["key.bits"], facts["key.opens"]) == (kind, bits, True)


def test_a_key_whose_parts_do_not_belong_together_is_not_consistent(draw: Draw) -> None:
    one, other = fixture_key("rsa-1"), fixture_key("rsa-2")
    assert isinstance(one, rsa.RSAPrivateKey)
    assert isinstance(other, rsa.RSAPrivateKey)
    good, foreign = one.private_numbers(), other.private_numbers()
    mixed = rsa.RSAPrivateNumbers(
        good.p, good.q, foreign.d, good.dmp1, good.dmq1, good.iqmp, good.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    pem = mixed.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    facts = of_key(draw({"k": pem}))
    assert facts.get("key.consistent", False) is False
    assert of_key(draw({"k": encoded("rsa-1")}))["key.consistent"] is True


@pytest.mark.parametrize("bits", [512, 2048])
def test_a_key_with_a_prime_that_is_none_is_not_consistent(draw: Draw, bits: int) -> None:
    """Every part is computed from the others as it should be, but one factor is itself a product."""
    e, q, p = 65537, _prime(bits // 2), _prime(bits // 4) * _prime(bits // 4)
    while math.gcd(e, (p - 1) * (q - 1)) != 1:
        p = _prime(bits // 4) * _prime(bits // 4)
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q))
    pem = numbers.private_key(unsafe_skip_rsa_key_validation=True).private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()
    )
    facts = of_key(draw({"k": pem}))
    assert (facts["key.opens"], facts["key.type"], facts["key.consistent"]) == (True, "RSA", False)


def _prime(bits: int) -> int:
    number = secrets.randbits(bits) | 3 << bits - 2 | 1
    while pow(2, number - 1, number) != 1:
        number += 2
    return number


def test_a_public_key(draw: Draw) -> None:
    pem = fixture_key("ec-1").public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
    facts = draw({"p": pem})
    assert (facts["public_key.type@p"], facts["public_key.bits@p"]) == ("EC secp256r1", 256)


def test_no_fact_holds_a_pass_phrase(draw: Draw) -> None:
    secret = "zyx unmistakable"
    assert secret not in repr(draw({"k": encoded("rsa-1", secret=secret)}, secrets=(secret,)))
