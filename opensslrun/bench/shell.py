"""One shell kept open in a container, so that a command costs no new ``exec`` of the engine.

The shell is a loop that reads a line a step from its terminal (the step's number, never the command line: a
terminal takes lines of 4,095 bytes at most), runs the step's script, kills whatever the step left running, and
answers with a mark and the exit status. Two random words are typed when it is opened, and no command is shown them:
the mark, so that nothing a command prints can be taken for it (a step's output goes to files besides), and the key
that each line begins with, so that no answer a command left unread can be taken for a line. A line is short, because
a shell reads it with a system call or two a character.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pexpect
from pexpect.socket_pexpect import SocketSpawn

from opensslrun.bench.container import Container
from opensslrun.bench.loop import LOOP, START, is_plain_step
from opensslrun.bench.pseudoterminal import PseudoTerminal
from opensslrun.bench.sockets import EngineSocket
from opensslrun.driver.dialogue import Dialogue, Stop, Talker, hold_dialogue
from opensslrun.driver.outcome import MAX_FILE_SIZE, Ending, Input, through_shell
from opensslrun.errors import EngineError

_OPEN_TIMEOUT_S = 30.0
_ULIMIT_BLOCK = 512
"""Bytes in which POSIX counts ``ulimit -f``; ash, dash, and bash called as sh do."""

_TOUCHES_TERMINAL = re.compile(r"tty|reset|tput|screen|script")
"""A command line that may change the terminal's settings; so does any that asks, if it is killed while asking."""


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended; the words are those of :class:`~opensslrun.driver.outcome.Outcome`."""

    ending: Ending
    status: int
    prompts: tuple[str, ...]
    unanswered: str
    duration_s: float


class _How(StrEnum):
    """What a line asks the loop to do besides running a step (:class:`Input` names those)."""

    TIDY = "tidy"
    CLEAN = "clean"
    PLAIN = "plain"
    """A step of which :func:`~opensslrun.bench.loop.is_plain_step` is true."""


class Shell:
    """The shell of one container, opened when it is first needed and again after it had to be killed."""

    def __init__(
        self,
        container: Container,
        *,
        user: str,
        root: str,
        archives: bool,
        name: str,
        terminal: PseudoTerminal | None = None,
    ) -> None:
        """``terminal`` is used for the first shell; for later ones, or without it, the engine's own."""
        self._container = container
        self._terminal = terminal
        self._user = user
        self._root = root
        self._archives = archives
        self._name = name
        self._socket: EngineSocket | None = None
        self._spawn: Talker | None = None
        self._untidy = False
        self._unclean = False
        self._new_words()

    def run(
        self, workspace: int, step: str, how: Input, answers: Sequence[str], timeout_s: float, *, line: str
    ) -> StepEnd:
        """Run the :func:`~opensslrun.bench.loop.step_script` of ``line`` to its end, or kill it. Raises EngineError."""
        self.open()
        if self._untidy:
            self._command(_How.TIDY, workspace)
        started = time.monotonic()
        self._type(workspace, step, _How.PLAIN if is_plain_step(line, how) else how, clean=self._unclean)
        self._unclean = False
        dialogue = self._listen(answers, started + timeout_s)
        duration_s = time.monotonic() - started
        said_more = dialogue.end is None or dialogue.end.start() > 0
        self._untidy = bool(dialogue.prompts) or said_more or _TOUCHES_TERMINAL.search(line) is not None
        match dialogue.stop:
            case Stop.END if dialogue.end is not None:
                status = dialogue.end[1].decode()
                if status == "gone":
                    raise EngineError(
                        f"A command removed its own working directory in the container for {self._name}; "
                        "correct the case, which cannot go on"
                    )
                return StepEnd(*through_shell(int(status)), dialogue.prompts, "", duration_s)
            case Stop.HUNG:
                self._kill()
                return StepEnd(Ending.HUNG, -1, dialogue.prompts, dialogue.unanswered, duration_s)
            case _:
                self._lost()
                return StepEnd(Ending.SIGNALLED, 9, dialogue.prompts, "", duration_s)

    def clean(self, workspace: int) -> None:
        """Remove what a workspace's steps left in ``/tmp``, and the workspace if files go as archives.

        Where there is nothing but ``/tmp`` to be cleaned, the next step does it before it begins, which takes nothing
        of its own.
        """
        if not self._archives:
            self._unclean = True
            return
        self.open()
        self._command(_How.CLEAN, workspace)

    def open(self) -> None:
        """Open the shell if it is not. Raises EngineError."""
        if self._spawn is not None:
            return
        limit = str(MAX_FILE_SIZE // _ULIMIT_BLOCK)
        argv = [START, "sh", LOOP, self._root, limit, "archives" if self._archives else ""]
        if self._terminal is not None:
            self._terminal.lead(self._container, self._user, argv, _OPEN_TIMEOUT_S)
            self._spawn = self._terminal.spawn()
        else:
            self._socket = self._container.open_terminal(["/bin/sh", "-c", *argv, ""], user=self._user)
            self._spawn = SocketSpawn(self._socket.socket)
        self._new_words()
        self._say(f"opensslrun {self._key} {self._mark}")
        self._answered()
        if self._terminal is not None:
            self._terminal.handed_over()

    def _new_words(self) -> None:
        """Words for this shell's life: to make a pattern of one for each step would take 0.1 ms."""
        self._key = secrets.token_hex(4)
        self._mark = secrets.token_hex(16)
        # A step may have changed the terminal so that it sends CRLF; that is put right before the next one.
        self._end = re.compile(rb"%s (\d+|gone)\r?\n" % self._mark.encode())

    def close(self) -> None:
        """End the connection. What ran in the shell ends with the container."""
        self._spawn = None
        terminal, self._terminal = self._terminal, None
        if terminal is not None:
            terminal.close()
        stream, self._socket = self._socket, None
        if stream is not None:
            stream.close()

    def interrupt(self) -> None:
        """From another thread: make a command that is being waited for come back with EngineError."""
        stream = self._socket
        if stream is not None:
            stream.shut()

    def _command(self, how: _How, workspace: int) -> None:
        self._type(workspace, "0", how)
        self._answered()
        if how is _How.TIDY:
            self._untidy = False

    def _answered(self) -> None:
        dialogue = self._listen((), time.monotonic() + _OPEN_TIMEOUT_S)
        if dialogue.stop is not Stop.END:
            self.close()
            raise EngineError(
                f"The shell in the container for {self._name} did not answer "
                f"({dialogue.text.strip()[-300:] or 'no output'}); see that the image has /bin/sh and busybox or "
                "coreutils, or make it again by `opensslrun targets build`"
            )

    def _type(self, workspace: int, step: str, how: Input | _How, *, clean: bool = False) -> None:
        self._say(f"{self._key} {workspace} {step} {how}{' c' if clean else ''}")

    def _say(self, line: str) -> None:
        if self._spawn is not None:
            with contextlib.suppress(OSError):  # then the reading that follows meets the end of the stream
                self._spawn.send(line.encode() + b"\n")

    def _listen(self, answers: Sequence[str], deadline: float) -> Dialogue:
        if self._spawn is None:
            return Dialogue(Stop.EOF, (), "", "")
        try:
            return hold_dialogue(self._spawn, answers, end=self._end, deadline=deadline)
        except (OSError, pexpect.EOF):
            return Dialogue(Stop.EOF, (), "", "")

    def _kill(self) -> None:
        try:
            self._container.kill_processes(self._user)  # first: a program that sees the hang-up has more to say
        finally:
            self.close()

    def _lost(self) -> None:
        """The shell is gone, by a command that killed all it could reach, or with its container: then EngineError."""
        stream = self._socket
        try:
            # A terminal of this machine ends for one reason: nothing in the container holds it open any more.
            killed = stream is None or self._container.terminal_ended(stream)
            self.close()
            self._container.kill_processes(self._user)
        except EngineError as error:
            raise EngineError(
                f"The container for {self._name} ended in the middle of a step ({error}); if nothing removed it, the "
                "machine may be out of memory: run again with fewer --jobs"
            ) from error
        if not killed:
            raise EngineError(
                f"The engine closed the connection to the container for {self._name} in the middle of a step; "
                "see that nothing between here and the engine ends idle connections, and run the command again"
            )
