from __future__ import annotations

import base64

import pytest

from opensslrun.driver.pem import pem_blocks

BODY = base64.encodebytes(bytes(range(100)))


def block(label: bytes, body: bytes = BODY, headers: bytes = b"") -> bytes:
    return b"-----BEGIN " + label + b"-----\n" + headers + body + b"-----END " + label + b"-----\n"


def test_blocks_are_read_in_order_with_what_stands_between_them_ignored() -> None:
    data = b"Certificate:\n    Data:\n" + block(b"CERTIFICATE") + b"text\n" + block(b"EC PRIVATE KEY")
    first, second = pem_blocks(data)
    assert (first.label, first.encrypted, first.content) == ("CERTIFICATE", False, bytes(range(100)))
    assert second.label == "EC PRIVATE KEY"


def test_both_ways_of_encrypting_a_key_are_seen() -> None:
    headers = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0011223344556677\n\n"
    (old,) = pem_blocks(block(b"RSA PRIVATE KEY", headers=headers))
    (new,) = pem_blocks(block(b"ENCRYPTED PRIVATE KEY"))
    (bare,) = pem_blocks(block(b"PRIVATE KEY"))
    assert [old.encrypted, new.encrypted, bare.encrypted] == [True, True, False]
    assert old.content == bytes(range(100))


def test_crlf_is_read_too() -> None:
    (read,) = pem_blocks(block(b"CERTIFICATE").replace(b"\n", b"\r\n"))
    assert read.content == bytes(range(100))


def test_no_block_is_no_error() -> None:
    assert pem_blocks(b"") == ()


@pytest.mark.parametrize(
    "data",
    [
        block(b"CERTIFICATE")[:-20],
        block(b"CERTIFICATE")[:-40] + block(b"CERTIFICATE"),
        block(b"CERTIFICATE", b""),
        block(b"CERTIFICATE", b"AAA\n"),
        block(b"CERTIFICATE", b"no base64!\n"),
        b"-----BEGIN CERTIFICATE-----\n" + BODY + b"-----END PRIVATE KEY-----\n",
    ],
)
def test_a_block_that_is_not_whole_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="PEM block"):
        pem_blocks(data)
