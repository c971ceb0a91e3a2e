"""``opensslrun issue`` by real binaries of other versions: what each makes is accepted there, here, and by others."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from opensslrun.cli.main import main
from opensslrun.data import shipped

TARGETS = (
    "openssl-1.1.1",
    "openssl-1.1.1g",
    "libressl-3.0.2",
    "libressl-3.1.0",
    "debian-12",
    "openssl-4.0.3",
    "windows-openssl-1.1.1g",
)
SUBJECT = r"/C=US/O=Zürich \/ \+ $HOME #1 \"q\" \\ end; x=1".replace(r"\"", '"')


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pass").write_text("correct horse battery")
    (tmp_path / "pass").chmod(0o600)
    for name in ("ca", "int", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def issue(target: str, profile: str, ca: str, subject: str, out: str, *more: str) -> int:
    given = ["--profile", profile, "--ca", ca, "--subject", subject, "--out-dir", out, "--pass-file", "pass"]
    return main(["issue", "-t", target, *given, *more])


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_version_makes_from_root_to_device_is_accepted(work: Path, target: str) -> None:
    config = str(shipped("cases") / "files" / "root.conf")
    root = ["root-ca", "-t", target, "--config", config, "--out-dir", "ca", "--bits", "2048", "--pass-file", "pass"]
    assert main(root) == 0
    key = ("--key-pass-file", "pass")
    assert issue(target, "intermediate", "ca", f"{SUBJECT}/CN=between", "int", "--bits", "2048", *key) == 0
    assert issue(target, "client", "int", f"{SUBJECT}/CN=device-0001", "out") == 0
    names = ("--dns", "*.example.org", "--ip", "2001:db8::1")
    assert issue(target, "server", "int", "/CN=www.example.com", "out", *names, *key) == 0
    assert (work / "out" / "device-0001.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (work / "out" / "www.example.com.key").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    body = x509.load_pem_x509_certificate((work / "out" / "device-0001.crt").read_bytes())
    (organization,) = body.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    assert organization.value == 'Zürich / + $HOME #1 "q" \\ end; x=1'
    for where in (("-t", target), ()):
        for name in ("device-0001", "www.example.com"):
            assert main(["chain", *where, f"out/{name}.chain.pem"]) == 0
            trusted = ("--ca-file", "ca/rootCA.crt", "--untrusted", "int/intermediateCA.crt")
            assert main(["verify", *where, *trusted, f"out/{name}.crt"]) == 0


@pytest.mark.parametrize("target", ["openssl-1.1.1g", "libressl-3.0.2", "windows-openssl-1.1.1g"])
def test_a_wrong_pass_phrase_makes_nothing(work: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(shipped("cases") / "files" / "root.conf")
    assert main(["root-ca", "--config", config, "--out-dir", "ca", "--bits", "2048", "--pass-file", "pass"]) == 0
    (work / "pass").write_text("incorrect horse battery")
    assert issue(target, "client", "ca", "/CN=device-0001", "out") == 1
    assert "its pass phrase is another" in capsys.readouterr().err
    assert list((work / "out").iterdir()) == []
