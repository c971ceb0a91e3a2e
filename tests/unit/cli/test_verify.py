from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from opensslrun.cli.main import main
from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.outcome import Input

CONF = "[req]\ndistinguished_name = dn\nx509_extensions = ca\n[dn]\n[ca]\nbasicConstraints = CA:true\n"


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("roots")
    (work / "c.cnf").write_text(CONF)
    for name in ("ours", "theirs"):
        line = f"req -config c.cnf -x509 -newkey rsa:2048 -nodes -keyout {name}.key -subj /CN={name} -out {name}.pem"
        assert OpenSSL().run(line.split(), input=Input.NONE, cwd=work).status == 0
    return work


def test_a_valid_certificate_is_ok(roots: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = str(roots / "ours.pem")
    assert main(["verify", "--ca-file", ours, "--untrusted", str(roots / "theirs.pem"), ours]) == 0
    assert capsys.readouterr().out == f"{ours}: OK\n"


def test_one_that_is_not_valid_decides_the_exit_status(roots: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = str(roots / "ours.pem"), str(roots / "theirs.pem")
    assert main(["verify", "--ca-file", ours, theirs, ours]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{theirs}: not valid: ")
    assert first.endswith("(error 18 at depth 0)")
    assert second == f"{ours}: OK"


def test_json_is_one_document(roots: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = str(roots / "ours.pem"), str(roots / "theirs.pem")
    assert main(["verify", "--format", "json", "--ca-file", ours, ours, theirs]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [(each["path"], each["ok"]) for each in document["certificates"]] == [(ours, True), (theirs, False)]
    assert document["certificates"][1]["errors"][0]["number"] == 18
    assert document["openssl"]["version"] == str(OpenSSL().version.version)


def test_a_false_ok_exits_1_and_says_why(roots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    liar = tmp_path / "openssl"
    liar.write_text(
        "#!/bin/sh\n[ $1 = version ] && { echo LibreSSL 3.0.2; exit; }\nfor last; do :; done\n"
        'printf "%s: CN = leaf\\nerror 10 at 0 depth lookup:certificate has expired\\nOK\\n" "$last"\n'
    )
    liar.chmod(0o755)
    ours = str(roots / "ours.pem")
    assert main(["verify", "--openssl", str(liar), "--ca-file", ours, ours]) == 1
    assert "not valid, although openssl says OK: certificate has expired" in capsys.readouterr().out


def test_a_relative_name_with_a_dash_is_a_file(
    roots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(roots / "ours.pem", tmp_path / "-help")
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--ca-file", str(roots / "ours.pem"), "--", "-help"]) == 0
    assert capsys.readouterr().out == "-help: OK\n"


@pytest.mark.parametrize(
    ("ca_file", "certificate", "reason"),
    [
        ("gone.pem", "ours.pem", "could not be read"),
        ("ours.pem", "gone.pem", "could not be read"),
        ("c.cnf", "ours.pem", "holds no certificate in PEM format"),
        ("ours.pem", "ours.key", "holds no certificate in PEM format"),
        ("ours.pem", ".", "is a directory"),
    ],
)
def test_a_file_that_is_no_certificate_is_wrong_usage(
    roots: Path, capsys: pytest.CaptureFixture[str], ca_file: str, certificate: str, reason: str
) -> None:
    assert main(["verify", "--ca-file", str(roots / ca_file), str(roots / certificate)]) == 2
    assert reason in capsys.readouterr().err


def test_a_missing_openssl_is_the_environments_fault(
    roots: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(roots))
    ours = str(roots / "ours.pem")
    assert main(["verify", "--ca-file", ours, ours]) == 3
    assert "no openssl is on PATH" in capsys.readouterr().err
