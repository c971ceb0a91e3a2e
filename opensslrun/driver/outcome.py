"""How a command is fed and how it ended: the words the driver and the benches share."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MIN_PASS_PHRASE = 4
"""Bytes. OpenSSL 1.1.1 and LibreSSL ask again for ever for fewer, OpenSSL 3 and later exit 1."""

MAX_PASS_PHRASE = 1023
"""Bytes. The prompt reads into a buffer of 1,024."""

MAX_FILE_SIZE = 16 * 1024 * 1024
"""Bytes a command may write to one file (``ulimit -f``): a runaway ends with SIGXFSZ instead of a full disk.
LibreSSL 3.0.2 was measured writing 968 MB of stderr in seconds after a short pass phrase and end of input."""


class Input(StrEnum):
    """How a command's answers reach it."""

    TERMINAL = "terminal"
    """A controlling terminal carries prompts and answers alone; stdin is /dev/null, both streams are files."""
    LINES = "lines"
    """No terminal: the answers stand on stdin, a line each; prompts are written to stderr."""
    NONE = "none"
    """No terminal and an empty stdin."""


class Ending(StrEnum):
    """How a command ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    HUNG = "hung"
    """It did not end in time, or asked something no answer was left for; it was killed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command did.

    ``status`` is the exit status, or the signal's number when SIGNALLED, or -1 when HUNG. ``prompts`` are the
    texts asked, in order, as shown (``Enter pass phrase for rootCA.key:``). ``unanswered`` is the text at which
    a HUNG command stood still (empty when it was silent). ``duration_s`` is wall-clock seconds.
    """

    ending: Ending
    status: int
    prompts: tuple[str, ...]
    unanswered: str
    stdout: bytes
    stderr: bytes
    duration_s: float

    @property
    def stdout_text(self) -> str:
        """stdout as text; a byte that is not UTF-8 shows as ``\\xNN`` (openssl's output is not always UTF-8)."""
        return self.stdout.decode("utf-8", "backslashreplace")

    @property
    def stderr_text(self) -> str:
        """stderr as text, decoded as :attr:`stdout_text` is."""
        return self.stderr.decode("utf-8", "backslashreplace")


_SIGNALS: Final = frozenset(signal.Signals)


def through_shell(status: int) -> tuple[Ending, int]:
    """How a command ended, from the exit status of the shell that ran it: over 128 it was a signal (POSIX).

    255 and the like, which no signal has, stay exit statuses.
    """
    number = status - 128
    if number in _SIGNALS:
        return Ending.SIGNALLED, number
    return Ending.EXITED, status
