"""Facts of the files that a step made or changed: what they are, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opensslrun.bench.base import SeenFile
from opensslrun.facts.attempt import MALFORMED, attempt
from opensslrun.facts.certificates import Certificate, certificate_values, read_certificate
from opensslrun.facts.containers import PKCS7_LABELS, Carried, read_pkcs7, read_pkcs12
from opensslrun.facts.crls import CRL_LABELS, crl_values
from opensslrun.facts.keys import PRIVATE_LABELS, public_key_values, read_der_key, read_pem_key
from opensslrun.facts.model import FactValue, Values
from opensslrun.facts.names import public_key_value
from opensslrun.facts.pem import Block, der_length, is_der, pem_blocks
from opensslrun.facts.requests import request_values

MAX_DETAILED = 8
"""Certificates of one file that are described; all are counted."""

_CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
_REQUEST_LABELS = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a certificate can refer to in the workspace: certificates, and the public keys of private keys, by file."""

    certificates: Mapping[str, Certificate] = field(repr=False)
    keys: Mapping[str, bytes | None]


def surroundings(files: Mapping[str, SeenFile], secrets: Sequence[str]) -> Surroundings:
    """The first certificate and the first private key of every file of the workspace, but for PKCS #7 and #12."""
    certificates: dict[str, Certificate] = {}
    keys: dict[str, bytes | None] = {}
    for name, seen in files.items():
        content = seen.content or b""
        for block in pem_blocks(content):
            if block.label in _CERTIFICATE_LABELS and name not in certificates:
                certificates[name] = read_certificate(_certificate_der(block))
            elif block.label in PRIVATE_LABELS and name not in keys:
                keys[name] = read_pem_key(content, block, secrets).public
        if is_der(content):
            certificate, key = read_certificate(content), read_der_key(content, secrets)
            certificates |= {name: certificate} if certificate.identity is not None else {}
            keys |= {name: key.public} if key is not None else {}
    return Surroundings(certificates, {name: public for name, public in keys.items() if public is not None})


def file_values(seen: SeenFile, around: Surroundings, secrets: Sequence[str]) -> Values:
    """All facts of one file, without its name."""
    drawn: Values = {"file.kind": seen.kind}
    if seen.mode is not None:
        drawn["file.mode"] = f"{seen.mode:04o}"
    content = seen.content
    if content is None:
        return drawn if seen.kind != "file" else drawn | {"file.format": "too large"}
    blocks = pem_blocks(content)
    drawn["file.format"] = _format(content, blocks)
    if drawn["file.format"] in {"pem", "text"}:
        drawn["file.line_endings"] = line_endings(content)
    if blocks:
        drawn["pem.labels"] = [block.label for block in blocks]
        drawn["file.around"] = _around(content, blocks)
        return drawn | _pem_values(content, blocks, around, secrets)
    if drawn["file.format"] == "der":
        drawn |= _der_values(content[: der_length(content)], around, secrets)
        drawn["file.around"] = ["after"] if der_length(content) < len(content) else []
    return drawn


def _format(content: bytes, blocks: Sequence[Block]) -> str:
    if not content:
        return "empty"
    if blocks:
        return "pem"
    if 2 < der_length(content) <= len(content) and not _is_text(content):
        return "der"
    return "text" if _is_text(content) else "unknown"


def _is_text(content: bytes) -> bool:
    return b"\0" not in content and attempt(lambda: content.decode("utf-8")) is not None


def line_endings(content: bytes) -> str:
    """``lf``, ``crlf``, ``mixed``, or ``none`` when no line ends."""
    crlf, lf = content.count(b"\r\n"), content.count(b"\n")
    if lf == 0:
        return "none"
    return "crlf" if crlf == lf else "lf" if crlf == 0 else "mixed"


