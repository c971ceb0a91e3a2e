from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pexpect
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.cases.fixtures import build
from opensslrun.cases.specs import CertificateSpec, Specs
from opensslrun.cli.main import main
from opensslrun.driver.openssl import OpenSSL

SECRET = "correct horse battery"
OTHER = "another horse battery"
FOUR = ("device-0001.chain.pem", "device-0001.crt", "device-0001.csr", "device-0001.key")
TODAY = date.today()  # noqa: DTZ011  (a day's difference does not matter here)


def spec(name: str, key: str, issuer: str | None = None, **more: object) -> CertificateSpec:
    table: dict[str, object] = {
        "name": name,
        "subject": {"O": "Organization", "CN": name},
        "key": key,
        "issuer": issuer,
        "not_before": TODAY - timedelta(days=10),
        "not_after": TODAY + timedelta(days=1000),
        "ca": True,
        **more,
    }
    return CertificateSpec.model_validate({name: value for name, value in table.items() if value is not None})


def put_ca(folder: Path, certificates: list[CertificateSpec], files: Mapping[str, list[str]], key: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in build(Specs(tuple(certificates)), files).items():
        (folder / name).write_bytes(content)
    stem = next(name for name in files if name.endswith(".crt")).removesuffix(".crt")
    encryption = BestAvailableEncryption(SECRET.encode())
    secret = fixture_key(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    (folder / f"{stem}.key").write_bytes(secret)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    put_ca(tmp_path / "ca", [spec("root", "rsa-1")], {"rootCA.crt": ["root"]}, "rsa-1")
    for name, secret in (("pass", SECRET), ("other", OTHER)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(**options: str) -> list[str]:
    given = {"profile": "client", "ca": "ca", "subject": "/CN=device-0001", "out-dir": "out", "pass-file": "pass"}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    return ["issue", *(f"--{name}={value}" for name, value in given.items() if value)]


def issue(*more: str, **options: str) -> int:
    return main([*words(**options), *more])


def command(*more: str, **options: str) -> list[str]:
    return [sys.executable, "-c", "from opensslrun.cli.main import run; run()", *words(**options), *more]


def made(directory: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in directory.iterdir()))


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_device_gets_four_files_that_belong_together(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert issue() == 0
    shown = capsys.readouterr()
    assert made(work / "out") == FOUR
    assert {path.stat().st_mode & 0o777 for path in (work / "out").iterdir()} == {0o600}
    assert (work / "out" / "device-0001.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert "not encrypted" in shown.out
    assert SECRET not in shown.out + shown.err
    body = certificate(work / "out" / "device-0001.crt")
    assert body.serial_number.bit_length() == 159
    assert (body.not_valid_after_utc - body.not_valid_before_utc).days == 365
    assert body.extensions.get_extension_for_class(x509.BasicConstraints) == x509.Extension(
        x509.BasicConstraints.oid, True, x509.BasicConstraints(False, None)
    )
    (purpose,) = body.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert purpose == ExtendedKeyUsageOID.CLIENT_AUTH
    assert main(["verify", "--ca-file", "ca/rootCA.crt", "out/device-0001.crt"]) == 0
    assert main(["chain", "out/device-0001.chain.pem"]) == 0


def test_a_server_is_called_by_its_names(work: Path) -> None:
    names = ("--dns", "*.example.org", "--ip", "192.0.2.1", "--ip", "2001:db8::1", "--dns", "www.example.com")
    assert issue(*names, profile="server", subject="/CN=www.example.com") == 0
    found = certificate(work / "out" / "www.example.com.crt").extensions
    alternative = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.DNSName) == ["www.example.com", "*.example.org"]
    assert [str(each) for each in alternative.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "2001:db8::1"]
    assert list(found.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_an_intermediate_ca_signs_in_turn_and_the_chain_holds(work: Path) -> None:
    (work / "one").mkdir()
    (work / "two").mkdir()
    key = ("--key-pass-file", "other", "--bits", "2048")
    first = issue(*key, "--path-length=1", profile="intermediate", subject="/CN=one", out_dir="one")
    assert first == 0
    assert made(work / "one") == tuple(f"intermediateCA.{end}" for end in ("chain.pem", "crt", "csr", "key"))
    second = issue(
        *key, profile="intermediate", subject="/CN=two", out_dir="two", ca="one", pass_file="other", days="500"
    )
    assert second == 0
    assert issue(ca="two", pass_file="other") == 0
    chain = x509.load_pem_x509_certificates((work / "out" / "device-0001.chain.pem").read_bytes())
    assert [each.subject.rfc4514_string() for each in chain] == [
        "CN=device-0001",
        "CN=two",
        "CN=one",
        "CN=root,O=Organization",
    ]
    assert main(["chain", "out/device-0001.chain.pem"]) == 0
    assert main(["chain", "out/device-0001.chain.pem", "--ca-file", "ca/rootCA.crt"]) == 0


def test_each_certificate_has_a_serial_and_a_key_of_its_own(work: Path) -> None:
    assert issue() == 0
    assert issue(subject="/CN=device-0002") == 0
    one, two = (certificate(work / "out" / f"device-000{number}.crt") for number in (1, 2))
    assert one.serial_number != two.serial_number
    assert one.public_key() != two.public_key()
    assert made(work / "ca") == ("rootCA.crt", "rootCA.key")


def test_json_is_one_document_on_stdout(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert issue("--format=json", "--days=30", "--bits=3072", "--key-pass-file=other") == 0
    document = json.loads(capsys.readouterr().out)
    read = OpenSSL().read_certificate(work / "out" / "device-0001.crt")
    assert document["certificate"]["sha256"] == read.sha256
    assert document["key"]["encrypted"] is True
    assert document["key"]["bits"] == OpenSSL().read_key(work / "out" / "device-0001.key", OTHER).bits == 3072
    assert document["chain"]["subjects"] == ["CN=device-0001", "CN=root,O=Organization"]
    assert document["verified"] is True


def test_a_second_time_needs_force(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert issue() == 0
    before = {name: (work / "out" / name).read_bytes() for name in FOUR}
    (work / "pass").unlink()  # nothing is asked either
    assert issue() == 2
    assert "device-0001.key is there already and was left as it is; --force replaces it" in capsys.readouterr().err
    assert {name: (work / "out" / name).read_bytes() for name in FOUR} == before
    (work / "pass").write_text(SECRET)
    assert issue("--force") == 0
    assert not [name for name in FOUR if (work / "out" / name).read_bytes() == before[name]]


@pytest.mark.parametrize("name", FOUR)
def test_any_one_of_the_four_is_never_lost(work: Path, name: str) -> None:
    (work / "out" / name).write_text("old")
    assert issue() == 2
    assert made(work / "out") == (name,)
    assert (work / "out" / name).read_text() == "old"


def test_one_source_for_both_pass_phrases_is_read_once(work: Path) -> None:
    done = subprocess.run(
        command("--key-pass-env=BOTH", pass_file="", pass_env="BOTH"),
        env={**os.environ, "BOTH": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert OpenSSL().read_key(work / "out" / "device-0001.key", SECRET).encrypted


def test_without_an_option_it_asks_on_the_terminal(work: Path) -> None:
    line = command("--encrypt-key", pass_file="")
    terminal = pexpect.spawn(line[0], line[1:], encoding="utf-8", timeout=60)
    terminal.delaybeforesend = None
    for question, answer in (
        ("Pass phrase for the key of the CA in ca: ", SECRET),
        ("Pass phrase for the new key: ", OTHER),
        ("The same again for the new key: ", OTHER),
    ):
        terminal.expect_exact(question)
        terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert OpenSSL().read_key(work / "out" / "device-0001.key", OTHER).encrypted


def test_a_plain_ca_key_needs_no_pass_phrase(work: Path) -> None:
    plain = build(Specs((spec("root", "rsa-1"),)), {"rootCA.key": ["key:rsa-1"]})
    (work / "ca" / "rootCA.key").write_bytes(plain["rootCA.key"])
    assert subprocess.run(command(pass_file=""), check=False, stdin=subprocess.DEVNULL).returncode == 0


def test_an_ec_ca_signs_and_one_without_a_key_identifier_too(work: Path) -> None:
    put_ca(work / "ec", [spec("root", "ec-1", identifiers=False)], {"ca.crt": ["root"]}, "ec-1")
    assert issue(ca="ec") == 0
    assert main(["chain", "out/device-0001.chain.pem"]) == 0


OLD: dict[str, object] = {"not_before": TODAY - timedelta(days=900), "not_after": TODAY - timedelta(days=1)}
BAD_CAS: list[tuple[dict[str, object], str, str]] = [
    ({"ca": False}, "rsa-1", "is not a CA certificate"),
    ({"ca": None, "version": 1}, "rsa-1", "is not a CA certificate"),
    ({"key_usage": ["cRLSign", "digitalSignature"]}, "rsa-1", "its keyUsage lacks keyCertSign"),
    (OLD, "rsa-1", "has expired on"),
    ({"not_before": TODAY + timedelta(days=2)}, "rsa-1", "is not valid before"),
    ({"not_after": TODAY + timedelta(days=100)}, "rsa-1", "ask for at most"),
    ({"purposes": ["serverAuth"]}, "rsa-1", "its extendedKeyUsage lacks clientAuth"),
    ({}, "ed25519-1", "neither RSA nor EC"),
]


@pytest.mark.parametrize(("more", "key", "says"), BAD_CAS)
def test_a_ca_that_may_not_sign_is_refused_before_anything_is_asked(
    work: Path, capsys: pytest.CaptureFixture[str], more: dict[str, object], key: str, says: str
) -> None:
    put_ca(work / "bad", [spec("root", key, None, **more)], {"rootCA.crt": ["root"]}, "rsa-1")
    (work / "pass").unlink()
    assert issue(ca="bad") == 2
    refused_in_one_sentence(capsys, says)
    assert made(work / "out") == ()


@pytest.mark.parametrize(
    ("root", "between", "files", "says"),
    [
        ({"path_length": 0}, {}, ["between", "root"], "allows 0 CAs below it (pathlen), and this would make 1"),
        (OLD, {}, ["between", "root"], "has expired on"),
        ({}, {}, ["between"], "the chain of the CA does not hold"),
        ({}, {}, ["root", "between"], "is not"),
        ({}, {"signed_with": "rsa-3"}, ["between", "root"], "another key made the signature"),
    ],
)
def test_the_whole_chain_above_must_hold(
    work: Path,
    capsys: pytest.CaptureFixture[str],
    root: dict[str, object],
    between: dict[str, object],
    files: list[str],
    says: str,
) -> None:
    certificates = [spec("root", "rsa-1", None, **root), spec("between", "rsa-2", "root", **between)]
    parts = {"intermediateCA.crt": ["between"], "intermediateCA.chain.pem": files}
    put_ca(work / "int", certificates, parts, "rsa-2")
    assert issue(ca="int") == 2
    refused_in_one_sentence(capsys, says)
    assert made(work / "out") == ()


def refused_in_one_sentence(capsys: pytest.CaptureFixture[str], says: str) -> None:
    shown = capsys.readouterr()
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("opensslrun: ")
    assert "defect" not in shown.err
    assert SECRET not in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("spoil", "options", "status", "says"),
    [
        ("rm -r ca", {}, 2, "the CA directory"),
        ("rm ca/*", {}, 2, "holds no CA"),
        ("rm ca/rootCA.key", {}, 2, "rootCA.key could not be read"),
        ("rm ca/rootCA.crt", {}, 2, "rootCA.crt could not be read"),
        (": >ca/rootCA.crt", {}, 2, "is empty"),
        ("echo hello >ca/rootCA.key", {}, 2, "holds no private key"),
        ("cp ca/rootCA.key ca/rootCA.crt", {}, 2, "holds a private key"),
        ("cp ca/rootCA.key ca/ca.key", {}, 2, "holds several CAs"),
        ("head -5 ca/rootCA.crt >x; mv x ca/rootCA.crt", {}, 2, "is damaged"),
        ("openssl genrsa -out ca/rootCA.key 2048", {}, 2, "does not belong to the certificate"),
        ("cp other pass", {}, 1, "its pass phrase is another"),
        ("rm pass", {}, 2, "pass phrase file pass could not be read"),
        ("rmdir out", {}, 2, "is not there; make it or name another"),
        ("mkdir out/device-0001.csr", {}, 2, "it is a directory"),
        ("ln -s /dev/null out/device-0001.crt", {}, 2, "it is a symbolic link"),
        (":", {"subject": "/CN="}, 2, "CN is empty"),
        (":", {"subject": "/CN=root/O=x"}, 0, ""),
        (":", {"subject": "/O=Organization/CN=root"}, 2, "the subject is that of"),
        (":", {"subject": "/CN=rootCA", "out_dir": "ca"}, 2, "would be called like a CA's"),
        (":", {"subject": "/CN=ROOTca"}, 2, "would be called like a CA's"),
        (":", {"days": "0"}, 2, "is not made; choose between"),
        (":", {"days": "5000"}, 2, "would outlive it; ask for at most 9"),
        (":", {"bits": "512"}, 2, "is not made; choose between"),
        (":", {"profile": "server", "subject": "/CN=My Server"}, 2, "give one with --dns or --ip"),
        (":", {"profile": "server", "dns": "a b"}, 2, "is no host name"),
        (":", {"profile": "server", "dns": "a.*.b"}, 2, "is no host name"),
        (":", {"profile": "server", "ip": "192.0.2.256"}, 2, "is no IP address"),
        (":", {"profile": "server", "ip": "fe80::1%eth0"}, 2, "has a zone"),
        (":", {"path_length": "1"}, 2, "for --profile intermediate only"),
        (":", {"profile": "intermediate", "dns": "a.b", "key_pass_file": "other"}, 2, "has no --dns and --ip names"),
        (":", {"profile": "intermediate", "out_dir": "ca", "key_pass_file": "other"}, 2, "holds a CA already"),
        (":", {"openssl": "/nothing/openssl"}, 3, "is not a program that can be run"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    work: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: str,
    options: dict[str, str],
    status: int,
    says: str,
) -> None:
    subprocess.run(spoil, shell=True, check=True, cwd=work, capture_output=True)  # noqa: S602  (written above)
    before = made(work / "out") if (work / "out").is_dir() else None
    assert issue(**options) == status
    if status:
        refused_in_one_sentence(capsys, says)
        assert (made(work / "out") if (work / "out").is_dir() else None) == before


def test_a_subject_gives_no_file_outside_the_directory(work: Path) -> None:
    assert issue(subject=r"/CN=..\/..\/x y") == 0
    assert "_._.._x_y.key" in made(work / "out")
    assert made(work) == ("ca", "other", "out", "pass")


def test_an_intermediate_key_is_always_encrypted(work: Path) -> None:
    done = subprocess.run(
        command(profile="intermediate"), capture_output=True, text=True, check=False, start_new_session=True
    )
    assert done.returncode == 2
    assert "--key-pass-file, --key-pass-env or --key-pass-fd" in done.stderr
    assert made(work / "out") == ()


def test_pass_phrases_are_in_no_argument_and_no_file(work: Path) -> None:
    log = work / "log"
    wrapper = work / "openssl"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >>{log}\nexec {OpenSSL().path} "$@"\n')
    wrapper.chmod(0o755)
    assert issue("--key-pass-file=other", openssl="./openssl") == 0
    said = log.read_text()
    assert "genpkey" in said
    assert "x509 -req" in said
    for text in (said, *((work / "out" / name).read_text() for name in FOUR)):
        assert SECRET not in text
        assert OTHER not in text


LIES: list[tuple[str, str]] = [
    ('[ "$1 $2" = "x509 -req" ] && exit 0', "left no whole"),
    ('[ "$1 $2" = "x509 -req" ] && exit 1', "failed with exit status 1"),
    ('[ "$1 $2" = "x509 -req" ] && set -- "$@" -days 3', "not 365 days"),
    ('[ "$1 $2" = "x509 -req" ] && set -- "$@" -sha512', "not with SHA-256"),
    ('for w; do shift; case $w in 0x*) w=0x5;; esac; set -- "$@" "$w"; done', "another serial"),
    ('case "$*" in "x509 -req "*) sed -i s/CA:FALSE/CA:TRUE/ ../extensions.conf;; esac', "2.5.29.19"),
    ('case "$*" in "req -new "*) sed -i s/device/device2/ $4;; esac', "the subject is encoded otherwise"),
    ('[ "$1" = verify ] && { echo no >&2; exit 2; }', "does not accept the CA"),
]


@pytest.mark.parametrize(("lie", "says"), LIES)
def test_an_openssl_that_makes_something_else_is_found_out(
    work: Path, capsys: pytest.CaptureFixture[str], lie: str, says: str
) -> None:
    (work / "out" / "device-0001.key").write_text("old")
    wrapper = work / "openssl"
    wrapper.write_text(f'#!/bin/sh\n{lie}\nexec {OpenSSL().path} "$@"\n')
    wrapper.chmod(0o755)
    assert issue("--force", openssl="./openssl") in {1, 2}
    assert says in capsys.readouterr().err
    assert made(work / "out") == ("device-0001.key",)
    assert (work / "out" / "device-0001.key").read_text() == "old"


def test_a_limit_on_file_sizes_costs_nothing(work: Path) -> None:
    """A full disk as every user can have it."""
    (work / "out" / "device-0001.key").write_text("old")
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 4; exec "$@"', "sh", *command("--force", "--bits=4096")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2, 3}, done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    assert made(work / "out") == ("device-0001.key",)
    assert (work / "out" / "device-0001.key").read_text() == "old"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_the_old_files_and_nothing_else(work: Path, number: signal.Signals) -> None:
    (work / "out" / "device-0001.key").write_text("old")
    with subprocess.Popen(command("--force", "--bits=16384"), stderr=subprocess.PIPE, text=True) as ours:
        wait_until(lambda: bool(list((work / "out").glob(".opensslrun-new-*/.opensslrun-new-*"))))
        ours.send_signal(number)
        _, stderr = ours.communicate(timeout=30)
    assert ours.returncode == 130
    assert "opensslrun: interrupted" in stderr
    assert made(work / "out") == ("device-0001.key",)
    assert (work / "out" / "device-0001.key").read_text() == "old"


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within 60 seconds"
        time.sleep(0.01)
