"""Message classes: the same for every version's wording, and never a class for what nobody knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opensslrun.facts.messages import CLOSED
from opensslrun.facts.streams import MAX_CLASSIFIED, Context, classes_of

TRANSCRIPTS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "transcripts.json").read_text())
"""What OpenSSL 1.1.1g, 3.0.22 and LibreSSL 3.0.2 really printed, thread ids and all."""

VERSIONS = ("LibreSSL 3.0.2", "OpenSSL 1.1.1g", "OpenSSL 3.0.22")


def classes(transcript: dict[str, Any], stream: str) -> list[str]:
    words = transcript["command"].split()
    verified = tuple(words[4:]) if words[1] == "verify" else ()
    used = transcript["lines"] or "-passin" in words
    return list(classes_of(transcript[stream].encode(), Context((), verified, used)))


def said(command: str, version: str, stream: str = "stderr") -> list[str]:
    (found,) = [one for one in TRANSCRIPTS if one["version"] == version and one["command"].startswith(command)]
    return classes(found, stream)


def test_every_line_that_three_real_versions_printed_has_a_class() -> None:
    assert {one["version"] for one in TRANSCRIPTS} == set(VERSIONS)
    unknown = {name for one in TRANSCRIPTS for stream in ("stdout", "stderr") for name in classes(one, stream)} - CLOSED
    assert unknown == set()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("openssl req -x509 -config root.conf -new -nodes -key k.key -sha256 -days 1024 -out r2.crt",
         ["cannot load", "prompt", "wrong pass phrase"]),
        ("openssl x509 -in missing.crt", ["cannot load", "no such file"]),
        ("openssl verify -CAfile root.pem missing.crt", ["cannot load", "no such file"]),
        ("openssl req -config garbage.pem", ["configuration error"]),
        ("openssl req -config root.conf -new -key missing.key", ["cannot load", "no such file"]),
        ("openssl req -config root.conf -new -key k.key -passin pass:good phrase -out nodir/q.csr",
         ["cannot open", "no such file"]),
        ("openssl req -in q.csr -noout -verify", ["signature ok"]),
    ],
)  # fmt: skip
def test_one_situation_is_one_class_in_every_version(command: str, expected: list[str], version: str) -> None:
    assert said(command, version) == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("openssl x509 -in r.crt -noout -subject -issuer -dates", ["dates", "issuer", "subject"]),
        ("openssl x509 -in leaf.pem -noout -serial", ["fingerprint", "hash", "modulus", "purposes", "serial"]),
        ("openssl x509 -in leaf.pem -noout -text", ["text"]),
        ("openssl version", ["version"]),
        ("openssl verify -CAfile root.pem root.pem", ["verify ok"]),
    ],
)
def test_what_is_read_from_a_certificate_has_the_same_classes_on_stdout(
    command: str, expected: list[str], version: str
) -> None:
    assert said(command, version, "stdout") == expected


def test_where_versions_really_differ_their_classes_do() -> None:
    expired = "openssl verify -CAfile root.pem leaf.pem"
    assert [said(expired, version, "stdout") for version in VERSIONS] == [
        ["verify error", "verify ok"],
        ["verify error"],
        [],
    ]
    assert [said(expired, version) for version in VERSIONS] == [[], ["verify error"], ["verify error"]]
    made = "openssl genrsa -des3 -out k.key 1024"
    assert [said(made, version) for version in VERSIONS] == [
        ["key generation", "prompt"],
        ["key generation", "prompt"],
        ["prompt"],
    ]


def stderr(text: str, *, used: bool = False) -> list[str]:
    return list(classes_of(text.encode(), Context(pass_phrase_used=used)))


NESTED = (
    "unable to load Private Key\n"
    "1:error:0D07207B:asn1 encoding routines:ASN1_get_object:header too long:crypto/asn1/asn1_lib.c:101:\n"
    "1:error:0907B00D:PEM routines:PEM_read_bio_PrivateKey:ASN1 lib:crypto/pem/pem_pkey.c:88:\n"
)


def test_asn1_errors_mean_a_wrong_pass_phrase_only_where_one_was_used() -> None:
    assert stderr(NESTED, used=True) == ["cannot load", "wrong pass phrase"]
    assert stderr(NESTED) == ["cannot load", "malformed data"]


def test_a_decoding_reason_nobody_listed_is_still_a_wrong_pass_phrase_but_unknown_without_one() -> None:
    text = "unable to load Private Key\n1:error:0D000000:asn1 encoding routines:f:never seen:crypto/a.c:1:\n"
    assert stderr(text, used=True) == ["cannot load", "wrong pass phrase"]
    assert stderr(text) == ["cannot load", "unknown: error asn1 encoding routines: never seen"]


def test_another_librarys_error_beside_a_bad_decrypt_is_told() -> None:
    text = (
        "1:error:06065064:digital envelope routines:f:bad decrypt:crypto/a.c:1:\n"
        "1:error:2F000000:engine routines:f:init failed:crypto/b.c:2:\n"
    )
    assert stderr(text, used=True) == ["unknown: error engine routines: init failed", "wrong pass phrase"]


def test_a_report_that_only_passes_an_error_on_is_not_lost() -> None:
    assert stderr("1:error:20FFF002:BIO routines:CRYPTO_internal:system lib:crypto/bio/bss_file.c:257:\n") == [
        "library error"
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Unable to laod Private Key", "unknown: Unable to laod Private Key"),
        ("Segmentation fault in /tmp/a1b2/work/k.key", "unknown: Segmentation fault in <directory>/k.key"),
        ("OK", "unknown: OK"),
        ("leaf.pem: OK", "unknown: leaf.pem: OK"),
        ("C = US, CN = leaf", "unknown: C = US, CN = leaf"),
    ],
)
def test_a_line_that_nothing_knows_is_shown_as_unknown(line: str, shown: str) -> None:
    assert stderr(line + "\n") == [shown]


def test_a_block_ends_where_it_ends() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert stderr(pem) == ["PEM CERTIFICATE"]
    assert stderr(pem + "leaked\n") == ["PEM CERTIFICATE", "unknown: leaked"]
    assert stderr("-----BEGIN CERTIFICATE-----\nAAAA\n!\n-----END CERTIFICATE-----\n") == [
        "PEM CERTIFICATE", "unknown: !", "unknown: -----END CERTIFICATE-----",
    ]  # fmt: skip
    assert stderr("-----BEGIN NONSENSE-----\n") == ["unknown: -----BEGIN NONSENSE-----"]
    assert stderr("usage: x509 args\n -in arg - input\nsurprise!\n") == ["unknown: surprise!", "usage"]


def test_an_error_inside_a_usage_text_is_still_read() -> None:
    text = "usage: x\n1:error:02FFF002:system library:f:No such file or directory:crypto/a.c:1:\n"
    assert stderr(text) == ["no such file", "usage"]


def test_prompts_that_stand_before_a_message_on_one_line_are_taken_off() -> None:
    context = Context(prompts=("Enter pass phrase for k.key:",), pass_phrase_used=True)
    assert classes_of(b"Enter pass phrase for k.key:unable to load Private Key\n", context) == ["cannot load", "prompt"]


def test_crlf_changes_no_class() -> None:
    for one in TRANSCRIPTS:
        crlf = {**one, "stdout": one["stdout"].replace("\n", "\r\n"), "stderr": one["stderr"].replace("\n", "\r\n")}
        assert classes(crlf, "stdout") == classes(one, "stdout")
        assert classes(crlf, "stderr") == classes(one, "stderr")


def test_bytes_that_are_no_text() -> None:
    assert classes_of(b"\x30\x03\x02\x01\x05", Context()) == ["DER"]
    assert classes_of(b"\x30\x03\x02\x01\x05 \n", Context()) == ["unknown: 0\x03\x02\x01\x05"]
    assert classes_of(b"", Context()) == []
    assert classes_of(b"a\0b", Context()) == ["unknown: binary data"]
    assert classes_of(b"\xff\xfe oops\n", Context()) == ["unknown: \\xff\\xfe oops"]


def test_a_runaway_is_bounded_and_told() -> None:
    noise = b"".join(b"line %d\n" % number for number in range(300_000))
    assert len(noise) > MAX_CLASSIFIED
    found = classes_of(noise, Context())
    assert len(found) == 22
    assert "unknown: and more" in found
    assert f"unknown: more than {MAX_CLASSIFIED} bytes" in found