def _around(content: bytes, blocks: Sequence[Block]) -> FactValue:
    """Where something other than blank space stands: before, between, after; and whether a final newline is missing.

    Where, not how much: the text that ``-text`` writes varies in length with a random serial.
    """
    ends = [0, *(block.end for block in blocks)]
    begins = [*(block.start for block in blocks), len(content)]
    gaps = [content[end:begin].strip() for end, begin in zip(ends, begins, strict=True)]
    found: list[FactValue] = [
        name for name, text in (("before", gaps[0]), ("between", b"".join(gaps[1:-1])), ("after", gaps[-1])) if text
    ]
    return found if content.endswith(b"\n") else [*found, "no final newline"]


def _pem_values(content: bytes, blocks: Sequence[Block], around: Surroundings, secrets: Sequence[str]) -> Values:
    drawn: Values = {}
    certificates = [read_certificate(_certificate_der(one)) for one in blocks if one.label in _CERTIFICATE_LABELS]
    if certificates:
        drawn |= _certificates(certificates, around)
    key = next((block for block in blocks if block.label in PRIVATE_LABELS), None)
    if key is not None:
        drawn |= read_pem_key(content, key, secrets).values
    request = next((block for block in blocks if block.label in _REQUEST_LABELS), None)
    if request is not None:
        drawn |= request_values(request.der or b"", around.keys)
    crl = next((block for block in blocks if block.label in CRL_LABELS), None)
    if crl is not None:
        drawn |= crl_values(crl.der or b"", around.certificates)
    pkcs7 = next((block for block in blocks if block.label in PKCS7_LABELS), None)
    if pkcs7 is not None:
        drawn = {**_carried(read_pkcs7(pkcs7.der or b""), around, "pkcs7.type"), **drawn}
    public = next((block for block in blocks if block.label == "PUBLIC KEY"), None)
    if public is not None:
        drawn |= public_key_values(public.der, "public_key.")
    return drawn


def _carried(carried: Carried | None, around: Surroundings, named: str) -> Values:
    """What a container says of itself and carries; ``named`` is its fact that is malformed where it cannot be read."""
    if carried is None:
        return {named: MALFORMED}
    within = _certificates([read_certificate(der) for der in carried.certificates], around)
    return {**within, **carried.values, **(carried.key.values if carried.key is not None else {})}


def _certificates(certificates: Sequence[Certificate], around: Surroundings) -> Values:
    """The first as ``certificate.…``, further ones as ``certificate[2].…``."""
    drawn: Values = {"certificate.count": len(certificates)}
    for number, certificate in enumerate(certificates[:MAX_DETAILED], 1):
        prefix = "certificate." if number == 1 else f"certificate[{number}]."
        drawn |= certificate_values(certificate, around.certificates, around.keys, prefix)
    return drawn


def _certificate_der(block: Block) -> bytes:
    """The certificate of a block; a ``TRUSTED CERTIFICATE`` has trust settings after it."""
    der = block.der or b""
    return der[: der_length(der)] if block.label == "TRUSTED CERTIFICATE" else der


def _der_values(content: bytes, around: Surroundings, secrets: Sequence[str]) -> Values:
    certificate = read_certificate(content)
    if certificate.identity is not None:
        return {"der.holds": "certificate", **_certificates([certificate], around)}
    key = read_der_key(content, secrets)
    if key is not None:
        return {"der.holds": "private key", **key.values}
    crl = crl_values(content, around.certificates)
    if len(crl) > 1:
        return {"der.holds": "CRL", **crl}
    request = request_values(content, around.keys)
    if len(request) > 1:
        return {"der.holds": "certificate request", **request}
    pkcs7, pkcs12 = read_pkcs7(content), read_pkcs12(content, secrets)
    if pkcs7 is not None:
        return {"der.holds": "PKCS #7", **_carried(pkcs7, around, "pkcs7.type")}
    if pkcs12 is not None:
        return {"der.holds": "PKCS #12", **_carried(pkcs12, around, "pkcs12.version")}
    if attempt(lambda: public_key_value(content)) is not None:
        return {"der.holds": "public key", **public_key_values(content, "public_key.")}
    return {"der.holds": "unknown"}
