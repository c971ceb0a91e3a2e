"""A stream as text without what belongs to the machine or the moment: paths, threads, addresses, line numbers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final

from opensslrun.facts.remembered import MAX_PRINTED, remembered

MAX_WORDING: Final = 64 * 1024
"""Characters kept of a stream; more is replaced by its length and SHA-256, so that it still compares."""

MAX_READ: Final = 256 * 1024
"""Bytes of a stream that are looked at as text. What chance decides is taken out of these; more is compared as it is,
for to find it among 2 MiB takes up to 130 MB of memory."""

MAX_SHOWN: Final = 64 * 1024
"""Bytes of a stream that a result shows."""

_THREAD = re.compile(r"^[0-9A-F]+(?=:error:[0-9A-F]{8}:)", re.MULTILINE)
_PLACE = re.compile(r"(?<=:)(?:[A-Za-z]:[\\/])?(?:[\w.-]*[\\/])*([\w.-]+\.c):\d+(?=:)")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{9,16}\b")
_DIRECTORY = re.compile(r"(?<![\w=/.>])(?:[A-Za-z]:[\\/]|/)(?:[^\s/\\=:'\",;()<>]+[\\/])+(?=[^\s/\\=:'\",;()<>])")
_PROGRESS = re.compile(r"^[.+*]+(?:\r?\n[.+*]+)*(?=\r?$)", re.MULTILINE)
_PEM_BODY = re.compile(r"(-----BEGIN [A-Z0-9 ]+-----)\r?\n[^-]*?\r?\n(-----END [A-Z0-9 ]+-----)")
_SERIAL = re.compile(r"Serial Number:(?: .*|\s+[0-9a-f]{2}(?::[0-9a-f]{2})+)|(?<=serial=)[0-9A-Fa-f]{9,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}:\s*){7,}(?:[0-9A-Fa-f]{2})?|\b[0-9A-Fa-f]{40,}\b")
_DATE = re.compile(r"\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT")


def decoded(stream: bytes) -> str:
    """A stream as text; what is not UTF-8 stays visible as ``\\xff``."""
    return stream.decode("utf-8", errors="backslashreplace")


def lines_of(stream: bytes) -> Iterator[str]:
    """The lines of a stream, ended by LF or CRLF and by nothing else: a name may hold other line separators.

    One at a time, because a runaway's are half a million.
    """
    start = 0
    while (end := stream.find(b"\n", start)) >= 0:
        yield decoded(stream[start:end]).removesuffix("\r")
        start = end + 1
    yield decoded(stream[start:]).removesuffix("\r")


def stable(text: str) -> str:
    """The text without directories, thread ids, addresses, places in source files and key generation's dots.

    CRLF stays. Names, dates, serials and hexadecimal values stay too.
    """
    text = _THREAD.sub("<thread>", text)
    text = _PLACE.sub(r"\1:<line>", text)
    text = _ADDRESS.sub("<address>", text)
    text = _DIRECTORY.sub("<directory>/", text)
    return _PROGRESS.sub("<progress>", text)


def anonymous(text: str) -> str:
    """The stable text without what a fresh key or the clock decides: base64 of PEM, serials, long hex, dates."""
    text = _PEM_BODY.sub(r"\1\n<base64>\n\2", stable(text))
    text = _SERIAL.sub("<serial>", text)
    return _DATE.sub("<date>", _HEX.sub("<hex>", text))


def both_ends(stream: bytes) -> str:
    """A stream as text, without its middle where it is long: how a runaway began, and how it ended."""
    if len(stream) <= MAX_SHOWN:
        return decoded(stream)
    half = MAX_SHOWN // 2
    left_out = f"\n… ({len(stream) - 2 * half} bytes left out) …\n"
    return decoded(stream[:half]) + left_out + decoded(stream[-half:])


@remembered(1024, MAX_PRINTED)
def shortened(stream: bytes, cleaned: Callable[[str], str]) -> str:
    """A stream as text, without what ``cleaned`` takes out of it: at most :data:`MAX_WORDING` characters, the rest as
    its length and SHA-256."""
    text = cleaned(decoded(stream[:MAX_READ]).replace("\r\n", "\n"))
    unread = stream[MAX_READ:]
    if len(text) <= MAX_WORDING and not unread:
        return text
    rest = text[MAX_WORDING:].encode("utf-8", errors="backslashreplace")
    digest = hashlib.sha256(rest + unread).hexdigest()
    return f"{text[:MAX_WORDING]}… ({len(rest) + len(unread)} more bytes, sha256 {digest})"
