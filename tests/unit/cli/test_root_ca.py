from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from opensslrun.cli.main import main
from opensslrun.driver.openssl import OpenSSL

SECRET = "correct horse battery"
ROOT_CONF = """\
[req]
prompt = no
x509_extensions = v3_ca
distinguished_name = dn
[dn]
C = US
CN = www.organization.test.com
[v3_ca]
basicConstraints = CA:true
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "root.conf").write_text(ROOT_CONF)
    (tmp_path / "pass").write_text(SECRET)
    (tmp_path / "pass").chmod(0o600)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def root_ca(*options: str) -> int:
    words = ["root-ca", "--config", "root.conf", "--out-dir", "out", "--bits", "2048", "--pass-file", "pass"]
    return main([*words, *options])


def command(*options: str) -> list[str]:
    words = ["-c", "from opensslrun.cli.main import run; run()", "root-ca", "--config", "root.conf", "--out-dir", "out"]
    return [sys.executable, *words, *options]


def made(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_it_makes_both_files_and_names_the_next_step(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root_ca() == 0
    shown = capsys.readouterr()
    assert made(work / "out") == ["rootCA.crt", "rootCA.key"]
    assert f"{work}/out/rootCA.key" in shown.out
    assert "CN=www.organization.test.com" in shown.out
    assert "Next: upload rootCA.crt" in shown.err
    assert f"opensslrun verify --ca-file {work}/out/rootCA.crt" in shown.err
    assert SECRET not in shown.out + shown.err


def test_json_is_one_document_on_stdout(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root_ca("--format", "json", "--days", "30") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["key"] == {
        "path": f"{work}/out/rootCA.key",
        "bits": 2048,
        "encrypted": True,
        "pem_label": document["key"]["pem_label"],
    }
    read = OpenSSL().read_certificate(work / "out" / "rootCA.crt")
    assert document["certificate"]["sha256"] == read.sha256
    assert document["certificate"]["ca"] is True
    assert document["openssl"]["version"] == str(OpenSSL().version.version)


def test_a_second_time_needs_force(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root_ca() == 0
    before = (work / "out" / "rootCA.key").read_bytes()
    assert root_ca() == 2
    assert "rootCA.key is there already and was left as it is; --force replaces it" in capsys.readouterr().err
    assert (work / "out" / "rootCA.key").read_bytes() == before
    assert root_ca("--force") == 0
    assert (work / "out" / "rootCA.key").read_bytes() != before


def test_each_source_of_a_pass_phrase_is_the_same(work: Path) -> None:
    environment = {**os.environ, "CA_PASS": SECRET}
    read, write = os.pipe()
    os.write(write, SECRET.encode() + b"\n")
    os.close(write)
    for options, fds in ((["--pass-env", "CA_PASS"], ()), (["--pass-fd", str(read)], (read,))):
        done = subprocess.run(
            command("--bits", "2048", "--force", *options),
            env=environment,
            pass_fds=fds,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert OpenSSL().read_key(work / "out" / "rootCA.key", SECRET).encrypted
    os.close(read)


def test_without_an_option_it_asks_twice_on_the_terminal(work: Path) -> None:
    words = command("--bits", "2048")
    terminal = pexpect.spawn(words[0], words[1:], encoding="utf-8", timeout=60)
    terminal.delaybeforesend = None
    for question in ("Pass phrase for rootCA.key: ", "The same again for rootCA.key: "):
        terminal.expect_exact(question)
        terminal.sendline(SECRET)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert OpenSSL().read_key(work / "out" / "rootCA.key", SECRET).encrypted


def test_a_pass_phrase_file_open_to_others_is_warned_about_and_used(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "pass").chmod(0o644)
    assert root_ca() == 0
    assert "warning: the pass phrase file pass can be read by other users" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "status", "reason"),
    [
        ("rm root.conf", 2, "root.conf could not be read: No such file or directory"),
        (": >root.conf", 2, "root.conf is empty"),
        ("rm root.conf; mkdir root.conf", 2, "root.conf is a directory"),
        ("sed -i 's/CN =/CN/' root.conf", 2, "root.conf, line 7: there is no equal sign"),
        ("sed -i 's/CA:true/CA:false/' root.conf", 2, "would not be a CA certificate"),
        (r"printf '\357\273\277' | cat - root.conf >b; mv b root.conf", 2, "byte order mark"),
        ("sed -i 's/C = US/C = USA/' root.conf", 1, "req failed with exit status 1"),
        ("rmdir out", 2, "is not there; make it or name another"),
        ("rmdir out; : >out", 2, "rootCA.key cannot be written"),
        ("mkdir out/rootCA.key", 2, "rootCA.key cannot be written: it is a directory"),
        ("ln -s /dev/null out/rootCA.crt", 2, "rootCA.crt cannot be written: it is a symbolic link"),
        ("rm pass", 2, "pass phrase file pass could not be read"),
        ("echo abc >pass", 2, "the pass phrase has 3 bytes"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    work: Path, capsys: pytest.CaptureFixture[str], spoil: str, status: int, reason: str
) -> None:
    subprocess.run(spoil, shell=True, check=True, cwd=work)  # noqa: S602  (the spoiling is written above)
    before = made(work / "out") if (work / "out").is_dir() else None
    assert root_ca() == status
    shown = capsys.readouterr()
    assert reason in shown.err
    assert [line for line in shown.err.splitlines() if line.startswith("opensslrun: ")]
    assert "Traceback" not in shown.err
    assert SECRET not in shown.err
    assert shown.out == ""
    assert (made(work / "out") if (work / "out").is_dir() else None) == before


def test_crlf_in_the_config_is_no_fault(work: Path) -> None:
    (work / "root.conf").write_bytes(ROOT_CONF.replace("\n", "\r\n").encode())
    assert root_ca() == 0


def test_a_missing_openssl_is_the_environments_fault(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root_ca("--openssl", "/nothing/openssl") == 3
    assert "/nothing/openssl is not a program that can be run" in capsys.readouterr().err
    assert made(work / "out") == []


@pytest.mark.parametrize("option", ["--bits=512", "--days=0"])
def test_what_cannot_be_made_is_refused_before_the_pass_phrase_is_read(
    work: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    (work / "pass").unlink()
    assert root_ca(option) == 2
    assert "is not made; choose between" in capsys.readouterr().err


def test_a_pass_phrase_itself_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        root_ca("--pass", SECRET)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_limit_on_file_sizes_costs_nothing(work: Path) -> None:
    """A full disk as every user can have it: writing fails in the middle of the key."""
    (work / "out" / "rootCA.key").write_text("old")
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 4; exec "$@"', "sh", *command("--bits", "4096", "--pass-file", "pass", "--force")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 3}
    assert done.stderr.startswith("Making a key")
    assert "Traceback" not in done.stderr
    assert (work / "out" / "rootCA.key").read_text() == "old"
    assert made(work / "out") == ["rootCA.key"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_the_old_files_and_nothing_else(work: Path, number: signal.Signals) -> None:
    (work / "out" / "rootCA.key").write_text("old")
    with subprocess.Popen(
        command("--bits", "16384", "--pass-file", "pass", "--force"), stderr=subprocess.PIPE, text=True
    ) as ours:
        wait_until(lambda: any("genrsa" in line for line in below(ours.pid)))
        openssl = [pid for pid in descendants(ours.pid) if pid != ours.pid]
        ours.send_signal(number)
        _, stderr = ours.communicate(timeout=30)
    assert ours.returncode == 130
    assert "opensslrun: interrupted" in stderr
    assert (work / "out" / "rootCA.key").read_text() == "old"
    assert made(work / "out") == ["rootCA.key"]
    wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in openssl))


def test_a_kill_leaves_no_process_and_the_next_run_cleans_up(work: Path) -> None:
    (work / "out" / "rootCA.key").write_text("old")
    with subprocess.Popen(command("--bits", "16384", "--pass-file", "pass", "--force"), stderr=subprocess.PIPE) as ours:
        wait_until(lambda: any("genrsa" in line for line in below(ours.pid)))
        openssl = [pid for pid in descendants(ours.pid) if pid != ours.pid]
        ours.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in openssl))
    assert (work / "out" / "rootCA.key").read_text() == "old"
    assert len(made(work / "out")) == 2
    assert root_ca("--force") == 0
    assert made(work / "out") == ["rootCA.crt", "rootCA.key"]


def descendants(pid: int) -> list[int]:
    """The process and all that it started, as far as they are still its children's children."""
    found = [pid]
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += descendants(int(child))
    return found


def below(pid: int) -> list[str]:
    lines = []
    for each in descendants(pid):
        with contextlib.suppress(OSError):
            lines.append(Path(f"/proc/{each}/cmdline").read_bytes().decode(errors="replace"))
    return lines


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.01)
