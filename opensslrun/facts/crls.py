"""Certificate revocation lists as facts: whose they are, for how long, and whom they revoke."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from asn1crypto import crl as asn1_crl

from opensslrun.facts.attempt import MALFORMED, Asn1, attempt, values
from opensslrun.facts.certificates import (
    Certificate,
    algorithm_value,
    lasting_value,
    signers_of,
    small_serial,
    starts_now,
)
from opensslrun.facts.extensions import Identity, extensions_value
from opensslrun.facts.model import FactValue, Values
from opensslrun.facts.names import name_value

CRL_LABELS: Final = frozenset({"X509 CRL"})


def crl_values(der: bytes, others: Mapping[str, Certificate]) -> Values:
    """Facts of one revocation list. ``others`` are the certificates of the workspace, by file name."""
    parsed: Asn1 = attempt(lambda: asn1_crl.CertificateList.load(der, strict=True))
    body: Asn1 = attempt(lambda: parsed["tbs_cert_list"])
    if not attempt(lambda: bool(body["issuer"].dump() and body["this_update"].native and parsed["signature"].native)):
        return {"crl.version": MALFORMED}
    identities = {name: other.identity for name, other in others.items() if other.identity is not None}
    nobody = Identity(b"", None, bytes(body["issuer"].dump()), 0)
    begin, end = body["this_update"], body["next_update"]
    drawn = values(
        {
            "version": lambda: {"v1": 1, "v2": 2}.get(
                body["version"].native, 1 if body["version"].native is None else 0
            ),
            "issuer": lambda: name_value(body["issuer"]),
            "signature_algorithm": lambda: algorithm_value(parsed["signature_algorithm"]),
            "signed_by": lambda: signers_of(body, parsed["signature_algorithm"], parsed["signature"], others),
            "validity_days": lambda: lasting_value(begin.native, end.native) if end.native is not None else None,
            "validity_encoding": lambda: [type(one.chosen).__name__ for one in (begin, end) if one.native is not None],
            "starts_now": lambda: starts_now(begin.native),
            "revoked": lambda: [_revoked(one, body["issuer"].dump(), identities) for one in _entries(body)],
            "extensions": lambda: _extensions(body["crl_extensions"], nobody, identities),
        }
    )
    return {f"crl.{name}": value for name, value in drawn.items()}


def _entries(body: Asn1) -> list[Asn1]:
    return list(body["revoked_certificates"])


def _revoked(entry: Asn1, issuer: bytes, others: Mapping[str, Identity]) -> FactValue:
    """The file of the workspace whose certificate is meant, the serial where somebody chose it, and the reason."""
    serial = entry["user_certificate"].native
    meant = [name for name in sorted(others) if (others[name].issuer, others[name].serial) == (issuer, serial)]
    return {
        "certificate": list(meant),
        "serial": small_serial(entry["user_certificate"]),
        "reason": None if entry.crl_reason_value is None else str(entry.crl_reason_value.native),
    }


def _extensions(extensions: Asn1, own: Identity, others: Mapping[str, Identity]) -> FactValue:
    return extensions_value(extensions, own, others)
