"""A PKCS #12 opened part by part is what ``cryptography`` makes of all of it, or is left to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.facts.attempt import attempt
from opensslrun.facts.pkcs12 import Opened, open_pkcs12, opened_at_once, opened_by_parts

Make = Callable[..., dict[str, bytes]]
Bundle = Callable[..., bytes]

RIGHT = "goodphrase"


@pytest.fixture
def bundle(make: Make) -> Bundle:
    """A PKCS #12 with the key ``rsa-1024``, and certificates of these keys."""
    files = make(
        {"name": "mine", "subject": {"CN": "mine"}, "key": "rsa-1024"},
        {"name": "first", "subject": {"CN": "first"}, "key": "rsa-2"},
        {"name": "second", "subject": {"CN": "second"}, "key": "ec-1"},
        mine=["mine"],
        first=["first"],
        second=["second"],
    )
    read = {name: x509.load_pem_x509_certificate(content) for name, content in files.items()}

    def made(encryption: Any, key: Any = "rsa-1024", own: str = "mine", others: tuple[str, ...] = ()) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"a name",
            fixture_key(key) if key else None,
            read[own] if own else None,
            [pkcs12.PKCS12Certificate(read[name], name.encode()) for name in others],
            encryption,
        )

    return made


def built(kind: pkcs12.PBES, digest: hashes.HashAlgorithm, secret: str = RIGHT, rounds: int = 300) -> Any:
    encryption = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds).key_cert_algorithm(kind)
    return encryption.hmac_hash(digest).build(secret.encode())


SHA1 = hashes.SHA1()  # noqa: S303  what old versions write
OLD, NEW = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, pkcs12.PBES.PBESv2SHA256AndAES256CBC


def plain(opened: Opened | None) -> object:
    if opened is None:
        return None
    key = opened.key
    shown = key and key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return shown, opened.certificates


@pytest.mark.parametrize("kind", [OLD, NEW])
@pytest.mark.parametrize(
    "digest", [SHA1, hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda digest: str(digest.name)
)
@pytest.mark.parametrize(
    "what",
    [
        {},
        {"own": ""},
        {"others": ("first", "second")},
        {"own": "", "others": ("second", "mine", "first")},
        {"key": "ec-1", "own": "second", "others": ("first",)},
    ],
    ids=["key and certificate", "key alone", "chain", "chain whose key is in the middle", "EC"],
)
def test_a_usual_file_is_opened_part_by_part_as_it_is_at_once(
    bundle: Bundle, kind: pkcs12.PBES, digest: hashes.HashAlgorithm, what: dict[str, Any]
) -> None:
    content = bundle(built(kind, digest), **what)
    by_parts = opened_by_parts(content, ("wrong", RIGHT))
    assert by_parts is not None
    assert by_parts.key is not None
    assert plain(by_parts) == plain(opened_at_once(content, ("wrong", RIGHT)))


@pytest.mark.parametrize("secret", ["größe 日本", "x", "y" * 200])
@pytest.mark.parametrize("kind", [OLD, NEW])
def test_a_pass_phrase_of_any_letters_and_length(bundle: Bundle, kind: pkcs12.PBES, secret: str) -> None:
    content = bundle(built(kind, hashes.SHA256(), secret))
    assert opened_by_parts(content, (secret,)) is not None
    assert plain(opened_by_parts(content, (secret,))) == plain(opened_at_once(content, (secret,)))


@pytest.mark.parametrize(
    ("encryption", "what"),
    [
        (NoEncryption(), {}),
        (BestAvailableEncryption(RIGHT.encode()), {"key": None, "own": "", "others": ("first", "mine")}),
    ],
    ids=["nothing is encrypted", "certificates alone"],
)
def test_what_is_laid_out_otherwise_is_left_to_cryptography(
    bundle: Bundle, encryption: Any, what: dict[str, Any]
) -> None:
    content = bundle(encryption, **what)
    assert attempt(lambda: opened_by_parts(content, (RIGHT,))) is None
    opened = open_pkcs12(content, (RIGHT,))
    assert opened is not None
    assert len(opened.certificates) == len(what.get("others", ("mine",)))


@pytest.mark.parametrize("kind", [OLD, NEW])
def test_wherever_a_byte_is_changed_both_ways_say_the_same(bundle: Bundle, kind: pkcs12.PBES) -> None:
    content = bundle(built(kind, hashes.SHA256(), rounds=2), others=("first",))
    whole = plain(opened_at_once(content, (RIGHT,)))
    opened = 0
    for place in {*range(0, len(content), 23), *range(40), *range(len(content) - 90, len(content))}:
        damaged = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        by_parts = attempt(lambda damaged=damaged: opened_by_parts(damaged, (RIGHT,)))  # type: ignore[misc]
        if by_parts is not None:
            opened += 1
            assert plain(by_parts) == plain(opened_at_once(damaged, (RIGHT,))) == whole, place
    assert opened < 5  # a changed name of a digest that is the same one, and the like


def test_an_rsa_key_whose_parts_do_not_belong_together_opens_and_is_told_of(draw: Any) -> None:
    key = fixture_key("rsa-1024")
    assert isinstance(key, rsa.RSAPrivateKey)
    good = key.private_numbers()
    bad = rsa.RSAPrivateNumbers(
        good.p, good.q, good.d, good.dmp1 + 2, good.dmq1, good.iqmp, good.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    content = pkcs12.serialize_key_and_certificates(None, bad, None, None, built(NEW, hashes.SHA256()))
    assert opened_at_once(content, (RIGHT,)) is None
    facts = draw({"a.p12": content}, secrets=(RIGHT,))
    assert (facts["pkcs12.opens@a.p12"], facts["key.consistent@a.p12"]) == (True, False)


def test_a_mac_of_as_many_rounds_as_it_says(bundle: Bundle) -> None:
    pfx = asn1_pkcs12.Pfx.load(bundle(built(NEW, hashes.SHA256())))
    rounds = pfx["mac_data"]["iterations"].native
    assert opened_by_parts(pfx.dump(), (RIGHT,)) is not None
    pfx["mac_data"]["iterations"] = rounds + 1
    assert opened_by_parts(pfx.dump(force=True), (RIGHT,)) is None
