"""PEM blocks of a file, found tolerantly and in linear time, whatever stands around them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from opensslrun.facts.remembered import MAX_REMEMBERED, remembered

MAX_HEADERS = 10
"""Header lines of one block that are read; ``openssl`` writes two."""

MAX_BLOCKS = 1000
"""Blocks of one file that are looked at."""

_SPACE = b" \t\n\r\v\f"

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_END = re.compile(rb"-----END ([A-Z0-9 ]{1,64})-----")
_HEADER = re.compile(rb"([A-Za-z-]{1,40}):[ \t]*([^\r\n]{0,200})\r?\n")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: where it stands, its headers (``DEK-Info``), and its bytes; None when the base64 is broken."""

    label: str
    headers: tuple[tuple[str, str], ...]
    der: bytes | None = field(repr=False)
    start: int
    end: int


@remembered(512, MAX_REMEMBERED)
def pem_blocks(content: bytes) -> tuple[Block, ...]:
    """The blocks of a file in order. A block whose END is missing or names another label is none.

    Remembered, because a workspace is looked at after each step.
    """
    blocks: list[Block] = []
    position = 0
    end: re.Match[bytes] | None = None
    for begin in _BEGIN.finditer(content):
        if begin.start() < position:
            continue
        if end is None or end.start() < begin.end():  # else nothing ends before that one, and nothing is read twice
            end = _END.search(content, begin.end())
        if end is None or len(blocks) == MAX_BLOCKS:
            break
        if end[1] == begin[1]:
            blocks.append(_block(content, begin, end))
            position = end.end()
    return tuple(blocks)


def _block(content: bytes, begin: re.Match[bytes], end: re.Match[bytes]) -> Block:
    body = content[begin.end() : end.start()].lstrip(b" \t\r\n")
    headers: list[tuple[str, str]] = []
    position = 0
    while len(headers) < MAX_HEADERS and (header := _HEADER.match(body, position)) is not None:
        headers.append((header[1].decode("ascii"), header[2].decode("ascii", errors="backslashreplace")))
        position = header.end()
    return Block(begin[1].decode("ascii"), tuple(headers), _base64(body[position:]), begin.start(), end.end())


def _base64(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text.translate(None, _SPACE), validate=True)
    except binascii.Error:
        return None


def is_der(content: bytes) -> bool:
    """Whether the content is one DER SEQUENCE and nothing else."""
    return 0 < der_length(content) == len(content)


def der_length(content: bytes) -> int:
    """The bytes that the DER SEQUENCE at the beginning takes, 0 when there is none."""
    if len(content) < 2 or content[0] != 0x30:
        return 0
    count = content[1] & 0x7F if content[1] & 0x80 else 0
    if count > 4 or (content[1] & 0x80 and not count):  # more than 4 GiB, or the indefinite length of BER
        return 0
    length = int.from_bytes(content[2 : 2 + count], "big") if count else content[1]
    return 2 + count + length
