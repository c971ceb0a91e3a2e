from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.outcome import Input
from opensslrun.errors import CommandHungError, UsageError

Pki = Callable[[str], Path]
FakeMaker = Callable[[str], Path]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """A root, an intermediate, a leaf, an expired leaf and a stranger, made by no openssl that is tested."""
    work = tmp_path_factory.mktemp("pki")
    keys = {name: rsa.generate_private_key(65537, 2048) for name in ("root", "stranger", "middle", "leaf", "expired")}
    for name, issuer in (
        ("root",) * 2,
        ("stranger",) * 2,
        ("middle", "root"),
        ("leaf", "middle"),
        ("expired", "middle"),
    ):
        certificate = certify(name, keys[name], issuer, keys[issuer], ca=name == issuer or name == "middle")
        (work / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return lambda name: work / f"{name}.pem"


def certify(
    name: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=-1 if name == "expired" else 30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def test_a_whole_chain_is_ok(pki: Pki) -> None:
    result = OpenSSL().verify(pki("leaf"), pki("root"), [pki("middle")])
    assert (result.ok, result.claimed_ok, result.errors) == (True, True, ())


@pytest.mark.parametrize(("leaf", "untrusted", "number"), [("leaf", [], 20), ("expired", ["middle"], 10)])
def test_a_chain_that_does_not_hold_is_refused_with_its_number(
    pki: Pki, leaf: str, untrusted: list[str], number: int
) -> None:
    result = OpenSSL().verify(pki(leaf), pki("root"), [pki(name) for name in untrusted])
    assert not result.ok
    assert number in {error.number for error in result.errors}
    assert f"error {number} at depth 0" in result.sentence


def test_a_stranger_is_refused_and_several_untrusted_files_are_all_used(pki: Pki) -> None:
    openssl = OpenSSL()
    assert not openssl.verify(pki("leaf"), pki("stranger"), [pki("middle")]).ok
    assert openssl.verify(pki("leaf"), pki("root"), [pki("middle"), pki("stranger")]).ok
    assert openssl.verify(pki("leaf"), pki("root"), [pki("stranger"), pki("middle")]).ok


def test_only_the_given_roots_are_trusted_and_not_the_systems(
    pki: Pki, tmp_path: Path, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`openssl verify -CAfile` by itself also trusts what lies in the system's directory."""
    real = OpenSSL()
    digest = real.run(["x509", "-in", str(pki("stranger")), "-noout", "-hash"], input=Input.NONE).stdout_text.strip()
    shutil.copy(pki("stranger"), tmp_path / f"{digest}.0")
    monkeypatch.setenv("VERSION", str(real.version.version))
    openssl = OpenSSL(fake(f'export SSL_CERT_DIR={tmp_path}; exec "$REAL" "$@"'))
    by_itself = openssl.run(["verify", "-CAfile", str(pki("root")), str(pki("stranger"))], input=Input.NONE)
    assert (by_itself.status, by_itself.stdout_text) == (0, f"{pki('stranger')}: OK\n")
    result = openssl.verify(pki("stranger"), pki("root"))
    assert not result.ok
    assert [error.number for error in result.errors] == [18]


def test_a_name_that_lies_is_believed_nothing(pki: Pki, tmp_path: Path) -> None:
    for name in ("x\ncertificate.pem: OK\n.pem", "-help", "a: OK", "error 10 at 0 depth lookup: x"):
        bad, good = tmp_path / name, tmp_path / f"{name} good"
        shutil.copy(pki("expired"), bad)
        shutil.copy(pki("leaf"), good)
        assert not OpenSSL().verify(bad, pki("root"), [pki("middle")]).ok
        result = OpenSSL().verify(good, pki("root"), [pki("middle")])
        assert result.ok
        assert "\n" not in result.sentence


def test_a_subject_that_lies_is_believed_nothing(pki: Pki, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    lie = "x\ncertificate.pem: OK\nx"
    certificate = certify(lie, key, lie, key, ca=True)
    path = tmp_path / "lie.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    result = OpenSSL().verify(path, pki("root"))
    assert not result.ok
    assert [error.number for error in result.errors] == [18]
    assert OpenSSL().read_certificate(path).subject == "CN=x\\0Acertificate.pem: OK\\0Ax"


# What LibreSSL 3.0.2 was measured to print, with exit status 0.
FALSE_OK = """\
for last; do :; done
printf '%s: ' "$last"
echo 'C = US, CN = leaf
error 10 at 0 depth lookup:certificate has expired
OK'
"""


def test_the_false_ok_of_old_libressl_is_caught(pki: Pki, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "LibreSSL 3.0.2")
    result = OpenSSL(fake(FALSE_OK)).verify(pki("expired"), pki("root"), [pki("middle")])
    assert (result.ok, result.claimed_ok) == (False, True)
    assert [(error.number, error.text) for error in result.errors] == [(10, "certificate has expired")]


@pytest.mark.parametrize(
    "script", ["exit 0", "echo OK", 'echo "$2: OK"', 'for last; do :; done; echo "$last: OK"; exit 1']
)
def test_a_binary_that_says_less_than_it_must_is_not_believed(pki: Pki, fake: FakeMaker, script: str) -> None:
    assert not OpenSSL(fake(script)).verify(pki("leaf"), pki("root")).ok


def test_a_verify_that_hangs_is_an_error_and_no_answer(
    pki: Pki, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensslrun.driver.openssl.READ_TIMEOUT_S", 0.5)
    with pytest.raises(CommandHungError, match="did not end"):
        OpenSSL(fake("sleep 60")).verify(pki("leaf"), pki("root"))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_file_that_is_no_certificate_is_named(pki: Pki, tmp_path: Path, which: int) -> None:
    (tmp_path / "not.pem").write_text("hello\n")
    paths = [pki("leaf"), pki("root"), pki("middle")]
    paths[which] = tmp_path / "not.pem"
    with pytest.raises(UsageError, match=r"not\.pem holds no certificate in PEM format"):
        OpenSSL().verify(paths[0], paths[1], [paths[2]])
