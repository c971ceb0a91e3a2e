from __future__ import annotations

import hashlib
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.outcome import Ending, Input
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.errors import (
    CommandFailedError,
    CommandHungError,
    EnvironmentLacksError,
    RefusedPassPhraseError,
    UsageError,
    WouldOverwriteError,
)

SECRET = "correct horse"
FakeMaker = Callable[[str], Path]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return OpenSSL().genrsa(tmp_path / "rootCA.key", 2048, pass_phrase=SECRET).path


@pytest.fixture
def root(tmp_path: Path, root_conf: Path, key: Path) -> Path:
    return OpenSSL().req_x509(root_conf, key, tmp_path / "rootCA.crt", pass_phrase=SECRET).path


def test_the_hosts_is_found_and_says_its_version() -> None:
    openssl = OpenSSL()
    assert str(openssl.path) == shutil.which("openssl")
    assert openssl.run(["version"], input=Input.NONE).stdout_text.startswith(f"{openssl.version.version}")


def test_the_package_offers_it() -> None:
    import opensslrun

    assert opensslrun.OpenSSL is OpenSSL


def test_a_missing_binary_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentLacksError, match="/nothing/openssl is not a program"):
        OpenSSL("/nothing/openssl")
    with pytest.raises(EnvironmentLacksError, match="not a program"):
        OpenSSL(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentLacksError, match="no openssl is on PATH"):
        OpenSSL()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", "exited with 0 and printed nothing"),
        ("exit 1", "exited with 1 and printed nothing"),
        ("echo BoringSSL", "printed 'BoringSSL'"),
        ("echo OpenSSL 3.0.2; exit 1", "exited with 1"),
        ("kill -9 $$", "ended by signal 9"),
    ],
)
def test_a_binary_that_does_not_say_its_version_is_a_sentence(tmp_path: Path, script: str, reason: str) -> None:
    path = tmp_path / "openssl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    with pytest.raises(EnvironmentLacksError, match=f"is no openssl that works.*{reason}"):
        _ = OpenSSL(path).version


def test_any_command_runs_with_its_prompts_answered(key: Path) -> None:
    outcome = OpenSSL().run(["rsa", "-in", key.name, "-noout", "-check"], [PassPhrase(SECRET)], cwd=key.parent)
    assert (outcome.ending, outcome.status) == (Ending.EXITED, 0)
    assert outcome.prompts == (f"Enter pass phrase for {key.name}:",)
    assert OpenSSL().run(["openssl", "version"]).stdout == OpenSSL().run(["version"]).stdout


def test_a_new_key_is_private_encrypted_and_readable_with_its_pass_phrase(key: Path) -> None:
    read = OpenSSL().read_key(key, SECRET)
    assert (read.bits, read.encrypted) == (2048, True)
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in key.read_bytes()
    assert [path.name for path in key.parent.iterdir()] == ["rootCA.key"]


@pytest.mark.parametrize(
    "secret", ["abcd", "x" * 1023, "ö ü $HOME 'quoted' \"twice\" \\", "-in -out", "ends in blank "]
)
def test_every_allowed_pass_phrase_makes_a_key_that_opens_with_it_alone(tmp_path: Path, secret: str) -> None:
    openssl = OpenSSL()
    openssl.genrsa(tmp_path / "a.key", 1024, pass_phrase=secret)
    assert openssl.read_key(tmp_path / "a.key", secret).bits == 1024
    # The same through a way that involves no prompt: what was typed is what the key was encrypted with.
    (tmp_path / "pass").write_text(secret)
    words = ["rsa", "-in", "a.key", "-noout", "-passin", "file:pass"]
    assert openssl.run(words, input=Input.NONE, cwd=tmp_path).status == 0


@pytest.mark.parametrize("secret", ["abc", "x" * 1024, "two\nlines"])
def test_a_pass_phrase_that_some_version_refuses_is_refused_before_anything_runs(
    tmp_path: Path, fake: FakeMaker, secret: str
) -> None:
    openssl = OpenSSL(fake("touch ran; exit 1"))
    with pytest.raises(RefusedPassPhraseError):
        openssl.genrsa(tmp_path / "a.key", 1024, pass_phrase=secret)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fake"]


