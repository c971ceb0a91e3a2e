"""Write the PKCS #12 files of the cases again: their salts are random, so they are kept instead of made each time.

Run it only where their contents are to change: ``python ci/make_pkcs12.py``. The pass phrase is public test data.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.cases.load import load_case
from opensslrun.data import shipped

ENCRYPTIONS = {
    "3des": (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()),  # noqa: S303  the old encryption is what is wanted
    "aes": (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256()),
}
PASS_PHRASE = b"correct horse battery"


def main() -> None:
    """Write ``files/arrived-*.p12``, each with the client of the guide's figure and its key."""
    cases = shipped("cases")
    client = x509.load_pem_x509_certificate(load_case(cases / "chain-good.toml").files["client.crt"])
    key = fixture_key("rsa-4")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SystemExit("the fixture key rsa-4 is no RSA key")
    for name, (scheme, digest) in ENCRYPTIONS.items():
        kind = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048).key_cert_algorithm(scheme).hmac_hash(digest)
        content = pkcs12.serialize_key_and_certificates(b"client", key, client, None, kind.build(PASS_PHRASE))
        (cases / "files" / f"arrived-{name}.p12").write_bytes(content)


if __name__ == "__main__":
    main()
