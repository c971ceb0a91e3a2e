"""The published keys that fixtures are made with: no time goes into making keys, and every run has the same ones."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from opensslrun.data import shipped
from opensslrun.errors import UsageError
from opensslrun.suggestion import suggestion

FixtureKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def fixture_key(name: str) -> FixtureKey:
    """A published key of ``matrix/fixtures/keys``. Raises UsageError naming those that are there."""
    folder = shipped("fixtures") / "keys"
    known = {path.stem: path for path in sorted(folder.glob("*.pem"))}
    if name not in known:
        raise UsageError(f"there is no fixture key {name!r}; {suggestion(name, list(known))}")
    # The published keys are known to be consistent (a test checks), and checking each time is most of the time spent.
    key = serialization.load_pem_private_key(known[name].read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, FixtureKey):
        raise UsageError(f"the fixture key {known[name]} is neither RSA, EC nor Ed25519; replace it")
    return key