def test_a_wrong_pass_phrase_is_told(key: Path, tmp_path: Path, root_conf: Path) -> None:
    with pytest.raises(CommandFailedError, match="its pass phrase is another, or it is damaged") as caught:
        OpenSSL().read_key(key, "battery staple")
    assert "battery" not in str(caught.value)
    with pytest.raises(CommandFailedError):
        OpenSSL().req_x509(root_conf, key, tmp_path / "a.crt", pass_phrase="battery staple")
    with pytest.raises(RefusedPassPhraseError, match="is encrypted and no pass phrase was given"):
        OpenSSL().read_key(key)
    assert not (tmp_path / "a.crt").exists()


def test_a_key_without_encryption_is_read_too(tmp_path: Path) -> None:
    openssl = OpenSSL()
    for words in (["genrsa", "-out", "a.key", "1024"], ["ecparam", "-genkey", "-name", "prime256v1", "-out", "b.key"]):
        assert openssl.run(words, input=Input.NONE, cwd=tmp_path).status == 0
    assert openssl.read_key(tmp_path / "a.key").bits == 1024
    read = openssl.read_key(tmp_path / "b.key", "not needed")
    assert (read.bits, read.encrypted) == (256, False)


def test_a_root_certificate_says_what_the_config_says(root: Path, key: Path) -> None:
    openssl = OpenSSL()
    read = openssl.read_certificate(root)
    assert read.subject == read.issuer == "CN=www.organization.test.com,O=Organization,C=US"
    assert (read.not_after - read.not_before).days == 1024
    assert read.ca
    assert read.public_key == openssl.read_key(key, SECRET).public_key
    assert read.sha256 == hashlib.sha256(ssl.PEM_cert_to_DER_cert(root.read_text())).hexdigest()
    serial = openssl.run(["x509", "-in", str(root), "-noout", "-serial"]).stdout_text.strip()
    assert int(serial.removeprefix("serial="), 16) == read.serial
    assert root.stat().st_mode & 0o777 == 0o600


