"""Extensions by meaning: no value here is random, because identifiers are told as what they identify."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from asn1crypto import core
from asn1crypto import x509 as asn1_x509

from opensslrun.facts.attempt import MALFORMED, Asn1, attempt
from opensslrun.facts.model import FactValue
from opensslrun.facts.names import name_value
from opensslrun.facts.remembered import MAX_REMEMBERED, remembered

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
    name, critical, value = _of_itself(bytes(extension.dump()), type(extension))
    match value:
        case SubjectKey():
            value = _subject_key(value, own)
        case AuthorityKey():
            value = _authority_key(value, own, others)
    return {"name": name, "critical": critical, "value": value}


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """What a subjectKeyIdentifier holds."""

    identifier: bytes


@dataclass(frozen=True, slots=True)
class AuthorityKey:
    """What an authorityKeyIdentifier holds: a key's identifier, and a certificate's issuer and serial."""

    identifier: bytes | None
    issuer: bytes | None
    serial: int | None


@remembered(2048, MAX_REMEMBERED)
def _of_itself(der: bytes, kind: type[Asn1]) -> tuple[str, bool, FactValue | SubjectKey | AuthorityKey]:
    """Name, whether it is critical, and what can be said of it without the certificates around it.

    Remembered: the same extensions stand in certificates whose keys, serials and dates are new each time.
    """
    extension = kind.load(der)
    dotted = extension["extn_id"].dotted
    raw = extension["extn_value"]
    draw = _READERS.get(dotted)
    if draw is None:
        value: FactValue | SubjectKey | AuthorityKey = {"sha256": hashlib.sha256(bytes(raw.contents)).hexdigest()}
    else:
        kept = attempt(lambda: (draw(raw.parsed),))
        value = MALFORMED if kept is None else kept[0]
    return _NAMES.get(dotted, dotted), bool(extension["critical"].native), value


def _basic_constraints(parsed: Asn1) -> FactValue:
    return {"ca": parsed["ca"].native, "path_length": parsed["path_len_constraint"].native}


def _key_usage(parsed: Asn1) -> FactValue:
    bits = tuple(core.BitString.load(parsed.dump()).native)
    return [name for name, bit in zip(_USAGES, bits, strict=False) if bit]


def _purposes(parsed: Asn1) -> FactValue:
    return [str(purpose.native) for purpose in parsed]


def _general_names(parsed: Asn1) -> FactValue:
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


def _comment(parsed: Asn1) -> FactValue:
    return bytes(parsed.contents).decode("ascii", errors="backslashreplace")


def _subject_key_identifier(parsed: Asn1) -> SubjectKey:
    return SubjectKey(parsed.native)


def _authority_key_identifier(parsed: Asn1) -> AuthorityKey:
    names = parsed["authority_cert_issuer"]
    issuer = None if isinstance(names, core.Void) else _directory_name(bytes(names.untag().dump()))
    return AuthorityKey(parsed["key_identifier"].native, issuer, parsed["authority_cert_serial_number"].native)


@remembered(512, MAX_REMEMBERED)
def _directory_name(der: bytes) -> bytes:
    """The first directory name of several names. Raises ValueError where one of them cannot be read, StopIteration
    where there is none."""
    names = asn1_x509.GeneralNames.load(der)
    _ = names.native
    return next(bytes(name.chosen.chosen.untag().dump()) for name in names if name.name == "directory_name")


def _subject_key(it: SubjectKey, own: Identity) -> FactValue:
    is_sha1 = it.identifier == hashlib.sha1(own.key_bits, usedforsecurity=False).digest()
    return {"sha1_of_public_key": is_sha1, "octets": len(it.identifier)}


def _authority_key(it: AuthorityKey, own: Identity, others: Mapping[str, Identity]) -> FactValue:
    """Whose key, and whose issuer and serial, it names: ``own``, that of a file beside it, or ``unknown``."""
    return {
        "key_identifier": _whose(it.identifier, lambda one: one.key_identifier == it.identifier, own, others),
        "issuer": _whose(it.issuer, lambda one: one.issuer == it.issuer, own, others),
        "serial": _whose(it.serial, lambda one: one.serial == it.serial, own, others),
    }


def _whose(
    value: object, is_that_of: Callable[[Identity], bool], own: Identity, others: Mapping[str, Identity]
) -> FactValue:
    if value is None:
        return None
    if is_that_of(own):
        return "own"
    return next((file for file in sorted(others) if is_that_of(others[file])), "unknown")


def _number(parsed: Asn1) -> FactValue:
    return int(parsed.native)


_READERS: Final[dict[str, Callable[[Asn1], FactValue | SubjectKey | AuthorityKey]]] = {
    "2.5.29.14": _subject_key_identifier,
    "2.5.29.15": _key_usage,
    "2.5.29.17": _general_names,
    "2.5.29.18": _general_names,
    "2.5.29.19": _basic_constraints,
    "2.5.29.20": _number,
    "2.5.29.35": _authority_key_identifier,
    "2.5.29.37": _purposes,
    "2.16.840.1.113730.1.13": _comment,
}
