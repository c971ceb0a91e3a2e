"""Hostile files and streams: facts come out, plain JSON, quickly, and nothing is raised."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opensslrun.bench.base import Observation, SeenFile
from opensslrun.cases.fixtures import build
from opensslrun.cases.specs import CertificateSpec, Specs
from opensslrun.data import shipped
from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts.extract import extract
from opensslrun.facts.keys import PRIVATE_LABELS
from opensslrun.facts.model import FactValue
from opensslrun.tomlfile import Table

Draw = Callable[..., dict[str, FactValue]]

SIZE = 1024 * 1024

LABELS = [
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE REQUEST",
    "PUBLIC KEY",
    "PKCS7",
    "X509 CRL",
    *sorted(PRIVATE_LABELS),
]


def check(files: dict[str, bytes], stdout: bytes = b"", stderr: bytes = b"", line: str = "openssl verify a b") -> None:
    seen = {name: SeenFile("file", 0o644, len(content), content) for name, content in files.items()}
    outcome = Outcome(Ending.EXITED, 0, ("Enter PEM pass phrase:",), "", stdout, stderr, 0.1)
    facts = extract(line, frozenset({"stdout"}), {}, Observation(outcome, seen), ("secret", "pass\u00e9"))
    plain = {name: fact.value for name, fact in facts.items()}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    json.dumps(plain, ensure_ascii=False).encode("utf-8")


@pytest.fixture(scope="module")
def der() -> bytes:
    from datetime import date

    table: dict[str, object] = {
        "name": "root", "subject": {"CN": "r", "OU": ["a", "b"]}, "key": "rsa-1024", "ca": True, "dns": ["a"],
        "key_usage": ["keyCertSign"], "not_before": date(2020, 1, 1), "not_after": date(2040, 1, 1),
    }  # fmt: skip
    assert issubclass(CertificateSpec, Table)
    return build(Specs((CertificateSpec.from_table(table, "test"),)), {"d": ["der:root"]})["d"]


def armoured(label: str, body: bytes) -> bytes:
    return b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label.encode(), base64.b64encode(body), label.encode())


@given(content=st.binary(max_size=400), label=st.sampled_from(LABELS))
@settings(max_examples=150)
def test_any_bytes_in_any_kind_of_file(content: bytes, label: str) -> None:
    check({"a": content, "b": armoured(label, content), "c": b"-----BEGIN " + content}, content, content)


@given(place=st.integers(0, 10_000), value=st.integers(0, 255), label=st.sampled_from(LABELS))
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_of_a_certificate_changed(der: bytes, place: int, value: int, label: str) -> None:
    place %= len(der)
    broken = der[:place] + bytes([value]) + der[place + 1 :]
    check({"a": broken, "b": armoured("CERTIFICATE", broken), "c": armoured(label, broken)})


@given(place=st.integers(0, 10_000), value=st.integers(0, 255), name=st.sampled_from(["3des", "aes"]))
@settings(max_examples=100)
def test_any_byte_of_a_pkcs12_changed(place: int, value: int, name: str) -> None:
    whole = (shipped("cases") / "files" / f"arrived-{name}.p12").read_bytes()
    place %= len(whole)
    check({"a.p12": whole[:place] + bytes([value]) + whole[place + 1 :], "b.p12": whole[:place]})


@given(text=st.text(max_size=300), line=st.text(max_size=80))
@settings(max_examples=150)
def test_any_text_on_any_stream_of_any_command_line(text: str, line: str) -> None:
    encoded = text.encode("utf-8", errors="replace")
    check({}, encoded, encoded, line)
    check({}, encoded, encoded, f"openssl verify {line}")


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN CERTIFICATE-----\n" * 37_000,
        b"-----END CERTIFICATE-----\n" * 40_000,
        b"-----BEGIN A-----\n-----END B-----\n" * 30_000,
        b"\x30\x80" * (SIZE // 2),
        b"\x30\x83\x0f\xff\xfb" + b"\x30\x83\x0f\xff\xf0" * 200_000,
        bytes(range(256)) * 4_000,
        b"." * SIZE,
        b"0" * SIZE,
        b"aa:" * (SIZE // 3),
        b"/a" * (SIZE // 2),
        b"Serial Number:" + b" \n" * (SIZE // 2),
        b"....\n" * (SIZE // 5),
        b"-----BEGIN RSA PRIVATE KEY-----\n" + b"A: b\n" * 200_000 + b"-----END RSA PRIVATE KEY-----\n",
    ],
    ids=range(13),
)
@pytest.mark.timeout(60)  # what grows with the square of the size takes minutes
def test_a_megabyte_of_garbage_takes_no_time_that_grows_with_its_square(content: bytes) -> None:
    check({"a": content[:SIZE]}, content, content)


def test_deeply_nested_der_is_no_certificate(draw: Draw) -> None:
    nested = b"\x30\x00"
    for _ in range(3000):
        length = len(nested)
        header = bytes([0x30, length]) if length < 128 else b"\x30\x83" + length.to_bytes(3, "big")
        nested = header + nested
    assert draw({"f": nested})["der.holds@f"] == "unknown"


@pytest.mark.timeout(60)
def test_a_huge_iteration_count_is_not_worked_through(draw: Draw) -> None:
    """A PBKDF2 of four thousand million rounds is told by its parameters and not tried for hours."""
    from asn1crypto import algos, keys

    encryption = {
        "algorithm": "pbes2",
        "parameters": {
            "key_derivation_func": {
                "algorithm": "pbkdf2",
                "parameters": algos.Pbkdf2Params(
                    {
                        "salt": algos.Pbkdf2Salt("specified", b"12345678"),
                        "iteration_count": 2**31 - 1,
                        "prf": {"algorithm": "sha256"},
                    }
                ),
            },
            "encryption_scheme": {"algorithm": "aes256_cbc", "parameters": b"\0" * 16},
        },
    }
    info = keys.EncryptedPrivateKeyInfo({"encryption_algorithm": encryption, "encrypted_data": b"\0" * 64})
    facts = draw({"f": armoured("ENCRYPTED PRIVATE KEY", info.dump())}, secrets=("secret",))
    assert facts["key.opens@f"] is False
    assert "2147483647" in json.dumps(facts["key.encryption@f"])
