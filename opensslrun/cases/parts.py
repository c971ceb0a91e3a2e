"""The language of ``[fixture]``: what a file is put together from, and in which encoding it arrives.

A part is ``MODIFIER:…:KIND:NAME``, for example ``leaf``, ``der:leaf``, ``crlf:bom:root``, ``key:rsa-1``,
``der:p7b:leaf+root``, ``text:some words\\n`` or ``file:files/root.conf``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, pkcs7

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.errors import UsageError
from opensslrun.noted import read_bytes

_BODY = re.compile(rb"(-----BEGIN [^\n]*-----\n)(.*?)(-----END)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Made:
    """What a case has made, by name; ``folder`` is where the case stands."""

    certificates: Mapping[str, x509.Certificate]
    requests: Mapping[str, x509.CertificateSigningRequest]
    crls: Mapping[str, x509.CertificateRevocationList]
    folder: Path


def content(parts: Sequence[str], file: str, made: Made) -> bytes:
    """The parts one after the other. Raises UsageError naming ``file`` for a part that cannot be made."""
    return b"".join(_part(part, file, made) for part in parts)


def _part(part: str, file: str, made: Made) -> bytes:
    modifiers: list[Callable[[bytes], bytes]] = []
    encoding = Encoding.PEM
    rest = part
    while (word := rest.partition(":")[0]) in _MODIFIERS or word == "der":
        if word == "der":
            encoding = Encoding.DER
        else:
            modifiers.append(_MODIFIERS[word])
        rest = rest.partition(":")[2]
    made_bytes = _thing(rest, encoding, made)
    if made_bytes is None:
        known = ", ".join(made.certificates) or "none"
        raise UsageError(
            f"the fixture {file!r} holds {part!r}, which is not there; use the name of a certificate ({known}), "
            f"or KIND:NAME with one of {', '.join(_KINDS)}, after any of {', '.join(('der', *_MODIFIERS))}"
        )
    for modify in reversed(modifiers):
        made_bytes = modify(made_bytes)
    return made_bytes


def _thing(said: str, encoding: Encoding, made: Made) -> bytes | None:
    if said in made.certificates:
        return made.certificates[said].public_bytes(encoding)
    kind, colon, name = said.partition(":")
    make = _KINDS.get(kind)
    return make(name, encoding, made) if make and colon else None


def _key(name: str, encoding: Encoding, _made: Made) -> bytes:
    return fixture_key(name).private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())


def _traditional_key(name: str, encoding: Encoding, _made: Made) -> bytes:
    return fixture_key(name).private_bytes(encoding, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _public_key(name: str, encoding: Encoding, _made: Made) -> bytes:
    return fixture_key(name).public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def _request(name: str, encoding: Encoding, made: Made) -> bytes | None:
    return made.requests[name].public_bytes(encoding) if name in made.requests else None


def _crl(name: str, encoding: Encoding, made: Made) -> bytes | None:
    return made.crls[name].public_bytes(encoding) if name in made.crls else None


def _p7b(names: str, encoding: Encoding, made: Made) -> bytes | None:
    listed = names.split("+")
    if any(name not in made.certificates for name in listed):
        return None
    return pkcs7.serialize_certificates([made.certificates[name] for name in listed], encoding)


def _file(name: str, _encoding: Encoding, made: Made) -> bytes:
    try:
        return read_bytes(made.folder / name)
    except OSError as error:
        raise UsageError(
            f"cannot read {made.folder / name}, which a fixture names: {error.strerror or error}"
        ) from error


_KINDS: Final[dict[str, Callable[[str, Encoding, Made], bytes | None]]] = {
    "key": _key,
    "traditional-key": _traditional_key,
    "public-key": _public_key,
    "request": _request,
    "crl": _crl,
    "p7b": _p7b,
    "text": lambda said, _encoding, _made: said.encode(),
    "file": _file,
}


def _one_line(pem: bytes) -> bytes:
    return _BODY.sub(lambda block: block[1] + block[2].replace(b"\n", b"") + b"\n" + block[3], pem)


def _damaged(data: bytes) -> bytes:
    """One bit of the last byte is another: of a certificate's or request's signature."""
    if not data.startswith(b"-----BEGIN"):
        return data[:-1] + bytes([data[-1] ^ 1])

    def flip(block: re.Match[bytes]) -> bytes:
        der = _damaged(base64.b64decode(block[2]))
        return block[1] + base64.encodebytes(der).replace(b"\n", b"") + b"\n" + block[3]

    return _one_line_wrapped(_BODY.sub(flip, data))


def _one_line_wrapped(pem: bytes) -> bytes:
    def wrap(block: re.Match[bytes]) -> bytes:
        text = block[2].replace(b"\n", b"")
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        return block[1] + b"\n".join(lines) + b"\n" + block[3]

    return _BODY.sub(wrap, pem)


_MODIFIERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "crlf": lambda data: data.replace(b"\n", b"\r\n"),
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le"),
    "one-line": _one_line,
    "no-newline": lambda data: data.rstrip(b"\r\n"),
    "trusted": lambda data: data.replace(b" CERTIFICATE-----", b" TRUSTED CERTIFICATE-----"),
    "damaged": _damaged,
    "half": lambda data: data[: len(data) // 2],
    "base64": base64.encodebytes,
}
"""What may be done to a part, the leftmost last."""
