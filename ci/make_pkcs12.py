"""Write the PKCS #12 files of the cases again: their salts are random, so they are kept instead of made each time.

``cryptography`` writes them, but for the oldest encryption (RC2 with 40 bits), which it reads and does not write: that
file is written by the ``openssl`` on PATH (3.0 or later, for its ``-legacy``), and must open for ``cryptography``.

Run it only where their contents are to change: ``python ci/make_pkcs12.py``. The pass phrase is public test data.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.cases.load import load_case
from opensslrun.data import shipped

ENCRYPTIONS = {
    "3des": (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()),  # noqa: S303  the old encryption is what is wanted
    "aes": (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256()),
}
PASS_PHRASE = b"correct horse battery"


def _with_rc2(key: bytes, certificate: bytes) -> bytes:
    """The client under PBE-SHA1-RC2-40, its key under PBE-SHA1-3DES: what OpenSSL before 3.0 writes by itself."""
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "client.pem"
        whole.write_bytes(key + certificate)
        line = ["openssl", "pkcs12", "-export", "-legacy", "-in", str(whole), "-name", "client", "-passout", "env:PASS"]
        env = {**os.environ, "PASS": PASS_PHRASE.decode()}
        content = subprocess.run(line, env=env, check=True, capture_output=True, timeout=60).stdout
    if pkcs12.load_pkcs12(content, PASS_PHRASE).key is None:
        raise SystemExit("openssl wrote a file without the key")
    return content


def main() -> None:
    """Write ``files/arrived-*.p12``: the client of the guide's figure and its key, in ``chain`` with its issuers."""
    cases = shipped("cases")
    files = load_case(cases / "chain-good.toml").files
    client = x509.load_pem_x509_certificate(files["client.crt"])
    authorities = [
        pkcs12.PKCS12Certificate(one, str(number).encode())
        for number, one in enumerate(x509.load_pem_x509_certificates(files["chain.pem"] + files["root.crt"]))
    ]
    key = fixture_key("rsa-4")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SystemExit("the fixture key rsa-4 is no RSA key")
    for name, (scheme, digest) in ENCRYPTIONS.items():
        kind = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048).key_cert_algorithm(scheme).hmac_hash(digest)
        content = pkcs12.serialize_key_and_certificates(b"client", key, client, None, kind.build(PASS_PHRASE))
        if name == "aes":
            whole = pkcs12.serialize_key_and_certificates(b"client", key, client, authorities, kind.build(PASS_PHRASE))
            (cases / "files" / "arrived-chain.p12").write_bytes(whole)
        (cases / "files" / f"arrived-{name}.p12").write_bytes(content)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (cases / "files" / "arrived-rc2.p12").write_bytes(_with_rc2(plain, files["client.crt"]))


if __name__ == "__main__":
    main()
