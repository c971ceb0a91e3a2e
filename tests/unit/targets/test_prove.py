"""What a target proves to be, asked through the local bench: this machine's own openssl, and some that lie."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from opensslrun.bench.localbench import LocalBench
from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import TargetNotProvenError
from opensslrun.targets.model import Need, PathRoute, Proof, Reader, Target
from opensslrun.targets.prove import is_declared, prove


def declared(implementation: Implementation | None = None, version: str | None = None) -> Target:
    return Target("t", implementation, version, "linux", Need.REQUIRED, Reader("t"), (PathRoute(None),), Path("t.toml"))


def proof_of(binary: Path, target: Target) -> Proof:
    with LocalBench(binary) as bench:
        return prove(bench, target)


def fake(folder: Path, body: str) -> Path:
    """An ``openssl`` that is a shell script: ``$1`` is the command."""
    path = folder / "openssl-fake"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def host() -> Path:
    found = shutil.which("openssl")
    assert found is not None, "these tests need an openssl on PATH"
    return Path(found)


def test_this_machines_openssl_is_fingerprinted_with_its_libraries_and_config(host: Path) -> None:
    proof = proof_of(host, declared())
    assert proof.version_line.startswith(("OpenSSL ", "LibreSSL "))
    assert proof.binary_sha256 == hashlib.sha256(host.read_bytes()).hexdigest()
    for path, sha256 in proof.libraries:
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
    if os.uname().sysname == "Linux":
        assert any("libcrypto" in path for path, _ in proof.libraries)


def test_two_proofs_of_one_binary_are_equal(host: Path) -> None:
    assert proof_of(host, declared()) == proof_of(host, declared())


def test_a_declared_version_that_is_another_is_not_proven(host: Path) -> None:
    with pytest.raises(TargetNotProvenError, match=r"is declared to be OpenSSL 1\.1\.1g, but it is 'OpenSSL"):
        proof_of(host, declared(Implementation.OPENSSL, "1.1.1g"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("echo 'OpenSSL 3.0.2 15 Mar 2022 (Library: OpenSSL 3.0.13 30 Jan 2024)'", "the library of OpenSSL 3.0.13"),
        ("echo 'OpenSSL 1.1.1w  11 Sep 2023'", "is declared to be OpenSSL 3.0.2"),
        ("echo 'LibreSSL 3.0.2'", "is declared to be OpenSSL 3.0.2"),
        ("echo 'OpenSSL 3.0.2-fips 15 Mar 2022'", "is declared to be OpenSSL 3.0.2"),
        ("echo OK", "printed 'OK'"),
        ("exit 0", "printed ''"),
        ("echo 'OpenSSL 3.0.2 15 Mar 2022'; exit 1", "exited with status 1"),
        ("kill -9 $$", "status 9"),
        ("echo 'cannot load library' >&2; exit 127", "cannot load library"),
    ],
)  # fmt: skip
def test_a_lying_binary_is_not_proven_and_told_in_one_sentence(body: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(TargetNotProvenError) as caught:
        proof_of(fake(tmp_path, body), declared(Implementation.OPENSSL, "3.0.2"))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_changed_binary_config_or_module_changes_the_proof(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "openssl.cnf").write_text("[req]\n")
    (tmp_path / "modules/legacy.so").write_text("module")
    body = f"""
    echo 'OpenSSL 3.0.2 15 Mar 2022'
    if [ "$2" = -a ]; then echo 'OPENSSLDIR: "{tmp_path}"'; echo 'MODULESDIR: "{tmp_path}/modules"'; fi
    """
    binary = fake(tmp_path, body)
    first = proof_of(binary, declared(Implementation.OPENSSL, "3.0.2"))
    assert first.config_sha256 == hashlib.sha256(b"[req]\n").hexdigest()
    assert (f"{tmp_path}/modules/legacy.so", hashlib.sha256(b"module").hexdigest()) in first.libraries
    seen = {first}
    for path in (tmp_path / "openssl.cnf", tmp_path / "modules/legacy.so", binary):
        path.write_text(path.read_text() + "\n# changed\n")
        seen.add(proof_of(binary, declared(Implementation.OPENSSL, "3.0.2")))
    assert len(seen) == 4


def test_without_a_default_config_there_is_no_hash_of_one(tmp_path: Path) -> None:
    assert proof_of(fake(tmp_path, "echo 'LibreSSL 3.0.2'"), declared()).config_sha256 is None


@pytest.mark.parametrize(
    ("number", "written", "expected"),
    [
        ("1.1.1g", "1.1.1g", True),
        ("1.1.1", "1.1.1g", False),
        ("3.0.22", "3.0.*", True),
        ("3.0", "3.0.*", True),
        ("3.10.0", "3.1.*", False),
        ("3.1.0", "3.0.*", False),
        ("1.1.1w", "1.1.1.*", True),
    ],
)
def test_a_declared_version_is_exact_or_a_range(number: str, written: str, expected: bool) -> None:
    seen = Version.parse(Implementation.OPENSSL, number)
    assert is_declared(seen, Implementation.OPENSSL, written) is expected


def test_a_range_is_of_one_implementation() -> None:
    assert not is_declared(Version.parse(Implementation.LIBRESSL, "3.0.2"), Implementation.OPENSSL, "3.0.*")
