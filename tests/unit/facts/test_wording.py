"""Wording: what belongs to the machine or the moment is taken out, and nothing else."""

from __future__ import annotations

import pytest

from opensslrun.facts.wording import (
    MAX_READ,
    MAX_SHOWN,
    MAX_WORDING,
    anonymous,
    both_ends,
    decoded,
    lines_of,
    shortened,
    stable,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("107570112:error:06065064:digital envelope routines:EVP_DecryptFinal_ex:bad decrypt:crypto/evp/evp_enc.c:583:",
         "<thread>:error:06065064:digital envelope routines:EVP_DecryptFinal_ex:bad decrypt:evp_enc.c:<line>:"),
        ("4007:error:1608010C:STORE routines:f:unsupported:../crypto/store/store_result.c:149:",
         "<thread>:error:1608010C:STORE routines:f:unsupported:store_result.c:<line>:"),
        ("Can't open /tmp/run-x1/w/3/k.key for reading", "Can't open <directory>/k.key for reading"),
        ("C:\\Users\\me\\k.key: no", "<directory>/k.key: no"),
        ("subject= /C=US/ST=Mass/CN=www", "subject= /C=US/ST=Mass/CN=www"),
        ("URI:http://a.example/ca/root.crl", "URI:http://a.example/ca/root.crl"),
        ("e is 65537 (0x010001)", "e is 65537 (0x010001)"),
        ("....+++\n...+++\ne is 3", "<progress>\ne is 3"),
        ("a\r\nb\r\n", "a\r\nb\r\n"),
        ("chain/leaf.pem: OK", "chain/leaf.pem: OK"),
    ],
)  # fmt: skip
def test_only_the_moment_is_taken_out(text: str, expected: str) -> None:
    assert stable(text) == expected


def test_chance_is_taken_out_where_nothing_gates() -> None:
    text = (
        "serial=5C6ADE3D0F7A11BB00\nnotBefore=Nov  4 01:41:22 2026 GMT\n"
        "SHA1 Fingerprint=64:7B:75:77:6F:60:83:89:8D:B7:80:93:2C:97:CE:8E:93:E4:72:B0\n"
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB\n-----END RSA PRIVATE KEY-----\n"
    )
    assert anonymous(text) == (
        "serial=<serial>\nnotBefore=<date>\nSHA1 Fingerprint=<hex>\n"
        "-----BEGIN RSA PRIVATE KEY-----\n<base64>\n-----END RSA PRIVATE KEY-----\n"
    )
    assert "5C6ADE" in stable(text)


def same(text: str) -> str:
    return text


def test_a_long_stream_still_compares() -> None:
    one, other = b"a" * MAX_WORDING + b"b", b"a" * MAX_WORDING + b"c"
    assert shortened(b"a" * MAX_WORDING, same) == "a" * MAX_WORDING
    assert shortened(one, same) != shortened(other, same)
    assert len(shortened(one * 3, same)) < MAX_WORDING + 200


def test_beyond_what_is_read_a_stream_compares_as_it_is() -> None:
    begin, chance, other = (
        b"line\n" * (MAX_READ // 5) + b"-" * (MAX_READ % 5),
        b"serial=0123456789",
        b"serial=9876543210",
    )
    assert len(begin) == MAX_READ
    assert shortened(chance + begin, anonymous) == shortened(other + begin, anonymous)
    assert shortened(begin + chance, anonymous) != shortened(begin + other, anonymous)
    assert "(17 more" not in shortened(begin + chance, anonymous)


def test_bytes_that_are_not_utf_8_stay_visible() -> None:
    assert decoded(b"gr\xfcn") == "gr\\xfcn"


def test_only_lf_and_crlf_end_a_line() -> None:
    assert list(lines_of("CN = a\u2028leaf: OK\x0bx\r\nend".encode())) == ["CN = a\u2028leaf: OK\x0bx", "end"]


def test_a_flood_is_shown_by_how_it_began_and_how_it_ended() -> None:
    shown = both_ends(b"begin\n" + b"y\n" * MAX_SHOWN + b"the end\n")
    assert shown.startswith("begin\ny\n")
    assert shown.endswith("y\nthe end\n")
    assert f"({MAX_SHOWN + 14} bytes left out)" in shown
    assert both_ends(b"x" * MAX_SHOWN) == "x" * MAX_SHOWN
