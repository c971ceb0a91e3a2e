"""The PEM blocks of a file, strictly read: what ``openssl`` leaves behind when it fails is never a whole block."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

_BLOCK: Final = re.compile(
    rb"^-----BEGIN (?P<label>[A-Z0-9 ]+)-----[ \t]*\r?\n"
    rb"(?P<headers>(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*)(?:\r?\n)?"
    rb"(?P<body>[A-Za-z0-9+/=\r\n \t]*?)"
    rb"^-----END (?P=label)-----[ \t]*\r?$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One block: its label (``CERTIFICATE``), whether its content is encrypted, and its content as bytes."""

    label: str
    encrypted: bool
    content: bytes = field(repr=False)


def pem_blocks(data: bytes) -> tuple[PemBlock, ...]:
    """All whole PEM blocks of ``data``; what stands between them is ignored, as ``openssl`` does.

    Raises ValueError when a block begins and does not end, or is not base64.
    """
    found = list(_BLOCK.finditer(data))
    begun = len(re.findall(rb"^-----BEGIN [A-Z0-9 ]+-----", data, re.MULTILINE))
    if begun != len(found):
        raise ValueError(f"{begun} PEM blocks begin and {len(found)} are whole")
    return tuple(_block(match) for match in found)


def _block(match: re.Match[bytes]) -> PemBlock:
    try:
        content = base64.b64decode(b"".join(match["body"].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a PEM block is not base64: {error}") from error
    if not content:
        raise ValueError("a PEM block is empty")
    label = match["label"].decode("ascii")
    return PemBlock(label, label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in match["headers"], content)
