from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from pexpect.socket_pexpect import SocketSpawn

from opensslrun.driver import dialogue
from opensslrun.driver.dialogue import Dialogue, Stop, hold_dialogue
from opensslrun.errors import UsageError

END = re.compile(rb"\x1eend (\d+)\r?\n")
Play = Callable[[socket.socket], None]


@pytest.fixture
def hold() -> Iterator[Callable[..., Dialogue]]:
    """Holds a dialogue, through pexpect's own SocketSpawn, with a function that plays the other side."""
    ours, theirs = socket.socketpair()
    threads: list[threading.Thread] = []

    def run(play: Play, answers: Sequence[str] = (), *, timeout_s: float = 20, quiet_s: float = 0.3) -> Dialogue:
        thread = threading.Thread(target=play, args=(theirs,))
        threads.append(thread)
        thread.start()
        deadline = time.monotonic() + timeout_s
        return hold_dialogue(SocketSpawn(ours), answers, end=END, deadline=deadline, quiet_s=quiet_s)

    yield run
    ours.close()
    for thread in threads:
        thread.join(10)
    theirs.close()


def heard(theirs: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        more = theirs.recv(100)
        if not more:
            break
        data += more
    return data


def test_each_prompt_gets_the_next_answer_and_the_end_mark_is_kept(hold: Callable[..., Dialogue]) -> None:
    lines: list[bytes] = []

    def play(theirs: socket.socket) -> None:
        for prompt in (b"Enter PEM pass phrase:", b"Verifying - Enter PEM pass phrase:"):
            theirs.sendall(prompt)
            lines.append(heard(theirs))
            theirs.sendall(b"\r\n")
        theirs.sendall(b"\x1eend 7\r\n")

    done = hold(play, ["first one", "second one"])
    assert lines == [b"first one\n", b"second one\n"]
    assert done.stop is Stop.END
    assert done.end is not None
    assert done.end[1] == b"7"
    assert done.prompts == ("Enter PEM pass phrase:", "Verifying - Enter PEM pass phrase:")


def test_nothing_is_typed_before_its_prompt_is_seen(hold: Callable[..., Dialogue]) -> None:
    early: list[bytes] = []

    def play(theirs: socket.socket) -> None:
        theirs.settimeout(0.2)
        for text in (b"", b"Enter PEM pass ph", b"Generating\r\n"):
            theirs.sendall(text)
            with contextlib.suppress(TimeoutError):
                early.append(theirs.recv(100))
        theirs.sendall(b"\x1eend 0\r\n")

    done = hold(play, ["secret one"], quiet_s=5)
    assert early == []
    assert done.stop is Stop.END


def test_a_prompt_split_over_reads_is_answered_once_and_whole(hold: Callable[..., Dialogue]) -> None:
    lines: list[bytes] = []

    def play(theirs: socket.socket) -> None:
        for piece in (b"Ent", b"er pass phrase", b" for root", b"CA.key:"):
            theirs.sendall(piece)
            time.sleep(0.05)
        lines.append(heard(theirs))
        theirs.sendall(b"\r\n\x1eend 0\r\n")

    done = hold(play, ["an answer"])
    assert lines == [b"an answer\n"]
    assert done.prompts == ("Enter pass phrase for rootCA.key:",)


def test_a_prompt_that_the_program_went_past_is_still_counted(hold: Callable[..., Dialogue]) -> None:
    def play(theirs: socket.socket) -> None:
        theirs.sendall(b"Enter pass phrase for a.key:\r\nUser interface error\r\n\x1eend 1\r\n")

    done = hold(play, ["an answer"])
    assert done.stop is Stop.END
    assert done.prompts == ("Enter pass phrase for a.key:",)


def test_more_prompts_than_answers_is_hung_at_the_prompt(hold: Callable[..., Dialogue]) -> None:
    done = hold(lambda theirs: theirs.sendall(b"Enter Import Password:"))
    assert (done.stop, done.unanswered) == (Stop.HUNG, "Enter Import Password:")
    assert done.prompts == ("Enter Import Password:",)


def test_an_unknown_prompt_is_hung_with_its_text(hold: Callable[..., Dialogue]) -> None:
    done = hold(lambda theirs: theirs.sendall(b"PIN of the token, please> "), ["an answer"])
    assert (done.stop, done.unanswered) == (Stop.HUNG, "PIN of the token, please> ")
    assert done.prompts == ()


def test_total_silence_longer_than_the_quiet_time_is_no_hang(hold: Callable[..., Dialogue]) -> None:
    def play(theirs: socket.socket) -> None:
        time.sleep(1)
        theirs.sendall(b"a line\r\n")
        time.sleep(1)
        theirs.sendall(b"\x1eend 0\r\n")

    assert hold(play, quiet_s=0.1).stop is Stop.END


def test_silence_until_the_deadline_is_hung_at_nothing(hold: Callable[..., Dialogue]) -> None:
    done = hold(lambda _: None, timeout_s=0.2)
    assert (done.stop, done.unanswered) == (Stop.HUNG, "")


def test_a_drip_of_output_does_not_outlive_the_deadline(hold: Callable[..., Dialogue]) -> None:
    def play(theirs: socket.socket) -> None:
        for _ in range(100):
            try:
                theirs.sendall(b"still here\r\n")
            except OSError:
                return
            time.sleep(0.02)

    assert hold(play, timeout_s=0.3).stop is Stop.HUNG


def test_a_closed_terminal_ends_the_dialogue(hold: Callable[..., Dialogue]) -> None:
    def play(theirs: socket.socket) -> None:
        theirs.sendall(b"bye\r\n")
        theirs.shutdown(socket.SHUT_RDWR)

    done = hold(play)
    assert (done.stop, done.text) == (Stop.EOF, "bye\r\n")


def test_a_flood_is_hung_and_not_kept_in_memory(hold: Callable[..., Dialogue]) -> None:
    def play(theirs: socket.socket) -> None:
        theirs.settimeout(5)
        try:
            for _ in range(1000):
                theirs.sendall(b"x" * 16384)
        except OSError:
            return

    done = hold(play, quiet_s=10)
    assert done.stop is Stop.HUNG
    assert len(done.unanswered) + len(done.text) < 10_000


def test_an_answer_that_is_echoed_never_shows(hold: Callable[..., Dialogue]) -> None:
    def play(theirs: socket.socket) -> None:
        theirs.sendall(b"Enter PEM pass phrase:")
        theirs.sendall(b"\r\nyou said: " + heard(theirs).strip() + b" and wait>")

    done = hold(play, ["correct horse"])
    assert done.stop is Stop.HUNG
    assert "correct horse" not in repr(done)
    assert done.unanswered == "you said: [answer] and wait>"


@pytest.mark.parametrize("answer", ["two\nlines", "two\rlines", "nul\0"])
def test_an_answer_of_more_than_one_line_is_refused_without_showing_it(answer: str) -> None:
    with pytest.raises(UsageError) as caught:
        dialogue.check_answers([answer])
    assert "lines" not in str(caught.value)
    assert "nul" not in str(caught.value)


def test_bytes_that_are_not_utf_8_are_typed_as_they_are(hold: Callable[..., Dialogue]) -> None:
    lines: list[bytes] = []

    def play(theirs: socket.socket) -> None:
        theirs.sendall(b"Enter PEM pass phrase:")
        lines.append(heard(theirs))
        theirs.sendall(b"\x1eend 0\r\n")

    hold(play, [b"gr\xfc\xdfe".decode("utf-8", "surrogateescape")])
    assert lines == [b"gr\xfc\xdfe\n"]
