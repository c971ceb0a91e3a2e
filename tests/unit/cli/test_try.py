"""``opensslrun try`` with binaries of this machine: the real one, and programs that answer otherwise."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from opensslrun.data import shipped

REAL = shutil.which("openssl") or "openssl"
Try = Callable[..., "subprocess.CompletedProcess[str]"]

TRIED = """
import sys
from opensslrun.cli.main import main
sys.exit(main(["try", *sys.argv[1:]]))
"""


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def tried(tmp_path: Path) -> Try:
    """Runs ``try`` on two names of the real binary, and on one that says a line otherwise."""
    other = program(
        tmp_path, "other", f'case "$1" in x509) {REAL} "$@" | sed s/Example/Exemplary/;; *) exec {REAL} "$@";; esac'
    )
    paths = {"one": REAL, "two": REAL, "other": other, "gone": "/nowhere/openssl"}
    text = "".join(f'[[target]]\nid = "{name}"\npath = "{path}"\n\n' for name, path in paths.items())
    (tmp_path / "opensslrun.toml").write_text(text)

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", TRIED, *argv],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run


def test_equal_answers_stand_once_and_the_status_is_0(tried: Try) -> None:
    done = tried("-t", "one", "-t", "two", "--", "openssl", "version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("one, two\n  exit status 0\n  stdout:\n    OpenSSL ")
    assert done.stdout.endswith("the same answer from 2 targets\n")


def test_what_differs_is_marked_inside_the_line_and_the_status_is_1(tried: Try, tmp_path: Path) -> None:
    from opensslrun.cases.load import load_case

    files = load_case(shipped("cases") / "chain-good.toml").files
    (tmp_path / "root.crt").write_bytes(files["root.crt"])
    argv = ["-t", "one", "-t", "two", "-t", "other", "--file", "root.crt"]
    done = tried(*argv, "--", "openssl", "x509", "-in", "root.crt", "-noout", "-subject", "-issuer")
    assert done.returncode == 1, done.stderr
    first, second = done.stdout.split("\n\n")[:2]
    assert first.startswith("one, two  (2 targets)")
    assert second.startswith("other  (1 target)")
    assert "[+" not in first
    assert "[+Exemplary+]" in second
    assert "2 different answers from 3 targets" in done.stdout


def test_one_word_is_a_line_of_a_shell(tried: Try) -> None:
    done = tried("-t", "one", "--", "openssl version | tr A-Z a-z; exit 3")
    assert "exit status 3" in done.stdout
    assert "openssl 3" in done.stdout.lower()


def test_prompts_are_answered_from_a_file_and_the_answers_are_shown_nowhere(tried: Try, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("correct horse\ncorrect horse\n")
    for form in ((), ("--format", "json")):
        done = tried(
            "-t", "one", "--answers", "answers", *form, "--", "openssl", "genrsa", "-aes256", "-out", "k", "2048"
        )
        assert done.returncode == 0, done.stderr
        assert "correct horse" not in done.stdout + done.stderr
    answer = json.loads(done.stdout)["answers"][0]
    assert answer["facts"]["key.opens@k"] is True
    assert len(answer["observation"]["prompts"]) == 2


def test_a_command_that_waits_for_an_answer_hung_and_says_where(tried: Try) -> None:
    done = tried("-t", "one", "--timeout", "5", "--", "openssl", "genrsa", "-aes256", "-out", "k", "2048")
    assert "hung at 'Enter" in done.stdout


def test_a_target_that_gives_no_answer_is_told_with_its_reason(tried: Try) -> None:
    done = tried("-t", "one", "-t", "gone", "--", "openssl", "version")
    assert done.returncode == 3
    assert "gone: /nowhere/openssl" in done.stdout
    assert "1 gave none" in done.stdout


def test_what_an_answer_says_is_shown_and_not_obeyed(tried: Try) -> None:
    done = tried("-t", "one", "--", r"printf 'a\033[31mb\n'; printf '\342\200\256c\n' >&2")
    assert "\x1b" not in done.stdout
    assert "a\\x1b[31mb" in done.stdout
    assert "\\u202ec" in done.stdout


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--file", "missing", "--", "openssl", "version"], "cannot read --file missing"),
        (["--answers", "missing", "--", "openssl", "version"], "cannot read --answers missing"),
        (["-t", "nobody", "--", "openssl", "version"], "no target matches 'nobody'"),
        (["--file", "opensslrun.toml", "--file", "opensslrun.toml", "--", "x"], "two files have the name"),
        (["--file", "../up=opensslrun.toml", "-t", "one", "--", "ls"], "../up"),
    ],
)
def test_bad_input_gets_one_sentence(tried: Try, argv: list[str], says: str) -> None:
    done = tried(*argv)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_gets_the_name_it_is_given(tried: Try) -> None:
    done = tried("-t", "one", "--file", "other.toml=opensslrun.toml", "--", "ls")
    assert "    other.toml" in done.stdout
