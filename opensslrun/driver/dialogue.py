"""Answering the prompts of a program on a terminal.

One function serves the local pseudo-terminal and the shell kept open in a container: it needs only what every
pexpect spawn object has. It reads with :meth:`read_nonblocking` instead of :meth:`expect`, because it must tell
"silent since the start" from "silent after unknown text", keep its memory bounded when a program floods the
terminal, and lose no time in pexpect's delays.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

import pexpect

from opensslrun.driver.prompts import find_prompts, names_a_file, prompt_at_end
from opensslrun.errors import UsageError

QUIET_S: Final = 5.0
"""Seconds of silence after text that no newline ends: it is a prompt, and not one that is known."""

MAX_FLOOD: Final = 4 * 1024 * 1024
"""Bytes a program may write to the terminal; one that writes more is a runaway."""

_READ: Final = 16 * 1024
_KEPT: Final = 64 * 1024
_SHOWN: Final = 2000
_SETTLE_S: Final = 0.002
"""Seconds within which the rest of a prompt that arrived in two reads is awaited before it is answered."""
_SECRET_LENGTH: Final = 4
"""Characters: a shorter answer (``y``, ``US``) is no pass phrase, and removing it would garble what is shown."""


class Stop(StrEnum):
    """Why a dialogue was over."""

    END = "end"
    """The end pattern matched."""
    EOF = "eof"
    """The terminal was closed by the other side: the program has ended."""
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What was asked, and why it was over.

    ``unanswered`` is the text a HUNG dialogue stood at, empty after total silence. ``end`` is the match of the
    end pattern. ``text`` is the last part of what the terminal showed before that; no answer is ever in it.
    """

    stop: Stop
    prompts: tuple[str, ...]
    unanswered: str
    text: str
    end: re.Match[bytes] | None = field(default=None, repr=False)


class Talker(Protocol):
    """The part of a pexpect spawn object (in bytes mode) that a dialogue uses.

    ``read_nonblocking`` raises :class:`pexpect.TIMEOUT` after ``timeout`` seconds and :class:`pexpect.EOF`.
    """

    def read_nonblocking(self, size: int = ..., timeout: float | None = ...) -> bytes:
        """Read what is there, at most ``size`` bytes, waiting at most ``timeout`` seconds for the first."""
        ...

    def send(self, s: bytes) -> int:
        """Type."""
        ...


def check_answers(answers: Sequence[str]) -> None:
    """Raise UsageError for an answer that is more than one line. The message never holds the answer."""
    for number, answer in enumerate(answers, 1):
        if any(character in answer for character in "\r\n\0"):
            raise UsageError(f"answer {number} holds a line break or a NUL; write one answer for each prompt")


def typed(answer: str) -> bytes:
    """The bytes of an answer; bytes that are not UTF-8 are written as surrogates in it (PEP 383)."""
    return answer.encode("utf-8", "surrogateescape")


def hold_dialogue(
    spawn: Talker,
    answers: Sequence[str],
    *,
    end: re.Pattern[bytes] | None,
    deadline: float,
    quiet_s: float = QUIET_S,
) -> Dialogue:
    """Wait for prompts and answer them, one answer each, until ``end`` matches or the terminal is closed.

    An answer is typed only when its prompt stands at the end of what was read: typed ahead it would be echoed.
    ``deadline`` is a time of :func:`time.monotonic`. The dialogue is HUNG at the deadline, when a prompt has no
    answer left, when text without a newline is followed by ``quiet_s`` seconds of silence, or when the terminal
    is flooded. Total silence is not a sign of it: making a key takes seconds without a word.

    Raises UsageError for an answer of more than one line, and whatever ``spawn`` raises besides EOF and TIMEOUT.
    """
    check_answers(answers)
    return _Conversation(spawn, answers, end, deadline, quiet_s).hold()


class _Conversation:
    """The state of one dialogue. ``seen`` is what was read since the last answer."""

    def __init__(
        self, spawn: Talker, answers: Sequence[str], end: re.Pattern[bytes] | None, deadline: float, quiet_s: float
    ) -> None:
        self.spawn = spawn
        self.left = deque(answers)
        self.given: list[str] = []
        self.end = end
        self.deadline = deadline
        self.quiet_s = quiet_s
        self.prompts: list[str] = []
        self.seen = b""
        self.read = 0

    def hold(self) -> Dialogue:
        while True:
            match = self.end.search(self.seen) if self.end and self.seen else None
            if match:
                self.seen = self.seen[: match.start()]
                return self.over(Stop.END, match)
            last_line = self.last_line() if self.seen else ""
            prompt = prompt_at_end(last_line) if last_line else None
            if prompt and self.complete(prompt):
                self.prompts.append(prompt)
                if not self.left:
                    return self.over(Stop.HUNG, at=prompt)
                self.answer()
                continue
            left_s = self.deadline - time.monotonic()
            if left_s <= 0 or self.read > MAX_FLOOD:
                return self.over(Stop.HUNG, at=self.standing())
            try:
                self.take(min(left_s, self.quiet_s) if last_line else left_s)
            except pexpect.EOF:
                return self.over(Stop.EOF)
            except pexpect.TIMEOUT:
                return self.over(Stop.HUNG, at=self.standing())

    def take(self, timeout_s: float) -> None:
        data = self.spawn.read_nonblocking(_READ, timeout_s)
        self.read += len(data)
        self.seen = (self.seen + data)[-_KEPT:]

    def complete(self, prompt: str) -> bool:
        """Whether nothing follows a prompt that may go on; what follows is read."""
        if not names_a_file(prompt):
            return True
        try:
            self.take(_SETTLE_S)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return False

    def answer(self) -> None:
        answer = self.left.popleft()
        self.given.append(answer)
        self.seen = b""
        self.spawn.send(typed(answer) + b"\n")

    def last_line(self) -> str:
        start = max(self.seen.rfind(b"\n"), self.seen.rfind(b"\r")) + 1
        return self.seen[start:].decode("utf-8", "backslashreplace")

    def shown(self) -> str:
        """What was read since the last answer, without any answer that a program echoed."""
        text = self.seen
        for answer in sorted((typed(answer) for answer in self.given), key=len, reverse=True):
            if len(answer) >= _SECRET_LENGTH:
                text = text.replace(answer, b"[answer]")
        return text.decode("utf-8", "backslashreplace")

    def standing(self) -> str:
        return self.shown().strip("\r\n")[-_SHOWN:]

    def over(self, stop: Stop, end: re.Match[bytes] | None = None, at: str = "") -> Dialogue:
        """The dialogue so far. A prompt that the program itself went past is counted among the prompts."""
        shown = self.shown() if self.seen else ""  # most programs say nothing but on their streams
        passed = find_prompts(shown) if shown and stop is not Stop.HUNG else ()
        return Dialogue(stop, (*self.prompts, *passed), at, shown[-_SHOWN:], end)
