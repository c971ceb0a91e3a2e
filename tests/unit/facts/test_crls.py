"""Revocation lists: whose they are, how long they hold, whom they revoke."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from opensslrun.cases.fixtures import build
from opensslrun.cases.specs import CertificateSpec, CrlSpec, RequestSpec, Specs
from opensslrun.facts.model import FactValue

Draw = Callable[..., dict[str, FactValue]]

DATES: dict[str, object] = {"not_before": date(2020, 1, 1), "not_after": date(2040, 1, 1)}


def files(**parts: list[str]) -> dict[str, bytes]:
    tables: list[dict[str, object]] = [
        {"name": "root", "subject": {"CN": "root"}, "key": "rsa-1", "ca": True},
        {"name": "leaf", "subject": {"CN": "leaf"}, "key": "rsa-2", "issuer": "root"},
        {"name": "gone", "subject": {"CN": "gone"}, "key": "rsa-3", "issuer": "root", "serial": 4660},
    ]
    certificates = tuple(CertificateSpec.from_table({**DATES, **table}, "test") for table in tables)
    crl = CrlSpec(
        name="list",
        issuer="root",
        revoked=["leaf", "gone"],
        this_update=date(2024, 1, 1),
        next_update=date(2024, 1, 31),
    )
    return build(
        Specs(certificates, (RequestSpec(name="wish", subject={"CN": "wish"}, key="rsa-4"),), (crl,)),
        {name.replace("_", "."): each for name, each in parts.items()},
    )


@pytest.mark.parametrize("part", ["crl:list", "der:crl:list"])
def test_a_list(draw: Draw, part: str) -> None:
    facts = draw(files(root_crt=["root"], leaf_crt=["leaf"], list_crl=[part]))
    told = {name.removesuffix("@list.crl"): value for name, value in facts.items() if name.startswith("crl.")}
    assert told == {
        "crl.version": 2,
        "crl.issuer": [["CN", "UTF8String", "root"]],
        "crl.signature_algorithm": "sha256_rsa",
        "crl.signed_by": ["root.crt"],
        "crl.validity_days": 30,
        "crl.validity_encoding": ["UTCTime", "UTCTime"],
        "crl.starts_now": False,
        "crl.revoked": [
            {"certificate": ["leaf.crt"], "serial": None, "reason": None},
            {"certificate": [], "serial": 4660, "reason": None},
        ],
        "crl.extensions": [
            {"name": "cRLNumber", "critical": False, "value": 1},
            {
                "name": "authorityKeyIdentifier",
                "critical": False,
                "value": {"key_identifier": "root.crt", "issuer": None, "serial": None},
            },
        ],
    }


def test_a_damaged_list_is_signed_by_nobody(draw: Draw) -> None:
    assert draw(files(root_crt=["root"], list_crl=["damaged:crl:list"]))["crl.signed_by@list.crl"] == []


def test_what_a_der_file_holds(draw: Draw) -> None:
    made = files(a_der=["der:root"], b_der=["der:crl:list"], c_der=["der:request:wish"])
    facts = draw(made)
    assert [facts[f"der.holds@{name}.der"] for name in "abc"] == ["certificate", "CRL", "certificate request"]


def test_half_a_list_is_malformed(draw: Draw) -> None:
    pem = files(list_crl=["crl:list"])["list.crl"].splitlines(keepends=True)
    assert draw({"list.crl": b"".join([*pem[:3], pem[-1]])})["crl.version@list.crl"] == "malformed"
