"""Change one thing of a certificate and sign it again with its issuer's key: a program that liars call.

``python alter_certificate.py CHANGE CERTIFICATE KEY`` replaces a PEM file in place. All but ``damaged`` and
``another-key`` give a certificate whose signature is right, so that nothing but the change itself tells.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from asn1crypto import core, pem, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Asn1 = Any
CONSTRAINTS = "2.5.29.19"


def version_1(body: Asn1) -> None:
    body["version"] = "v1"
    body["extensions"] = None


def version_1_with_extensions(body: Asn1) -> None:
    body["version"] = "v1"


def no_ca(body: Asn1) -> None:
    for extension in body["extensions"]:
        if extension["extn_id"].dotted == CONSTRAINTS:
            extension["extn_value"] = core.ParsableOctetString(b"\x30\x00")


def not_critical(body: Asn1) -> None:
    for extension in body["extensions"]:
        extension["critical"] = False


def extensions_turned_round(body: Asn1) -> None:
    body["extensions"] = x509.Extensions(list(body["extensions"])[::-1])


def one_extension_less(body: Asn1) -> None:
    body["extensions"] = x509.Extensions(list(body["extensions"])[:-1])


def a_day_more(body: Asn1) -> None:
    _move(body, timedelta(), timedelta(days=1))


def old(body: Asn1) -> None:
    _move(body, timedelta(days=-2), timedelta(days=-2))


def _move(body: Asn1, begin: timedelta, end: timedelta) -> None:
    for name, change in (("not_before", begin), ("not_after", end)):
        body["validity"][name] = x509.Time("utc_time", body["validity"][name].native + change)


def negative_serial(body: Asn1) -> None:
    body["serial_number"] = -body["serial_number"].native


def short_serial(body: Asn1) -> None:
    body["serial_number"] = 5


def digest(body: Asn1) -> None:
    body["signature"] = {"algorithm": "sha1_rsa", "parameters": core.Null()}


def name_encoding(body: Asn1) -> None:
    for name in ("subject", "issuer"):
        body[name] = _with_printable(body[name])


def issuer_encoding(body: Asn1) -> None:
    body["issuer"] = _with_printable(body["issuer"])


def _with_printable(name: Asn1) -> x509.Name:
    """The same name with PrintableString where it has UTF8String; the two have equal lengths."""
    der = name.dump()
    for rdn in name.chosen:
        for part in rdn:
            value = part["value"].dump()
            if value[:1] == b"\x0c":
                der = der.replace(value, b"\x13" + value[1:])
    return x509.Name.load(der)


def another_key(body: Asn1) -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    body["subject_public_key_info"] = type(body["subject_public_key_info"]).load(der)


def nothing(body: Asn1) -> None:
    """Sign again what is as it was: shows that signing again does not itself tell."""


CHANGES: dict[str, Callable[[Asn1], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        version_1, version_1_with_extensions, no_ca, not_critical, extensions_turned_round, one_extension_less,
        a_day_more, old, negative_serial, short_serial, digest, name_encoding, issuer_encoding, another_key, nothing,
    )
}  # fmt: skip


def signed(body: Asn1, key: rsa.RSAPrivateKey) -> bytes:
    algorithm = body["signature"]
    hashed = hashes.SHA1() if algorithm["algorithm"].native == "sha1_rsa" else hashes.SHA256()  # noqa: S303
    signature = key.sign(body.dump(force=True), padding.PKCS1v15(), hashed)
    parts = {"tbs_certificate": body, "signature_algorithm": algorithm, "signature_value": signature}
    return bytes(x509.Certificate(parts).dump())


def main(change: str, certificate: Path, key: Path) -> None:
    _, _, der = pem.unarmor(certificate.read_bytes())
    body = x509.Certificate.load(der)["tbs_certificate"]
    if change == "damaged":
        altered = der[:-1] + bytes([der[-1] ^ 1])
    else:
        CHANGES[change](body)
        signer = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(signer, rsa.RSAPrivateKey)
        altered = signed(body, signer)
    text = base64.encodebytes(altered).replace(b"\n", b"")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    certificate.write_bytes(b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