def test_relative_names_in_a_config_count_from_where_the_caller_stands(
    tmp_path: Path, root_conf: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key.parent == tmp_path
    text = root_conf.read_text()
    extensions = text[text.index("[ v3_ca ]") :]
    (tmp_path / "extensions.conf").write_text(extensions)
    root_conf.write_text(text.replace(extensions, ".include extensions.conf\n").replace("Organization", "$ENV::SITE"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SITE", "From the environment")
    (tmp_path / "out").mkdir()
    made = OpenSSL().req_x509("root.conf", "rootCA.key", "out/rootCA.crt", 30, pass_phrase=SECRET)
    assert made.ca
    assert "O=From the environment" in made.subject
    assert made.path == tmp_path / "out" / "rootCA.crt"


def test_an_existing_file_is_never_lost(tmp_path: Path, root_conf: Path, key: Path, root: Path) -> None:
    openssl = OpenSSL()
    before = (key.read_bytes(), root.read_bytes())
    with pytest.raises(WouldOverwriteError):
        openssl.genrsa(key, 1024, pass_phrase=SECRET)
    with pytest.raises(WouldOverwriteError):
        openssl.req_x509(root_conf, key, root, pass_phrase=SECRET)
    root_conf.write_text(root_conf.read_text().replace("prompt = no", "prompt no"))
    with pytest.raises(CommandFailedError, match="line 3"):
        openssl.req_x509(root_conf, key, root, pass_phrase=SECRET, force=True)
    assert (key.read_bytes(), root.read_bytes()) == before
    openssl.genrsa(key, 1024, pass_phrase=SECRET, force=True)
    assert key.read_bytes() != before[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root.conf", "rootCA.crt", "rootCA.key"]


LIES = {
    "says nothing and exits 0": ("exit 0", CommandFailedError, "left no whole"),
    "leaves an empty file": (': >"$OUT"', CommandFailedError, "left no whole"),
    "leaves half a block": (
        '"$REAL" genrsa 1024 2>/dev/null | head -3 >"$OUT"',
        CommandFailedError,
        "left no whole",
    ),
    "leaves an unencrypted key": (
        'case $1 in genrsa) "$REAL" genrsa -out "$OUT" 1024 2>/dev/null ;; *) exec "$REAL" "$@" ;; esac',
        CommandFailedError,
        "an unencrypted key",
    ),
    "leaves a smaller key": (
        'case $1 in genrsa) "$REAL" genrsa -des3 -out "$OUT" 1024 ;; *) exec "$REAL" "$@" ;; esac',
        CommandFailedError,
        "key of 1024 bits",
    ),
    "leaves a key of another pass phrase": (
        'case $1 in genrsa) "$REAL" genrsa -des3 -passout pass:other -out "$OUT" 2048 ;; *) exec "$REAL" "$@" ;; esac',
        CommandFailedError,
        "its pass phrase is another",
    ),
    "fails after the file was opened": (
        ': >"$OUT"; echo "no entropy" >&2; exit 1',
        CommandFailedError,
        "exit status 1: no entropy",
    ),
    "asks something unknown": ("printf 'Token PIN> ' >/dev/tty; sleep 60", CommandHungError, "Token PIN> "),
    "asks once more": (
        "for i in 1 2 3; do printf 'Enter PEM pass phrase:' >/dev/tty; read -r x </dev/tty; done",
        CommandHungError,
        "asked once more than expected: Enter PEM pass phrase:",
    ),
    "floods stderr": ("yes >&2", CommandFailedError, "ended by signal 25"),
    "floods the terminal": ("yes xxxxxxxxxxxxxxxxxxxxxxx >/dev/tty", CommandHungError, "did not end"),
    "writes a file without end": (
        'exec yes >"$OUT"',
        CommandFailedError,
        "ended by signal 25",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_binary_that_lies_changes_nothing(tmp_path: Path, fake: FakeMaker, lie: str) -> None:
    script, error, reason = LIES[lie]
    openssl = OpenSSL(fake(script))
    (tmp_path / "rootCA.key").write_text("old")
    with pytest.raises(error, match=reason) as caught:
        openssl.genrsa(tmp_path / "rootCA.key", 2048, pass_phrase=SECRET, force=True)
    assert SECRET not in str(caught.value)
    assert (tmp_path / "rootCA.key").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fake", "rootCA.key"]


def test_a_certificate_of_another_key_is_not_kept(
    tmp_path: Path, root_conf: Path, key: Path, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """\
    case $1 in
    req) "$REAL" req -x509 -config root.conf -newkey rsa:2048 -nodes -keyout /dev/null -out "$OUT" 2>/dev/null ;;
    *) exec "$REAL" "$@" ;;
    esac
    """
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandFailedError, match="a certificate of another key"):
        OpenSSL(fake(script)).req_x509(root_conf, key, tmp_path / "rootCA.crt", pass_phrase=SECRET)
    assert not (tmp_path / "rootCA.crt").exists()


# OpenSSL 1.1.1 and LibreSSL name the file where OpenSSL 3 says PEM; both ask twice.
OLD_WORDING = """\
ask() { printf "$1" >/dev/tty; read -r answer </dev/tty; echo >/dev/tty; }
case $1 in
genrsa) ask "Enter pass phrase for $OUT:"; first=$answer
    ask "Verifying - Enter pass phrase for $OUT:"; [ "$first" = "$answer" ] || exit 1
    printf %s "$answer" | "$REAL" genrsa -des3 -passout stdin -out "$OUT" 2048 2>/dev/null ;;
*) exec "$REAL" "$@" ;;
esac
"""


def test_the_old_wording_of_the_prompts_is_answered_too(tmp_path: Path, fake: FakeMaker) -> None:
    OpenSSL(fake(OLD_WORDING)).genrsa(tmp_path / "rootCA.key", 2048, pass_phrase=SECRET)
    assert OpenSSL().read_key(tmp_path / "rootCA.key", SECRET).bits == 2048


@pytest.mark.parametrize("bits", [0, -1, 512, 16385, 10**9])
def test_a_size_that_no_version_can_use_is_refused(tmp_path: Path, bits: int) -> None:
    with pytest.raises(UsageError, match="bits is not made"):
        OpenSSL().genrsa(tmp_path / "a.key", bits, pass_phrase=SECRET)


@pytest.mark.parametrize("days", [0, -1, 10**7])
def test_a_validity_that_no_certificate_can_have_is_refused(tmp_path: Path, days: int) -> None:
    with pytest.raises(UsageError, match="days is not made"):
        OpenSSL().req_x509(tmp_path / "c", tmp_path / "k", tmp_path / "o", days)


def test_input_files_that_are_none_are_told_apart(tmp_path: Path, key: Path) -> None:
    openssl = OpenSSL()
    (tmp_path / "empty").write_text("")
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "half").write_bytes(key.read_bytes()[:-30])
    for name, reason in (
        ("gone", "No such file"),
        (".", "is a directory"),
        ("empty", "is empty"),
        ("text", "holds no private key in PEM format"),
        ("half", "is damaged"),
    ):
        with pytest.raises(UsageError, match=reason):
            openssl.read_key(tmp_path / name, SECRET)
    with pytest.raises(UsageError, match="holds no certificate in PEM format"):
        openssl.read_certificate(key)
