"""What a command writes may be large and hostile; what looking at it takes is little, and none of it stays."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Callable

import pytest

from opensslrun.bench.base import MAX_CONTENT
from opensslrun.driver.process import MAX_READ_BACK
from opensslrun.facts.certificates import read_certificate
from opensslrun.facts.pem import pem_blocks
from opensslrun.facts.remembered import remembered
from opensslrun.facts.streams import Context, classes_of
from opensslrun.facts.wording import anonymous, shortened

MIB = 1024 * 1024


def taken(look: Callable[[], object]) -> tuple[int, int]:
    """The most bytes that Python had in between, and those that it still has."""
    tracemalloc.start()
    try:
        look()
        now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return most, now


@pytest.mark.parametrize("flood", [b"aa:", b"\xff", b"\n", b" /a/b/c", b":a.c:1:"])
def test_a_flood_takes_little(flood: bytes) -> None:
    """All 2 MiB as text, or as a list of lines, took 25 to 127 MB."""
    stream = flood * (MAX_READ_BACK // len(flood))

    def look() -> None:
        shortened(stream, anonymous)
        classes_of(stream, Context())

    most, now = taken(look)
    assert most < 20 * MIB
    assert now < MIB


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN X-----\n" + b"A\n" * (MAX_CONTENT // 2 - 50) + b"-----END X-----\n",
        b"-----END X-----\n" * (MAX_CONTENT // 16),
        b"-----BEGIN X-----\n" * (MAX_CONTENT // 18),
    ],
    ids=["lines", "ends", "begins"],
)
def test_pem_takes_little(content: bytes) -> None:
    """A list of its lines, or of what ends blocks, took 50 to 191 MB."""
    assert taken(lambda: len(pem_blocks(content)))[0] < 4 * MAX_CONTENT


def test_a_certificate_of_a_size_that_no_openssl_makes_is_not_remembered() -> None:
    der = b"\x30\x83\x10\x00\x00" + bytes(MIB)
    pem = base64.b64encode(der)
    assert taken(lambda: read_certificate(base64.b64decode(pem)).identity)[1] < MIB


def test_what_is_small_is_drawn_once() -> None:
    drawn: list[bytes] = []

    @remembered(8, 3)
    def draw(text: bytes) -> int:
        drawn.append(text)
        return len(text)

    assert [draw(text) for text in (b"abc", b"abc", b"abcd", b"abcd")] == [3, 3, 4, 4]
    assert drawn == [b"abc", b"abcd", b"abcd"]
