"""Extensions by meaning: no value here is random, because identifiers are told as what they identify."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from asn1crypto import core

from opensslrun.facts.attempt import MALFORMED, Asn1, attempt
from opensslrun.facts.model import FactValue
from opensslrun.facts.names import name_value

_NAMES: Final = {
    "2.5.29.9": "subjectDirectoryAttributes",
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.17": "subjectAltName",
    "2.5.29.18": "issuerAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.20": "cRLNumber",
    "2.5.29.28": "issuingDistributionPoint",
    "2.5.29.30": "nameConstraints",
    "2.5.29.31": "crlDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints",
    "2.5.29.37": "extendedKeyUsage",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "2.16.840.1.113730.1.1": "nsCertType",
    "2.16.840.1.113730.1.13": "nsComment",
}

_USAGES: Final = (
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifiers can refer to: a certificate's public key bits, key identifier, issuer name and serial."""

    key_bits: bytes
    key_identifier: bytes | None
    issuer: bytes
    serial: int


def extensions_value(extensions: Asn1, own: Identity, others: Mapping[str, Identity]) -> FactValue:
    """A list, in order, of {name, critical, value}. ``others`` are the certificates beside this one, by file."""
    return [_extension(extension, own, others) for extension in extensions]


def _extension(extension: Asn1, own: Identity, others: Mapping[str, Identity]) -> FactValue:
    dotted = extension["extn_id"].dotted
    raw = extension["extn_value"]
    draw = _READERS.get(dotted)
    if draw is None:
        value: FactValue = {"sha256": hashlib.sha256(bytes(raw.contents)).hexdigest()}
    else:
        kept = attempt(lambda: (draw(raw.parsed, own, others),))
        value = MALFORMED if kept is None else kept[0]
    return {"name": _NAMES.get(dotted, dotted), "critical": bool(extension["critical"].native), "value": value}


def _basic_constraints(parsed: Asn1, _own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    return {"ca": parsed["ca"].native, "path_length": parsed["path_len_constraint"].native}


def _key_usage(parsed: Asn1, _own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    bits = tuple(core.BitString.load(parsed.dump()).native)
    return [name for name, bit in zip(_USAGES, bits, strict=False) if bit]


def _purposes(parsed: Asn1, _own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    return [str(purpose.native) for purpose in parsed]


def _general_names(parsed: Asn1, _own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    return [_general_name(name) for name in parsed]


def _general_name(name: Asn1) -> FactValue:
    match name.name:
        case "directory_name":
            return ["directory", name_value(name.chosen)]
        case "dns_name" | "rfc822_name" | "uniform_resource_identifier":
            kind = {"dns_name": "DNS", "rfc822_name": "email", "uniform_resource_identifier": "URI"}[name.name]
            return [kind, bytes(name.chosen.contents).decode("ascii", errors="backslashreplace")]
        case "ip_address":
            return ["IP", str(name.native)]
        case "registered_id":
            return ["OID", str(name.chosen.dotted)]
        case other:
            return [str(other), hashlib.sha256(name.dump()).hexdigest()]


def _comment(parsed: Asn1, _own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    return bytes(parsed.contents).decode("ascii", errors="backslashreplace")


def _subject_key(parsed: Asn1, own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    identifier: bytes = parsed.native
    is_sha1 = identifier == hashlib.sha1(own.key_bits, usedforsecurity=False).digest()
    return {"sha1_of_public_key": is_sha1, "octets": len(identifier)}


def _authority_key(parsed: Asn1, own: Identity, others: Mapping[str, Identity]) -> FactValue:
    """Whose key, and whose issuer and serial, it names: ``own``, that of a file beside it, or ``unknown``."""
    identifier = parsed["key_identifier"].native
    serial = parsed["authority_cert_serial_number"].native
    issuer = None
    if parsed["authority_cert_issuer"].native is not None:
        issuer = next(
            bytes(name.chosen.chosen.untag().dump())
            for name in parsed["authority_cert_issuer"]
            if name.name == "directory_name"
        )
    return {
        "key_identifier": _whose(identifier, lambda it: it.key_identifier == identifier, own, others),
        "issuer": _whose(issuer, lambda it: it.issuer == issuer, own, others),
        "serial": _whose(serial, lambda it: it.serial == serial, own, others),
    }


def _whose(
    value: object, is_that_of: Callable[[Identity], bool], own: Identity, others: Mapping[str, Identity]
) -> FactValue:
    if value is None:
        return None
    if is_that_of(own):
        return "own"
    return next((file for file in sorted(others) if is_that_of(others[file])), "unknown")


def _number(parsed: Asn1, _own: Identity, _others: Mapping[str, Identity]) -> FactValue:
    return int(parsed.native)


_READERS: Final[dict[str, Callable[[Asn1, Identity, Mapping[str, Identity]], FactValue]]] = {
    "2.5.29.14": _subject_key,
    "2.5.29.15": _key_usage,
    "2.5.29.17": _general_names,
    "2.5.29.18": _general_names,
    "2.5.29.19": _basic_constraints,
    "2.5.29.20": _number,
    "2.5.29.35": _authority_key,
    "2.5.29.37": _purposes,
    "2.16.840.1.113730.1.13": _comment,
}
