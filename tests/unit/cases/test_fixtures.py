"""Fixtures: the same bytes every time, valid by an independent verification, mistakes told in one sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from opensslrun.cases.fixtures import CertificateSpec, build, build_certificates, fixture_key
from opensslrun.data import shipped
from opensslrun.errors import UsageError

CHAIN: list[dict[str, Any]] = [
    {"name": "root", "subject": {"C": "US", "CN": "Root"}, "key": "rsa-1", "ca": True},
    {"name": "int", "subject": {"CN": "Intermediate"}, "key": "ec-1", "issuer": "root", "ca": True, "path_length": 0},
    {"name": "leaf", "subject": {"CN": "leaf", "OU": ["a", "b"]}, "key": "ec-2", "issuer": "int", "dns": ["a.example"]},
]


def spec(**said: Any) -> CertificateSpec:
    table = {
        "subject": {"CN": "x"},
        "key": "rsa-1",
        "not_before": date(2020, 1, 1),
        "not_after": date(2040, 1, 1),
        **said,
    }
    return CertificateSpec.from_table(table, "case.toml: certificate[1]")


def chain() -> list[CertificateSpec]:
    return [spec(**table) for table in CHAIN]


def test_two_builds_are_the_same_bytes_for_every_kind_of_key_digest_and_version() -> None:
    specs = [
        *chain(),
        spec(name="sha1", key="rsa-2", digest="sha1"),
        spec(name="md5", key="rsa-2", digest="md5"),
        spec(name="v1", key="rsa-2", version=1),
        spec(name="ed", key="ed25519-1"),
        spec(name="by-ec", key="rsa-2", issuer="int", digest="sha384"),
    ]
    files = {"all.pem": [one.name for one in specs], "key.pem": ["key:rsa-1"], "leaf.der": ["der:leaf"]}
    assert build(specs, files) == build(list(specs), files)


def test_each_certificate_is_verified_by_its_issuers_key() -> None:
    made = build_certificates(chain()).certificates
    made["root"].verify_directly_issued_by(made["root"])
    made["int"].verify_directly_issued_by(made["root"])
    made["leaf"].verify_directly_issued_by(made["int"])
    with pytest.raises((InvalidSignature, ValueError)):
        made["leaf"].verify_directly_issued_by(made["root"])


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha384", "sha512"])
def test_a_digest_is_the_one_that_was_asked_for_and_its_signature_holds(digest: str) -> None:
    made = build_certificates([spec(name="one", digest=digest)]).certificates["one"]
    key = made.public_key()
    algorithm = made.signature_hash_algorithm
    assert isinstance(key, rsa.RSAPublicKey)
    assert algorithm is not None
    assert algorithm.name == digest
    key.verify(made.signature, made.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)


def test_version_1_has_no_extensions_and_a_valid_signature() -> None:
    made = build_certificates([spec(name="old", version=1)]).certificates["old"]
    assert made.version is x509.Version.v1
    assert len(made.extensions) == 0
    made.verify_directly_issued_by(made)


def test_a_certificate_can_lie_about_its_issuer() -> None:
    liars = [
        *chain(),
        spec(name="wrong-key", issuer="root", signed_with="rsa-3"),
        spec(name="wrong-name", issuer="root", issuer_name={"CN": "Nobody"}),
    ]
    made = build_certificates(liars).certificates
    assert made["wrong-key"].issuer == made["root"].subject
    with pytest.raises(InvalidSignature):
        made["wrong-key"].verify_directly_issued_by(made["root"])
    assert made["wrong-name"].issuer.rfc4514_string() == "CN=Nobody"


def test_dates_are_those_of_the_data() -> None:
    made = build_certificates([spec(name="one", not_after=datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC))])
    certificate = made.certificates["one"]
    assert certificate.not_valid_before_utc == datetime(2020, 1, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_files_hold_their_parts_in_order() -> None:
    files = build(chain(), {"chain.pem": ["leaf", "int"], "leaf.der": ["der:leaf"], "leaf.key": ["key:ec-2"]})
    names = [one.subject.rfc4514_string() for one in x509.load_pem_x509_certificates(files["chain.pem"])]
    assert names == ["OU=b,OU=a,CN=leaf", "CN=Intermediate"]
    assert x509.load_der_x509_certificate(files["leaf.der"]).subject.rfc4514_string() == "OU=b,OU=a,CN=leaf"
    assert files["leaf.key"].startswith(b"-----BEGIN PRIVATE KEY-----\n")


def test_every_fixture_key_is_consistent() -> None:
    for path in sorted((shipped("fixtures") / "keys").glob("*.pem")):
        serialization.load_pem_private_key(path.read_bytes(), None)


def test_every_fixture_key_loads_and_is_another_one() -> None:
    names = [*(f"rsa-{number}" for number in range(1, 7)), "rsa-1024", "ec-1", "ec-2", "ed25519-1"]
    published = {
        fixture_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        for name in names
    }
    assert len(published) == len(names)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"ca": 1}, "ca: input should be a valid boolean"),
        ({"colour": "red"}, "colour is not a known key"),
        ({"key": "rsa-99"}, "there is no fixture key 'rsa-99'; use one of ec-1,"),
        ({"issuer": "nobody"}, "names the issuer 'nobody', but the certificates of the case are: one"),
        ({"not_after": date(2010, 1, 1)}, "must be later than not_before"),
        ({"subject": {"XX": "a"}}, "'XX' is no part of a name"),
        ({"subject": {"C": "USA"}}, "the certificate 'one' cannot be made"),
        ({"path_length": 1}, "path_length is for a CA only"),
        ({"version": 1, "ca": True}, "a certificate of version 1 has no extensions"),
        ({"not_before": "2020-01-01"}, "not_before"),
        ({"not_before": date(1900, 1, 1)}, "the certificate 'one' cannot be made"),
        ({"key_usage": ["sing"]}, "key_usage"),
    ],
)
def test_a_mistake_in_the_data_is_one_sentence(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build([spec(**{"name": "one", **said})], {})
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="two certificates of the case are named 'one'"):
        build([spec(name="one"), spec(name="one")], {})


@pytest.mark.parametrize("part", ["nobody", "der:nobody", "pem:one", "key:nobody", "one:"])
def test_a_file_of_something_that_is_not_there_is_refused(part: str) -> None:
    with pytest.raises(UsageError, match=r"is not there|there is no fixture key"):
        build([spec(name="one")], {"f": [part]})
