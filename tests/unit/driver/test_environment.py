from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.driver.environment import clean_environment
from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.outcome import Input


def test_what_changes_openssl_or_the_shell_is_cleared_and_the_rest_kept() -> None:
    base = {
        "PATH": "/bin",
        "HOME": "/home/a",
        "TMPDIR": "/tmp",
        "SITE_NAME": "kept for $ENV::SITE_NAME",
        "OPENSSL_CONF": "x",
        "OPENSSL_MODULES": "x",
        "OPENSSL_CONF_INCLUDE": "x",
        "OPENSSL_ia32cap": "x",
        "OPENSSL_ENGINES": "x",
        "SSL_CERT_FILE": "x",
        "SSL_CERT_DIR": "x",
        "SSLKEYLOGFILE": "x",
        "RANDFILE": "x",
        "LANG": "de_DE.UTF-8",
        "LC_MESSAGES": "de_DE.UTF-8",
        "LANGUAGE": "de",
        "ENV": "/home/a/.shrc",
        "BASH_ENV": "x",
    }
    kept = {"PATH", "HOME", "TMPDIR", "SITE_NAME"}
    assert clean_environment(base) == {name: base[name] for name in kept} | {"LC_ALL": "C"}


def test_a_broken_config_in_the_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.cnf").write_text("openssl_conf = nothing\n[broken\n")
    monkeypatch.setenv("OPENSSL_CONF", str(tmp_path / "broken.cnf"))
    monkeypatch.setenv("RANDFILE", "/nowhere/at/all")
    outcome = OpenSSL().run(["version"], input=Input.NONE)
    assert outcome.status == 0
    assert "broken" not in outcome.stderr_text
    assert outcome.stdout_text.startswith(str(OpenSSL().version.version))
