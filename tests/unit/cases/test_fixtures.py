"""Fixtures: the same bytes every time, valid by an independent verification, mistakes told in one sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.cases.fixtures import build, build_certificates
from opensslrun.cases.specs import CertificateSpec, Specs, specs_from
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
    assert build(Specs(tuple(specs)), files) == build(Specs(tuple(specs)), files)


def test_each_certificate_is_verified_by_its_issuers_key() -> None:
    made = build_certificates(chain())
    made["root"].verify_directly_issued_by(made["root"])
    made["int"].verify_directly_issued_by(made["root"])
    made["leaf"].verify_directly_issued_by(made["int"])
    with pytest.raises((InvalidSignature, ValueError)):
        made["leaf"].verify_directly_issued_by(made["root"])


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha384", "sha512"])
def test_a_digest_is_the_one_that_was_asked_for_and_its_signature_holds(digest: str) -> None:
    made = build_certificates([spec(name="one", digest=digest)])["one"]
    key = made.public_key()
    algorithm = made.signature_hash_algorithm
    assert isinstance(key, rsa.RSAPublicKey)
    assert algorithm is not None
    assert algorithm.name == digest
    key.verify(made.signature, made.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)


def test_version_1_has_no_extensions_and_a_valid_signature() -> None:
    made = build_certificates([spec(name="old", version=1)])["old"]
    assert made.version is x509.Version.v1
    assert len(made.extensions) == 0
    made.verify_directly_issued_by(made)


def test_a_certificate_can_lie_about_its_issuer() -> None:
    liars = [
        *chain(),
        spec(name="wrong-key", issuer="root", signed_with="rsa-3"),
        spec(name="wrong-name", issuer="root", issuer_name={"CN": "Nobody"}),
    ]
    made = build_certificates(liars)
    assert made["wrong-key"].issuer == made["root"].subject
    with pytest.raises(InvalidSignature):
        made["wrong-key"].verify_directly_issued_by(made["root"])
    assert made["wrong-name"].issuer.rfc4514_string() == "CN=Nobody"


def test_dates_are_those_of_the_data() -> None:
    made = build_certificates([spec(name="one", not_after=datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC))])
    certificate = made["one"]
    assert certificate.not_valid_before_utc == datetime(2020, 1, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_files_hold_their_parts_in_order() -> None:
    files = build(
        Specs(tuple(chain())), {"chain.pem": ["leaf", "int"], "leaf.der": ["der:leaf"], "leaf.key": ["key:ec-2"]}
    )
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
        ({"key": "rsa-99"}, "there is no fixture key 'rsa-99'; did you mean 'rsa-1'?"),
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
        build(Specs((spec(**{"name": "one", **said}),)), {})
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="two certificates of the case are named 'one'"):
        build(Specs((spec(name="one"), spec(name="one"))), {})


@pytest.mark.parametrize("part", ["nobody", "der:nobody", "pem:one", "key:nobody", "one:"])
def test_a_file_of_something_that_is_not_there_is_refused(part: str) -> None:
    with pytest.raises(UsageError, match=r"is not there|there is no fixture key"):
        build(Specs((spec(name="one"),)), {"f": [part]})


def tables(**said: Any) -> dict[str, object]:
    return {"key": "rsa-1", "not_before": date(2020, 1, 1), "not_after": date(2040, 1, 1), **said}


def made(files: dict[str, list[str]]) -> dict[str, bytes]:
    specs = specs_from(
        [tables(name="ca", subject={"CN": "CA"}, ca=True), {"like": "ca", "name": "leaf", "issuer": "ca", "ca": False}],
        [{"name": "r", "subject": {"CN": "leaf"}, "key": "rsa-2", "dns": ["a.example"]}],
        [
            {
                "name": "c",
                "issuer": "ca",
                "revoked": ["leaf"],
                "this_update": date(2020, 1, 2),
                "next_update": date(2049, 1, 1),
            }
        ],
        "case.toml",
    )
    return build(specs, files)


def test_like_takes_over_what_is_not_said_again() -> None:
    leaf = x509.load_pem_x509_certificate(made({"f": ["leaf"]})["f"])
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert leaf.not_valid_after_utc.year == 2040


def test_a_request_and_a_revocation_list_are_signed_by_their_keys() -> None:
    files = made({"r.csr": ["request:r"], "c.crl": ["der:crl:c"], "ca.crt": ["ca"], "leaf.crt": ["leaf"]})
    assert x509.load_pem_x509_csr(files["r.csr"]).is_signature_valid
    crl = x509.load_der_x509_crl(files["c.crl"])
    ca = x509.load_pem_x509_certificate(files["ca.crt"])
    key = ca.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert crl.is_signature_valid(key)
    leaf = x509.load_pem_x509_certificate(files["leaf.crt"])
    assert crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None


def test_modifiers_change_what_they_say_and_nothing_else() -> None:
    files = made(
        {
            "plain": ["leaf"],
            "crlf": ["crlf:leaf"],
            "bom": ["bom:leaf"],
            "one": ["one-line:leaf"],
            "bare": ["no-newline:leaf"],
            "bad": ["damaged:leaf"],
            "badder": ["damaged:der:leaf"],
            "wide": ["utf-16:text:é"],
            "p7": ["p7b:leaf+ca"],
        }
    )
    plain = files["plain"]
    assert files["crlf"] == plain.replace(b"\n", b"\r\n")
    assert files["bom"] == b"\xef\xbb\xbf" + plain
    assert files["one"].count(b"\n") == 3
    assert x509.load_pem_x509_certificate(files["one"]) == x509.load_pem_x509_certificate(plain)
    assert files["bare"] == plain[:-1]
    damaged = x509.load_pem_x509_certificate(files["bad"])
    assert damaged == x509.load_der_x509_certificate(files["badder"])
    assert damaged.tbs_certificate_bytes == x509.load_pem_x509_certificate(plain).tbs_certificate_bytes
    assert damaged.signature != x509.load_pem_x509_certificate(plain).signature
    assert files["wide"] == b"\xff\xfe\xe9\x00"
    assert len(pkcs7.load_pem_pkcs7_certificates(files["p7"])) == 2


def test_a_pss_signature_is_deterministic_and_holds() -> None:
    specs = [spec(name="one", padding="pss")]
    first = build_certificates(specs)["one"]
    assert first == build_certificates(specs)["one"]
    first.verify_directly_issued_by(first)
    assert first.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS


def test_like_something_unknown_is_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"certificate\[1\]\.like names 'x'; use the name of an earlier one \(none\)"):
        specs_from([{"name": "a", "like": "x"}], [], [], "case.toml")
