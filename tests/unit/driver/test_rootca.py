from __future__ import annotations

import errno
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.rootca import RootCA, make_root_ca
from opensslrun.errors import (
    CommandFailedError,
    EnvironmentLacksError,
    OpensslrunError,
    UsageError,
    WouldOverwriteError,
)

SECRET = "correct horse battery"
FakeMaker = Callable[[str], Path]
KEY, CERTIFICATE = "rootCA.key", "rootCA.crt"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def make(openssl: OpenSSL, conf: Path, out: Path, *, force: bool = False, secret: str = SECRET) -> RootCA:
    return make_root_ca(
        openssl, config=conf, out_dir=out, pass_phrase=lambda: PassPhrase(secret), bits=2048, force=force
    )


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def files_below(directory: Path) -> list[Path]:
    """All files there now; what vanishes meanwhile is left out."""
    return [Path(folder) / name for folder, _, names in os.walk(directory) for name in names]


def test_both_files_appear_and_belong_together(root_conf: Path, out: Path) -> None:
    made = make(OpenSSL(), root_conf, out)
    assert set(contents(out)) == {KEY, CERTIFICATE}
    assert (made.key.path, made.certificate.path) == (out / KEY, out / CERTIFICATE)
    assert made.certificate.ca
    assert OpenSSL().read_key(out / KEY, SECRET).public_key == made.certificate.public_key
    assert OpenSSL().verify(out / CERTIFICATE, out / CERTIFICATE).ok


def test_the_command_lines_are_the_guides(root_conf: Path, out: Path, fake: FakeMaker) -> None:
    log = out.parent / "log"
    make(OpenSSL(fake(f'echo "$*" >>{log}; exec "$REAL" "$@"')), root_conf, out)
    lines = [line for line in log.read_text().splitlines() if line.startswith(("genrsa", "req"))]
    assert len(lines) == 2
    assert lines[0] == "genrsa -des3 -out rootCA.key 2048"
    guides = "req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt"
    assert " ".join(Path(word).name if "/" in word else word for word in lines[1].split()) == guides


@pytest.mark.parametrize("existing", [KEY, CERTIFICATE])
def test_with_one_file_there_nothing_is_asked_and_nothing_runs(
    root_conf: Path, out: Path, fake: FakeMaker, existing: str
) -> None:
    (out / existing).write_text("old")
    openssl = OpenSSL(fake(f"touch {out}/ran; exit 1"))

    def ask() -> PassPhrase:
        raise AssertionError("it asked")

    with pytest.raises(WouldOverwriteError):
        make_root_ca(openssl, config=root_conf, out_dir=out, pass_phrase=ask)
    assert contents(out) == {existing: b"old"}


def test_a_bad_config_is_refused_before_anything_is_asked(root_conf: Path, out: Path) -> None:
    root_conf.write_text("")

    def ask() -> PassPhrase:
        raise AssertionError("it asked")

    with pytest.raises(UsageError, match="is empty"):
        make_root_ca(OpenSSL(), config=root_conf, out_dir=out, pass_phrase=ask)
    assert contents(out) == {}


@pytest.mark.parametrize("command", ["genrsa", "req", "pkey", "x509"])
@pytest.mark.parametrize("how", ["exit 1", "exit 0", ': >"$OUT"; exit 1', "kill -9 $$"])
def test_whichever_command_fails_the_old_files_stay(
    root_conf: Path, out: Path, fake: FakeMaker, command: str, how: str
) -> None:
    (out / KEY).write_text("old key")
    (out / CERTIFICATE).write_text("old certificate")
    openssl = OpenSSL(fake(f'[ "$1" = {command} ] && {{ OUT=${{OUT:-/dev/null}}; {how}; }}; exec "$REAL" "$@"'))
    with pytest.raises(CommandFailedError) as caught:
        make(openssl, root_conf, out, force=True)
    assert SECRET not in str(caught.value)
    assert contents(out) == {KEY: b"old key", CERTIFICATE: b"old certificate"}


def test_a_certificate_that_is_no_ca_is_not_kept(root_conf: Path, out: Path) -> None:
    # What an included file says cannot be seen beforehand; it is seen in the certificate.
    more = root_conf.with_name("more.conf")
    text = root_conf.read_text()
    more.write_text(text[text.index("[ v3_ca ]") :].replace("CA:true", "CA:false"))
    root_conf.write_text(text[: text.index("[ v3_ca ]")] + f".include {more}\n")
    with pytest.raises(CommandFailedError, match="is not a CA certificate, so nothing was kept"):
        make(OpenSSL(), root_conf, out)
    assert contents(out) == {}


def test_of_two_runs_at_once_one_wins(root_conf: Path, out: Path) -> None:
    results: list[RootCA | OpensslrunError] = []

    def one() -> None:
        try:
            results.append(make(OpenSSL(), root_conf, out))
        except OpensslrunError as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [result for result in results if isinstance(result, RootCA)]
    lost = [result for result in results if isinstance(result, WouldOverwriteError)]
    assert (len(made), len(lost)) == (1, 1)
    assert OpenSSL().read_certificate(out / CERTIFICATE).public_key == made[0].certificate.public_key
    assert OpenSSL().read_key(out / KEY, SECRET).public_key == made[0].key.public_key


def test_the_pass_phrase_is_nowhere_to_be_seen_while_it_runs(root_conf: Path, out: Path) -> None:
    """Every process's arguments and environment, and every file made, looked at all the time of a real run."""
    secret = f"{SECRET} {secrets.token_hex(8)}"  # another test's process may well have the usual one in its environment
    done = threading.Event()
    seen: list[str] = []
    looks = 0

    def look() -> None:
        nonlocal looks
        while not done.is_set():
            looks += 1
            places = [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ"), *files_below(out)]
            for place in places:
                try:
                    if secret.encode() in place.read_bytes():
                        seen.append(str(place))
                except OSError:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        make(OpenSSL(), root_conf, out, secret=secret)
    finally:
        done.set()
        watcher.join()
    assert looks > 1
    assert seen == []
    assert not any(secret.encode() in content for content in contents(out).values())


def test_a_full_disk_costs_nothing_and_says_so(
    root_conf: Path, out: Path, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command fails because the disk is full, and so does every attempt to write of our own."""
    (out / KEY).write_text("old key")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    openssl = OpenSSL(fake('[ "$1" = genrsa ] && { : >"$OUT"; exit 1; }; exec "$REAL" "$@"'))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(EnvironmentLacksError, match=f"there is no room left in {out}; nothing was changed"):
            make(openssl, root_conf, out, force=True)
        with pytest.raises(EnvironmentLacksError, match="there is no room left"):
            make(OpenSSL(), root_conf, out, force=True)
    assert contents(out) == {KEY: b"old key"}
