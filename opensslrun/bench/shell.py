"""One shell kept open in a container, so that a command costs no new ``exec`` of the engine.

The shell is a loop that reads a line a step from its terminal (the step's number, never the command line: a
terminal takes lines of 4,095 bytes at most), runs the step's script, kills whatever the step left running, and
answers with a mark and the exit status. The mark is a random word that is typed with each step and that no command
is shown, and a step's output goes to files, so nothing a command prints can be taken for it.
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
from opensslrun.bench.pseudoterminal import INSIDE, PseudoTerminal
from opensslrun.bench.sockets import EngineSocket
from opensslrun.bench.tree import is_plain
from opensslrun.driver.dialogue import Dialogue, Stop, Talker, hold_dialogue
from opensslrun.driver.outcome import MAX_FILE_SIZE, Ending, Input, through_shell
from opensslrun.errors import EngineError

_OPEN_TIMEOUT_S = 30.0
_ULIMIT_BLOCK = 512
"""Bytes in which POSIX counts ``ulimit -f``; ash, dash, and bash called as sh do."""

_START = """
if [ -n "$5" ]; then exec <>"$5" >&0 2>&0; fi
b=; command -v setsid >/dev/null && command -v stty >/dev/null && command -v env >/dev/null || b=busybox
exec $b env -i PATH="$PATH" LC_ALL=C /bin/sh -c "$1" opensslrun "$b" "$2" "$3" "$4"
"""
"""Leaves the environment of the engine and of the image behind, but for PATH. An image that has no links for the
three programs has them in its busybox. A terminal of this machine becomes its own by being opened first: it is then a
session's leader without one."""

_LEAD = 'b=; command -v setsid >/dev/null || b=busybox; exec $b setsid /bin/sh -c "$@"'
"""A session of its own for what follows, as the engine gives to what it runs on its own terminal."""

_LOOP = """
b=$1 root=$2 blocks=$3 archives=$4
umask 022
ulimit -c 0
ulimit -f "$blocks"
exec 2>/dev/null
trap : HUP INT QUIT USR1 USR2 ALRM TERM
cd "$root"
sober() { $b stty sane -echo -onlcr; }
clean() {
    cd "$root"
    [ -z "$archives" ] || $b rm -rf "$root/$1"
    for left in /tmp/* /tmp/.[!.]* /tmp/..?*; do
        case $services:$left in ?*:/tmp/.wine-* | ?*:/tmp/wine-*) continue ;; esac
        if [ -e "$left" ] || [ -h "$left" ]; then $b rm -rf "$left"; fi
    done
}
services=
living() { for each in /proc/[0-9]*; do [ ! -O "$each" ] || echo "${each#/proc/}"; done; }
sweep() {
    [ "$services" ] || { kill -9 -1; return; }
    for try in 1 2 3 4 5 6 7 8; do
        found=
        for each in $(living); do
            case " $services " in *" $each "*) continue ;; esac
            ! kill -9 "$each" || found=1
        done
        [ "$found" ] || return
        $b sleep 0.01
    done
    kill -9 -1
}
if [ -f /usr/share/opensslrun/services ]; then
    (. /usr/share/opensslrun/services) </dev/null >/dev/null
    services="$$ $(living | $b tr '\n' ' ')"
fi
sober
while IFS=' ' read -r word space step how mark; do
    [ "$word" = opensslrun ] || continue
    d=$root/$space
    s=../s/$step
    case $how in
        tidy) sober; echo "$mark 0"; continue ;;
        clean) clean "$space"; echo "$mark 0"; continue ;;
    esac
    cd "$d/c" || { $b mkdir -p "$d/c"; cd "$d/c" || { echo "$mark gone"; continue; }; }
    export HOME="$d/h"
    [ -z "$archives" ] || for old in ../s/*.out ../s/*.err; do : >"$old"; done
    case $how in
        plain) (exec </dev/null >"$s.out" 2>"$s.err"; . "$s"); status=$? ;;
        terminal) (exec sh "$s" </dev/null >"$s.out" 2>"$s.err"); status=$? ;;
        lines) $b cat "$s.in" | (exec $b setsid sh "$s" >"$s.out" 2>"$s.err"); status=$? ;;
        none) (exec $b setsid sh "$s" </dev/null >"$s.out" 2>"$s.err"); status=$? ;;
    esac
    sweep
    [ -z "$archives" ] || $b find . -type s -exec $b stat -c %a {} \\; -print0 >"$s.sockets"
    echo "$mark $status"
done
"""
"""Steps are in this shell's process group, which lets ``setsid`` give them a session without forking; ``kill 0`` in a
script ends the script alone, because this shell catches what it sends (subshells and programs do not inherit that).
Job control would do too, but bash gives a job the terminal only when interactive. ``kill -9 -1`` spares its caller
(Linux), so this shell says it, and not a program. A subshell takes the redirections, so that this shell's word on a
killed step (``Killed``) is not in its stderr. Archives fetch all of a workspace, so earlier output is emptied.
``lines`` come through a pipe, as they do on this machine: a C library gives back to a file what it read too much.
What an image's services are (wine's server) is started first and spared between steps, with what they keep in ``/tmp``;
where a step's processes cannot be ended one by one, they go with them and start again by themselves."""

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
    """A step on the terminal whose script only becomes one program: it needs no shell of its own to be safe."""


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
        self._new_mark()

    def run(
        self, workspace: int, step: str, how: Input, answers: Sequence[str], timeout_s: float, *, line: str
    ) -> StepEnd:
        """Run the script of a step to its end, or kill it. ``line`` is what it does. Raises EngineError."""
        self.open()
        if self._untidy:
            self._command(_How.TIDY, workspace)
        started = time.monotonic()
        plain = how is Input.TERMINAL and is_plain(line)
        self._type(workspace, step, _How.PLAIN if plain else how)
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
        """Remove what a workspace's steps left in ``/tmp``, and the workspace if files go as archives."""
        self.open()
        self._command(_How.CLEAN, workspace)

    def open(self) -> None:
        """Open the shell if it is not. Raises EngineError."""
        if self._spawn is not None:
            return
        limit = str(MAX_FILE_SIZE // _ULIMIT_BLOCK)
        argv = [_START, "sh", _LOOP, self._root, limit, "archives" if self._archives else ""]
        if self._terminal is not None:
            self._container.begin(["/bin/sh", "-c", _LEAD, "sh", *argv, INSIDE], user=self._user)
            self._spawn = self._terminal.spawn()
        else:
            self._socket = self._container.open_terminal(["/bin/sh", "-c", *argv, ""], user=self._user)
            self._spawn = SocketSpawn(self._socket.socket)
        self._new_mark()
        self._command(_How.TIDY, 0)
        if self._terminal is not None:
            self._terminal.handed_over()

    def _new_mark(self) -> None:
        """A word for this shell's life: to make a pattern of one for each step would take 0.1 ms."""
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
        dialogue = self._listen((), time.monotonic() + _OPEN_TIMEOUT_S)
        if how is _How.TIDY:
            self._untidy = False
        if dialogue.stop is not Stop.END:
            self.close()
            raise EngineError(
                f"The shell in the container for {self._name} did not answer "
                f"({dialogue.text.strip()[-300:] or 'no output'}); see that the image has /bin/sh and busybox or "
                "coreutils, or make it again by `opensslrun targets build`"
            )

    def _type(self, workspace: int, step: str, how: Input | _How) -> None:
        if self._spawn is not None:
            with contextlib.suppress(OSError):  # then the reading that follows meets the end of the stream
                self._spawn.send(f"opensslrun {workspace} {step} {how} {self._mark}\n".encode())

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
