from __future__ import annotations

import copy
import os
import pickle
import sys
from pathlib import Path

import pexpect
import pytest

from opensslrun.driver import passphrase
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.errors import RefusedPassPhraseError

SECRET = "correct horse battery"


def test_it_never_shows_itself() -> None:
    secret = PassPhrase(SECRET)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        repr([secret]),
        repr(vars(passphrase)),
    ]
    assert not any(SECRET in text for text in shown)
    assert secret.answer() == SECRET
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)


@pytest.mark.parametrize("value", ["", "abc", "ä", "x" * 1024, "ä" * 512])
def test_a_length_that_some_version_refuses_is_refused(value: str) -> None:
    with pytest.raises(RefusedPassPhraseError, match=f"has {len(value.encode())} bytes") as caught:
        PassPhrase(value)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("value", ["abcd", "ää", "x" * 1023, b"gr\xfc\xdfe"])
def test_the_allowed_lengths_are_counted_in_bytes(value: str | bytes) -> None:
    as_bytes = value.encode() if isinstance(value, str) else value
    assert PassPhrase(value).answer().encode("utf-8", "surrogateescape") == as_bytes


@pytest.mark.parametrize("value", ["line\nbreak", "line\rbreak", "nul\0nul", "tab\ttab", "ctrl-d\x04", "delete\x7f"])
def test_what_cannot_be_typed_at_a_prompt_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(RefusedPassPhraseError, match="control character") as caught:
        PassPhrase(value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"correct horse battery", b"correct horse battery\n", b"correct horse battery\r\n"]
)
def test_the_line_end_of_a_file_is_not_part_of_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pass").write_bytes(content)
    assert passphrase.from_file(tmp_path / "pass") == PassPhrase(SECRET)


def test_a_pass_phrase_file_may_be_a_pipe() -> None:
    read, write = os.pipe()
    os.write(write, b"correct horse battery\n")
    os.close(write)
    assert passphrase.from_file(Path(f"/dev/fd/{read}")) == PassPhrase(SECRET)
    os.close(read)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "has 0 bytes"),
        (b"first line\nsecond line\n", "holds 2 lines"),
        (b"\xff\xfea\0b\0c\0", "control character"),
    ],
)
def test_a_file_that_holds_no_pass_phrase_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "pass").write_bytes(content)
    with pytest.raises(RefusedPassPhraseError, match=reason) as caught:
        passphrase.from_file(tmp_path / "pass")
    assert "first line" not in str(caught.value)


def test_a_missing_file_a_directory_and_a_closed_descriptor_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(RefusedPassPhraseError, match="No such file or directory"):
        passphrase.from_file(tmp_path / "nothing")
    with pytest.raises(RefusedPassPhraseError, match="Is a directory"):
        passphrase.from_file(tmp_path)
    with pytest.raises(RefusedPassPhraseError, match="file descriptor 1999"):
        passphrase.from_fd(1999)
    with pytest.raises(RefusedPassPhraseError, match="NO_SUCH_VARIABLE"):
        passphrase.from_env("NO_SUCH_VARIABLE")


def test_a_file_that_others_may_read_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "pass"
    path.write_text(SECRET)
    path.chmod(0o600)
    assert passphrase.exposure(path) is None
    path.chmod(0o640)
    warning = passphrase.exposure(path)
    assert warning is not None
    assert "mode 0640" in warning
    assert SECRET not in warning


def test_a_variable_is_read_once_and_inherited_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CA_PASS", SECRET)
    assert passphrase.from_env("CA_PASS") == PassPhrase(SECRET)
    assert "CA_PASS" not in os.environ


def test_a_descriptor_gives_its_first_line_without_waiting_for_its_end() -> None:
    read, write = os.pipe()
    os.write(write, b"correct horse battery\nmore")
    assert passphrase.from_fd(read) == PassPhrase(SECRET)
    os.close(write)
    os.close(read)


ASK = """
import sys
from opensslrun.driver.passphrase import PassPhrase, from_prompt
from opensslrun.errors import OpensslrunError
try:
    same = from_prompt("rootCA.key", new=sys.argv[1] == "new") == PassPhrase("correct horse battery")
    print("READ", same)
except OpensslrunError as error:
    print("ERROR", error)
"""


@pytest.mark.parametrize(
    ("kind", "typed", "result"),
    [
        ("old", [SECRET], "READ True"),
        ("new", [SECRET, SECRET], "READ True"),
        ("new", [SECRET, "correct house"], "ERROR the two pass phrases typed differ"),
        ("new", ["abc"], "ERROR the pass phrase has 3 bytes"),
    ],
)
def test_a_prompt_asks_on_the_terminal_without_showing_what_is_typed(kind: str, typed: list[str], result: str) -> None:
    terminal = pexpect.spawn(sys.executable, ["-c", ASK, kind], encoding="utf-8", timeout=30)
    terminal.delaybeforesend = None
    for number, line in enumerate(typed):
        terminal.expect_exact(["Pass phrase for rootCA.key: ", "The same again for rootCA.key: "][number])
        terminal.sendline(line)
    terminal.expect(pexpect.EOF)
    assert terminal.before is not None
    assert result in terminal.before
    assert SECRET not in terminal.before
    terminal.close()


def test_without_a_terminal_the_options_are_named() -> None:
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", ASK, "new"],
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert "ERROR a pass phrase for rootCA.key is needed and there is no terminal" in done.stdout
    assert "--pass-file" in done.stdout
