"""What the JSON documents of several commands have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensslrun.driver.openssl import OpenSSL
    from opensslrun.driver.results import Certificate, Key, Verification

Document = dict[str, object]


def of_openssl(openssl: OpenSSL) -> Document:
    """Which one it was."""
    return {"name": openssl.name, "version": str(openssl.version.version)}


def of_key(key: Key) -> Document:
    """A key that was made: where it is, and nothing of its secret."""
    return {"path": str(key.path), "bits": key.bits, "encrypted": key.encrypted, "pem_label": key.label}


def of_certificate(certificate: Certificate) -> Document:
    """A certificate that was made."""
    return {
        "path": str(certificate.path),
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": f"{certificate.serial:X}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "ca": certificate.ca,
        "sha256": certificate.sha256,
    }


def of_verification(answer: Verification) -> Document:
    """The true answer of ``openssl verify``, and what it claimed."""
    errors = [{"number": error.number, "depth": error.depth, "text": error.text} for error in answer.errors]
    return {"ok": answer.ok, "claimed_ok": answer.claimed_ok, "errors": errors}
