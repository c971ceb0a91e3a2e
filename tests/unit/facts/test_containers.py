"""PKCS #7 and PKCS #12: what they carry, in which order, and how it is protected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.facts.model import FactValue

Draw = Callable[..., dict[str, FactValue]]
Make = Callable[..., dict[str, bytes]]

RIGHT = "goodphrase"
TRIPLE_DES = {"scheme": "PBE-SHA1-3DES", "iterations": 2048, "salt_bytes": 8}


def bundle(make: Make, encryption: Any, *, others: bool = False) -> bytes:
    files = make({"name": "root", "subject": {"CN": "root"}}, root_crt=["root"], root_p7b=["p7b:root"])
    certificate = x509.load_pem_x509_certificate(files["root.crt"])
    key: Any = fixture_key("rsa-1")
    more = [pkcs12.PKCS12Certificate(certificate, b"another")] if others else None
    return pkcs12.serialize_key_and_certificates(b"mine", key, certificate, more, encryption)


def old(secret: str = RIGHT) -> Any:
    kind = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)
    kind = kind.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303  what old versions write
    return kind.build(secret.encode())


def test_a_pkcs12_with_the_old_encryption(draw: Draw, make: Make) -> None:
    key = fixture_key("rsa-1").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    facts = draw({"a.p12": bundle(make, old(), others=True), "k": key}, secrets=("another", RIGHT))
    assert facts["der.holds@a.p12"] == "PKCS #12"
    assert facts["pkcs12.mac@a.p12"] == {"digest": "sha1", "iterations": 2048, "salt_bytes": 8}
    assert facts["pkcs12.safes@a.p12"] == [
        {"encryption": TRIPLE_DES, "bags": None},
        {
            "encryption": None,
            "bags": [
                {
                    "kind": "encrypted key",
                    "encryption": TRIPLE_DES,
                    "name": "mine",
                    "attributes": ["friendly_name", "local_key_id"],
                }
            ],
        },
    ]
    assert facts["pkcs12.opens@a.p12"] is True
    assert facts["pkcs12.certificate_names@a.p12"] == ["mine", "another"]
    assert (facts["certificate.count@a.p12"], facts["certificate.key_matches@a.p12"]) == (2, ["k"])
    assert (facts["key.type@a.p12"], facts["key.bits@a.p12"]) == ("RSA", 2048)


def test_the_parameters_of_the_new_encryption(draw: Draw, make: Make) -> None:
    facts = draw({"a.p12": bundle(make, BestAvailableEncryption(RIGHT.encode()))}, secrets=(RIGHT,))
    safes: Any = facts["pkcs12.safes@a.p12"]
    assert (safes[0]["encryption"]["scheme"], safes[0]["encryption"]["cipher"]) == ("PBES2", "AES-256-CBC")
    assert safes[0]["encryption"].keys() == {"scheme", "kdf", "prf", "iterations", "salt_bytes", "cipher"}
    mac: Any = facts["pkcs12.mac@a.p12"]
    assert mac["digest"] == "sha256"


@pytest.mark.parametrize("secrets", [(), ("wrong",)])
def test_a_pkcs12_that_no_answer_opens_tells_its_encryption_only(
    draw: Draw, make: Make, secrets: tuple[str, ...]
) -> None:
    facts = draw({"a.p12": bundle(make, old())}, secrets=secrets)
    assert facts["pkcs12.opens@a.p12"] is False
    assert facts["pkcs12.mac@a.p12"] == {"digest": "sha1", "iterations": 2048, "salt_bytes": 8}
    assert not [name for name in facts if name.startswith(("key.", "pkcs12.certificate", "certificate.subject"))]


def test_a_damaged_mac_does_not_open(draw: Draw, make: Make) -> None:
    content = bundle(make, old())
    damaged = content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]
    assert draw({"a.p12": damaged}, secrets=(RIGHT,))["pkcs12.opens@a.p12"] is False


def test_a_pkcs12_without_protection(draw: Draw, make: Make) -> None:
    facts = draw({"a.p12": bundle(make, NoEncryption())})
    safes: Any = facts["pkcs12.safes@a.p12"]
    assert [bag["kind"] for safe in safes for bag in safe["bags"]] == ["certificate", "key"]
    assert facts["pkcs12.opens@a.p12"] is True


@pytest.mark.timeout(20)
def test_a_pkcs12_that_would_take_hours_is_not_worked_through(draw: Draw, make: Make) -> None:
    pfx = asn1_pkcs12.Pfx.load(bundle(make, old()))
    pfx["mac_data"]["iterations"] = 2_000_000_000
    facts = draw({"a.p12": pfx.dump()}, secrets=(RIGHT,))
    assert facts["pkcs12.mac@a.p12"] == {"digest": "sha1", "iterations": 2_000_000_000, "salt_bytes": 8}
    assert facts["pkcs12.opens@a.p12"] is False


@pytest.mark.parametrize("part", ["p7b:root+leaf", "der:p7b:root+leaf"])
def test_a_pkcs7_tells_its_certificates(draw: Draw, make: Make, part: str) -> None:
    files = make(
        {"name": "root", "subject": {"CN": "root"}},
        {"name": "leaf", "subject": {"CN": "leaf"}, "issuer": "root", "key": "rsa-2"},
        chain_p7b=[part],
    )
    facts = draw(files)
    assert facts["pkcs7.type@chain.p7b"] == "signedData"
    assert (facts["pkcs7.signers@chain.p7b"], facts["pkcs7.crls@chain.p7b"]) == (0, 0)
    assert facts["pkcs7.content@chain.p7b"] is False
    assert facts["certificate.count@chain.p7b"] == 2
    names: list[Any] = [facts["certificate.subject@chain.p7b"], facts["certificate[2].subject@chain.p7b"]]
    assert sorted(name[0][2] for name in names) == ["leaf", "root"]


def test_a_label_that_lies_is_malformed(draw: Draw, make: Make) -> None:
    pem = make({"name": "root"}, a_crt=["root"])["a.crt"].replace(b" CERTIFICATE-", b" PKCS7-")
    assert draw({"a.p7b": pem})["pkcs7.type@a.p7b"] == "malformed"
