"""The driver's commands on the openssl of a target: the wording and formats of versions this machine has not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opensslrun.data import shipped
from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.errors import CommandFailedError, UsageError
from opensslrun.pipeline.places import runner_for_target

CONF = shipped("cases") / "files" / "root.conf"


def opensslrun(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "opensslrun", *args]
    return subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("target", ["openssl-1.1.1g", "libressl-3.0.2", "debian-12"])
def test_a_root_ca_made_on_a_target_is_accepted_there_and_here(tmp_path: Path, target: str) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery\n")
    phrase.chmod(0o600)
    arguments = ["--config", str(CONF), "--out-dir", str(tmp_path), "--bits", "2048", "--pass-file", str(phrase)]
    done = opensslrun("root-ca", *arguments, "-t", target, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "rootCA.key").stat().st_mode & 0o777 == 0o600
    for where in (["-t", target], []):
        verified = opensslrun("verify", "--ca-file", "rootCA.crt", "rootCA.crt", *where, folder=tmp_path)
        assert verified.returncode == 0, verified.stderr


def test_the_false_ok_of_old_libressl_is_refused_with_the_true_answer(tmp_path: Path) -> None:
    from opensslrun.cases.load import load_case

    case = load_case(shipped("cases") / "verify-expired.toml")
    for name, content in case.files.items():
        (tmp_path / name).write_bytes(content)
    done = opensslrun("verify", "--ca-file", "root.crt", "leaf.crt", "-t", "libressl-3.0.2", folder=tmp_path)
    assert done.returncode == 1
    assert "expired" in done.stdout + done.stderr


@pytest.mark.parametrize("target", ["openssl-1.1.1g", "libressl-3.0.2"])
def test_a_wrong_pass_phrase_is_said_to_be_wrong_on_old_versions(tmp_path: Path, target: str) -> None:
    right, wrong = PassPhrase("correct horse"), PassPhrase("incorrect horse")
    with runner_for_target(target) as runner:
        openssl = OpenSSL(runner=runner)
        openssl.genrsa(tmp_path / "k.pem", bits=2048, pass_phrase=right)
        with pytest.raises(CommandFailedError) as caught:
            openssl.req_x509(CONF, tmp_path / "k.pem", tmp_path / "c.pem", days=10, pass_phrase=wrong)
    assert "incorrect horse" not in str(caught.value)
    assert not (tmp_path / "c.pem").exists()


def test_a_name_that_is_no_target_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean"), runner_for_target("openssl-1.1.2"):
        pass
