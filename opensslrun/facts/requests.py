"""Certificate requests as facts, by the same two libraries as certificates."""

from __future__ import annotations

from collections.abc import Mapping

from asn1crypto import csr as asn1_csr
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from opensslrun.facts.attempt import MALFORMED, Asn1, attempt, values
from opensslrun.facts.certificates import algorithm_value, public_key_words
from opensslrun.facts.extensions import Identity, extensions_value
from opensslrun.facts.model import FactValue, Values
from opensslrun.facts.names import name_value, public_key_value
from opensslrun.facts.remembered import MAX_REMEMBERED, remembered


def request_values(der: bytes, keys: Mapping[str, bytes | None]) -> Values:
    """Facts of one certificate request. ``keys`` are the public keys of the workspace's private keys, by file name."""
    known = _own_request_values(der)
    if known is None:
        return {"request.version": MALFORMED}
    spki, own = known
    matching: list[FactValue] = [name for name, public in sorted(keys.items()) if public == spki]
    return {f"request.{name}": value for name, value in {**own, "key_matches": matching}.items()}


@remembered(512, MAX_REMEMBERED)
def _own_request_values(der: bytes) -> tuple[bytes | None, Mapping[str, FactValue]] | None:
    """A request's public key and the facts that rest on the request alone; None when it is none."""
    parsed: Asn1 = attempt(lambda: asn1_csr.CertificationRequest.load(der, strict=True))
    body: Asn1 = attempt(lambda: parsed["certification_request_info"])
    if body is None:
        return None
    spki = attempt(lambda: bytes(body["subject_pk_info"].dump()))
    return spki, values(
        {
            "version": lambda: {"v1": 1, "v2": 2, "v3": 3}.get(body["version"].native, MALFORMED),
            "subject": lambda: name_value(body["subject"]),
            "signature_algorithm": lambda: algorithm_value(parsed["signature_algorithm"]),
            "signature_valid": lambda: x509.load_der_x509_csr(der).is_signature_valid,
            "public_key": lambda: public_key_words(spki or b""),
            "key_bits": lambda: public_key_value(spki or b"")[1],
            "attributes": lambda: [str(attribute["type"].native) for attribute in body["attributes"]],
            "extensions": lambda: _requested(body, spki or b""),
        }
    )


def _requested(body: Asn1, spki: bytes) -> FactValue:
    """The extensions that a request asks for; an empty list where it has none."""
    for attribute in body["attributes"]:
        if attribute["type"].native in {"extension_request", "microsoft_request_extensions"}:
            bits = bytes(asn1_x509.PublicKeyInfo.load(spki)["public_key"].contents)[1:] if spki else b""
            return extensions_value(attribute["values"][0], Identity(bits, None, b"", 0), {})
    return []
