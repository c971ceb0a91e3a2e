"""Signing a certificate again where ``cryptography`` refuses to, or signs with randomness.

``cryptography`` makes no version 1 certificates, no MD5 and (by release) no SHA-1 signatures, and its EC
signatures differ from run to run. The contents stay as built; version, algorithm and signature are replaced.
"""

from __future__ import annotations

from typing import Any, Literal

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

Digest = Literal["md5", "sha1", "sha256", "sha384", "sha512"]

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}

Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def resign(
    certificate: x509.Certificate, signer: Signer, digest: Digest, version: int, *, pss: bool = False
) -> x509.Certificate:
    """The same certificate with this version and digest, signed deterministically (Ed25519 has its own digest).

    ``pss`` signs by RSASSA-PSS with an empty salt: the one length that leaves nothing to chance.
    """
    plain_rsa = isinstance(signer, rsa.RSAPrivateKey) and digest == "sha256" and not pss
    if version == 3 and (plain_rsa or isinstance(signer, ed25519.Ed25519PrivateKey)):
        return certificate
    built: Any = asn1_x509.Certificate.load(_der(certificate))
    body = built["tbs_certificate"]
    if version == 1:
        body["version"] = "v1"
    algorithm = _algorithm(signer, digest, pss=pss)
    body["signature"] = algorithm
    signature = _sign(signer, body.dump(force=True), digest, pss=pss)
    signed = asn1_x509.Certificate(
        {"tbs_certificate": body, "signature_algorithm": algorithm, "signature_value": signature}
    )
    return x509.load_der_x509_certificate(signed.dump(force=True))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _algorithm(signer: Signer, digest: Digest, *, pss: bool) -> dict[str, object]:
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return {"algorithm": "ed25519"}
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        return {"algorithm": f"{digest}_ecdsa"}
    if not pss:
        return {"algorithm": f"{digest}_rsa", "parameters": core.Null()}
    hashed = {"algorithm": digest}
    mask = {"algorithm": "mgf1", "parameters": hashed}
    return {
        "algorithm": "rsassa_pss",
        "parameters": {"hash_algorithm": hashed, "mask_gen_algorithm": mask, "salt_length": 0},
    }


def _sign(signer: Signer, body: bytes, digest: Digest, *, pss: bool) -> bytes:
    algorithm = _HASHES[digest]()
    match signer:
        case rsa.RSAPrivateKey():
            padded = padding.PSS(padding.MGF1(algorithm), 0) if pss else padding.PKCS1v15()
            return signer.sign(body, padded, algorithm)
        case ec.EllipticCurvePrivateKey():
            return signer.sign(body, ec.ECDSA(algorithm, deterministic_signing=True))
        case _:
            return signer.sign(body)
