"""Certificates: each thing a lying ``openssl`` could change in one shows in a fact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509

from opensslrun.facts.model import FactValue

Draw = Callable[..., dict[str, FactValue]]
Make = Callable[..., dict[str, bytes]]

ROOT: dict[str, Any] = {"name": "root", "subject": {"C": "US", "CN": "Root"}, "key": "rsa-1", "ca": True}
LEAF: dict[str, Any] = {
    "name": "leaf", "subject": {"CN": "leaf"}, "key": "rsa-2", "issuer": "root", "dns": ["a.example"],
    "key_usage": ["digitalSignature", "keyEncipherment"], "purposes": ["clientAuth"],
}  # fmt: skip


def changed(content: bytes, change: Any) -> bytes:
    """The certificate with a change to its body; the signature stays and no longer fits."""
    certificate = asn1_x509.Certificate.load(pem.unarmor(content)[2])
    change(certificate["tbs_certificate"])
    armored: bytes = pem.armor("CERTIFICATE", certificate.dump(force=True))
    return armored


def test_a_root_as_it_is(draw: Draw, make: Make) -> None:
    files = make(ROOT, root_crt=["root"], root_key=["key:rsa-1"], other_key=["key:rsa-2"])
    facts = draw(files)
    seen = {name: value for name, value in facts.items() if name.startswith("certificate.")}
    name = [["C", "PrintableString", "US"], ["CN", "UTF8String", "Root"]]
    assert seen == {
        "certificate.count@root.crt": 1,
        "certificate.version@root.crt": 3,
        "certificate.well_formed@root.crt": True,
        "certificate.subject@root.crt": name,
        "certificate.issuer@root.crt": name,
        "certificate.self_issued@root.crt": True,
        "certificate.self_signature_valid@root.crt": True,
        "certificate.self_signed@root.crt": True,
        "certificate.signed_by@root.crt": ["root.crt"],
        "certificate.serial@root.crt": None,
        "certificate.serial_octets@root.crt": [5, 9],
        "certificate.serial_positive@root.crt": True,
        "certificate.signature_algorithm@root.crt": "sha256_rsa",
        "certificate.validity_days@root.crt": 7305,
        "certificate.validity_encoding@root.crt": ["UTCTime", "UTCTime"],
        "certificate.starts_now@root.crt": False,
        "certificate.public_key@root.crt": "RSA 2048",
        "certificate.key_bits@root.crt": 2048,
        "certificate.key_matches@root.crt": ["root.key"],
        "certificate.ca@root.crt": True,
        "certificate.extensions@root.crt": [
            {"name": "basicConstraints", "critical": True, "value": {"ca": True, "path_length": None}},
            {
                "name": "subjectKeyIdentifier",
                "critical": False,
                "value": {"sha1_of_public_key": True, "octets": 20},
            },
            {
                "name": "authorityKeyIdentifier",
                "critical": False,
                "value": {"key_identifier": "own", "issuer": None, "serial": None},
            },
        ],
    }


def test_a_leaf_names_its_issuer_by_file(draw: Draw, make: Make) -> None:
    facts = draw(make(ROOT, LEAF, root_crt=["root"], leaf_crt=["leaf"]))
    assert facts["certificate.signed_by@leaf.crt"] == ["root.crt"]
    assert facts["certificate.self_signed@leaf.crt"] is False
    assert facts["certificate.ca@leaf.crt"] is False
    extensions = facts["certificate.extensions@leaf.crt"]
    assert isinstance(extensions, list)
    assert extensions[:3] == [
        {"name": "keyUsage", "critical": True, "value": ["digitalSignature", "keyEncipherment"]},
        {"name": "extendedKeyUsage", "critical": False, "value": ["client_auth"]},
        {"name": "subjectAltName", "critical": False, "value": [["DNS", "a.example"]]},
    ]
    assert extensions[4] == {
        "name": "authorityKeyIdentifier",
        "critical": False,
        "value": {"key_identifier": "root.crt", "issuer": None, "serial": None},
    }


def test_the_same_leaf_without_its_issuer_names_nobody(draw: Draw, make: Make) -> None:
    facts = draw(make(ROOT, LEAF, leaf_crt=["leaf"]))
    assert facts["certificate.signed_by@leaf.crt"] == []
    assert "unknown" in str(facts["certificate.extensions@leaf.crt"])


def _negative(body: Any) -> None:
    body["serial_number"] = -5


def _version_2(body: Any) -> None:
    body["version"] = "v2"


def _another_name(body: Any) -> None:
    body["subject"] = asn1_x509.Name.build({"common_name": "Other"})


@pytest.mark.parametrize(
    ("change", "fact", "value"),
    [
        (_negative, "serial_positive", False),
        (_negative, "serial", -5),
        (_version_2, "version", 2),
        (_another_name, "self_issued", False),
        (_another_name, "subject", [["CN", "UTF8String", "Other"]]),
    ],
)
def test_a_change_of_the_body_shows_and_breaks_the_signature(
    draw: Draw, make: Make, change: Any, fact: str, value: object
) -> None:
    files = make(ROOT, root_crt=["root"])
    facts = draw({"root.crt": changed(files["root.crt"], change)})
    assert facts[f"certificate.{fact}@root.crt"] == value
    assert facts["certificate.self_signature_valid@root.crt"] is False
    assert draw(files)[f"certificate.{fact}@root.crt"] != value


@pytest.mark.parametrize(
    ("table", "fact", "value"),
    [
        ({"version": 1}, "version", 1),
        ({"version": 1}, "extensions", []),
        ({"ca": False}, "ca", False),
        ({"not_after": date(2040, 1, 2)}, "validity_days", 7306),
        ({"not_after": datetime(2040, 1, 1, 0, 0, 1, tzinfo=UTC)}, "validity_days", 7305),
        ({"not_after": datetime(2040, 1, 1, 1, tzinfo=UTC)}, "validity_days", {"days": 7305, "seconds": 3600}),
        ({"not_after": date(2060, 1, 1)}, "validity_encoding", ["UTCTime", "GeneralizedTime"]),
        ({"digest": "sha1"}, "signature_algorithm", "sha1_rsa"),
        ({"digest": "md5"}, "signature_algorithm", "md5_rsa"),
        ({"digest": "sha512", "key": "ec-1"}, "signature_algorithm", "sha512_ecdsa"),
        ({"serial": 7}, "serial", 7),
        ({"serial": 7}, "serial_octets", [1, 4]),
        ({"serial": 2**150}, "serial_octets", [10, 20]),
        ({"key": "ec-1"}, "public_key", "EC secp256r1"),
        ({"key": "ed25519-1"}, "public_key", "Ed25519"),
        ({"key": "rsa-1024"}, "key_bits", 1024),
        ({"signed_with": "rsa-2"}, "self_signature_valid", False),
        ({"signed_with": "rsa-2"}, "self_issued", True),
    ],
)
def test_what_a_certificate_says(draw: Draw, make: Make, table: dict[str, Any], fact: str, value: object) -> None:
    plain = draw(make(ROOT, root_crt=["root"]))
    facts = draw(make(ROOT | {"ca": None} | table if "version" in table else ROOT | table, root_crt=["root"]))
    assert facts[f"certificate.{fact}@root.crt"] == value
    assert value == 7305 or plain[f"certificate.{fact}@root.crt"] != value or fact == "self_issued"
    if "signed_with" not in table:
        assert facts["certificate.self_signature_valid@root.crt"] is True
        assert facts["certificate.well_formed@root.crt"] is True


@pytest.mark.parametrize(("ahead", "now"), [(0, True), (-1800, True), (-7200, False), (7200, False)])
def test_a_certificate_made_now_starts_now(draw: Draw, make: Make, today: datetime, ahead: int, now: bool) -> None:
    facts = draw(make(ROOT | {"not_before": today + timedelta(seconds=ahead)}, root_crt=["root"]))
    assert facts["certificate.starts_now@root.crt"] is now


def test_names_keep_order_string_type_and_control_characters(draw: Draw, make: Make) -> None:
    odd = {"OU": ["b", "a"], "CN": "x\x1b[31m\n\u202eevil\u2028"}
    facts = draw(make(ROOT | {"subject": odd}, root_crt=["root"]))
    assert facts["certificate.subject@root.crt"] == [
        ["OU", "UTF8String", "b"],
        ["OU", "UTF8String", "a"],
        ["CN", "UTF8String", "x\x1b[31m\n\u202eevil\u2028"],
    ]


def test_another_string_type_of_the_same_text_is_another_value(draw: Draw, make: Make) -> None:
    def teletex(body: Any) -> None:
        body["subject"] = asn1_x509.Name.load(
            body["subject"].dump().replace(b"\x0c\x04Root", b"\x14\x04Root").replace(b"\x13\x02US", b"\x0c\x02US")
        )

    facts = draw({"root.crt": changed(make(ROOT, root_crt=["root"])["root.crt"], teletex)})
    assert facts["certificate.subject@root.crt"] == [["C", "UTF8String", "US"], ["CN", "TeletexString", "Root"]]


def test_every_certificate_of_a_chain_has_its_facts(draw: Draw, make: Make) -> None:
    facts = draw(make(ROOT, LEAF, chain_pem=["leaf", "root"]))
    assert facts["certificate.count@chain.pem"] == 2
    assert facts["certificate.subject@chain.pem"] == [["CN", "UTF8String", "leaf"]]
    assert facts["certificate[2].ca@chain.pem"] is True
    assert facts["pem.labels@chain.pem"] == ["CERTIFICATE", "CERTIFICATE"]


def test_a_der_file_has_the_same_certificate_facts(draw: Draw, make: Make) -> None:
    facts = draw(make(ROOT, root_crt=["root"], root_der=["der:root"], k_der=["der:root"]))
    assert facts["file.format@root.der"] == "der"
    assert facts["der.holds@root.der"] == "certificate"
    assert facts["certificate.validity_days@root.der"] == facts["certificate.validity_days@root.crt"]


def test_a_truncated_certificate_is_malformed_and_does_not_raise(draw: Draw, make: Make) -> None:
    der = make(ROOT, root_der=["der:root"])["root.der"]
    for cut in range(0, len(der), 37):
        armored: bytes = pem.armor("CERTIFICATE", der[:cut])
        facts = draw({"cut.crt": armored, "cut.der": der[:cut]})
        assert facts["certificate.version@cut.crt"] == "malformed"
        assert "certificate.version@cut.der" not in facts
