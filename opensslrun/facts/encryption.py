"""Password-based encryption as a value: the scheme and its parameters, never what chance decided of them."""

from __future__ import annotations

from typing import Final

from opensslrun.facts.attempt import Asn1
from opensslrun.facts.model import FactValue

_CIPHERS: Final = {
    "tripledes_3key": "DES-EDE3-CBC",
    "des": "DES-CBC",
    "aes128_cbc": "AES-128-CBC",
    "aes192_cbc": "AES-192-CBC",
    "aes256_cbc": "AES-256-CBC",
}
"""The names that a ``DEK-Info`` header uses, so that both formats name one cipher alike."""

_SCHEMES: Final = {
    "pkcs12_sha1_tripledes_3key": "PBE-SHA1-3DES",
    "pkcs12_sha1_tripledes_2key": "PBE-SHA1-2DES",
    "pkcs12_sha1_rc2_128": "PBE-SHA1-RC2-128",
    "pkcs12_sha1_rc2_40": "PBE-SHA1-RC2-40",
    "pkcs12_sha1_rc4_128": "PBE-SHA1-RC4-128",
    "pkcs12_sha1_rc4_40": "PBE-SHA1-RC4-40",
    "pbes1_md5_des": "PBE-MD5-DES",
    "pbes1_sha1_des": "PBE-SHA1-DES",
}
"""The names that ``openssl pkcs12 -keypbe`` takes."""

MAX_ROUNDS: Final = 2_000_000
"""Iterations of a key derivation that are worked through; ``openssl`` writes 2,048, a hostile file any number."""


def encryption_value(algorithm: Asn1) -> FactValue:
    """An encryption algorithm with its parameters. Raises ValueError, KeyError or TypeError when it cannot be read."""
    scheme = algorithm["algorithm"].native
    if scheme != "pbes2":
        parameters = algorithm["parameters"]
        return {
            "scheme": _SCHEMES.get(scheme, scheme),
            "iterations": parameters["iterations"].native,
            "salt_bytes": len(parameters["salt"].native),
        }
    kdf = algorithm["parameters"]["key_derivation_func"]
    described: dict[str, FactValue] = {"scheme": "PBES2", "kdf": kdf["algorithm"].native}
    if described["kdf"] == "pbkdf2":
        described |= {
            "kdf": "PBKDF2",
            "prf": "hmac " + kdf["parameters"]["prf"]["algorithm"].native,
            "iterations": kdf["parameters"]["iteration_count"].native,
        }
    elif described["kdf"] == "scrypt":
        cost, block = kdf["parameters"]["cost_parameter"].native, kdf["parameters"]["block_size"].native
        described["iterations"] = cost * block * kdf["parameters"]["parallelization_parameter"].native
    described["salt_bytes"] = len(kdf["parameters"]["salt"].native)
    cipher = algorithm["parameters"]["encryption_scheme"]["algorithm"].native
    described["cipher"] = _CIPHERS.get(cipher, cipher)
    return described


def is_workable(encryption: FactValue) -> bool:
    """Whether working it through would not keep this machine busy for hours."""
    rounds = encryption.get("iterations", 1) if isinstance(encryption, dict) else 1
    return isinstance(rounds, int) and rounds <= MAX_ROUNDS
