"""A program started so that nothing of it outlives this process, and the terminal it may be given: POSIX systems.

Linux has a descriptor for a process, tells the end of a terminal by an error, and can wait for both at once. Elsewhere
the program is looked at every few milliseconds. macOS takes the terminal away from everybody when the program that
leads the session ends, and its ``poll`` was long unable to wait for a terminal, so that ``select`` is used.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"  # so the type checker reads this file for these systems alone

import contextlib
import errno
import os
import select
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import pexpect
from pexpect.spawnbase import SpawnBase

from opensslrun.driver.system.start import Start
from opensslrun.errors import EngineError

if TYPE_CHECKING:
    _BytesSpawn = SpawnBase[bytes]  # generic in its stubs only
else:
    _BytesSpawn = SpawnBase

_TICK_S: Final = 0.05
"""Seconds between looks at the interruption flag, and at the program where the kernel has no pidfd."""
_TICK_WITHOUT_PIDFD_S: Final = 0.004
_DRAIN_S: Final = 0.2 if sys.platform == "linux" else 0.02
"""Seconds given to a terminal to hand over what was written to it last. Only Linux does that behind our back."""
_LAST_MOMENT_S: Final = 1.0
"""Seconds given to a program to end whose terminal is gone: it is gone because the program is ending."""

# The guard ignores the signals that end a terminal session, and is there before the program is. In the group of
# the program, `kill 0` reaches both and every child that did not leave the group, and never anyone else. Some
# shells take one-digit descriptors only, so the guard's pipe comes as stdin, or by its /dev/fd name, and moves to 3.
_SCRIPT: Final = """\
exec %(guard)s
trap '' HUP INT QUIT TERM
{ read -r _; kill -KILL 0; } <&3 >/dev/null 2>&1 &
trap - HUP INT QUIT TERM
ulimit -c 0 2>/dev/null
ulimit -f %(blocks)d 2>/dev/null
%(terminal)s
exec "$@" 3<&-
"""
_BLOCK: Final = 512
"""Bytes of a block of ``ulimit -f`` in a POSIX shell (dash, busybox and bash as ``sh`` agree)."""


class Child:
    """A running program; leaving the context kills its process group, whatever happened.

    ``stdin`` is a descriptor (None: /dev/null); ``terminal`` is the path of the terminal that becomes its controlling
    one (None leaves it without). Raises OSError from the constructor when the shell that starts it cannot be started.
    """

    def __init__(
        self,
        start: Start,
        interrupted: threading.Event | None,
        *,
        stdin: int | None = None,
        terminal: str | None = None,
    ) -> None:
        self._interrupted = interrupted
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd: int | None = None
        self._killed = False
        guard, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _script(start, guard, stdin, terminal), "sh", *start.argv],
                cwd=start.cwd,
                env=dict(start.env),
                umask=start.umask,
                stdin=guard if stdin is None else stdin,
                stdout=start.stdout,
                stderr=start.stderr,
                start_new_session=True,
                pass_fds=() if stdin is None else (guard,),
            )
            if sys.platform == "linux":
                with contextlib.suppress(AttributeError, OSError):
                    self._pidfd = os.pidfd_open(self._process.pid)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(guard)

    def wait_for(self, fd: int | None, mode: int, timeout_s: float) -> bool:
        """Whether ``fd`` became ready within ``timeout_s``; returns early (False) when the program has ended.

        Raises EngineError when the caller's interruption flag is set.
        """
        wanted = {} if fd is None else {fd: mode}
        if self._pidfd is not None:
            wanted[self._pidfd] = select.POLLIN
        deadline = time.monotonic() + timeout_s
        while True:
            if self._interrupted is not None and self._interrupted.is_set():
                raise EngineError("the command was interrupted before it ended")
            left_s = max(deadline - time.monotonic(), 0.0)
            if fd in _ready(wanted, min(left_s, self._tick_s())):
                return True
            if left_s == 0 or self.ended():
                return False

    def _tick_s(self) -> float:
        if self._pidfd is None:
            return _TICK_WITHOUT_PIDFD_S
        return 3600.0 if self._interrupted is None else _TICK_S

    def ended(self) -> bool:
        """Whether the program itself has ended. With a pidfd it is not reaped by asking."""
        if self._pidfd is None:
            return self._running().poll() is not None
        return bool(_ready({self._pidfd: select.POLLIN}, 0.0))

    def kill(self) -> int:
        """Kill the whole group and return how the program itself ended, as Popen says it: negative for a signal."""
        process = self._running()
        if not self._killed:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM when all are zombies
                os.killpg(process.pid, signal.SIGKILL)
            self._killed = True  # from here on the group's number may belong to another
        return process.wait()

    def close(self) -> None:
        """Kill the group and release everything. Closing the pipe first lets the guard kill it in any case."""
        if self._lifeline >= 0:
            try:
                if self._process is not None:
                    self.kill()
            finally:
                os.close(self._lifeline)
                self._lifeline = -1
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EngineError("the command was not started")
        return self._process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Feed:
    """What is written to a program's stdin through the pipe end ``fd``, which is closed after the last byte."""

    def __init__(self, fd: int, data: bytes) -> None:
        self._fd = fd
        self._data = data
        os.set_blocking(fd, False)

    def write_to(self, child: Child, deadline: float) -> None:
        """Write it all, as fast as the program reads; stop at its end, or at ``deadline`` (monotonic)."""
        left = memoryview(self._data)
        while left and time.monotonic() < deadline and not child.ended():
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                child.wait_for(self._fd, select.POLLOUT, deadline - time.monotonic())
            except BrokenPipeError:
                break
        self.close()

    def close(self) -> None:
        """End the program's stdin."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _ready(wanted: Mapping[int, int], timeout_s: float) -> set[int]:
    """Which of these descriptors are ready for what is wanted of each: POLLIN or POLLOUT."""
    if sys.platform == "linux":
        poll = select.poll()
        for fd, mode in wanted.items():
            poll.register(fd, mode)
        return {found for found, _ in poll.poll(timeout_s * 1000)}
    else:  # noqa: RET505  (to the type checker only one of the two is there)
        readers = [fd for fd, mode in wanted.items() if mode == select.POLLIN]
        writers = [fd for fd, mode in wanted.items() if mode == select.POLLOUT]
        readable, writable, _ = select.select(readers, writers, (), timeout_s)
        return {*readable, *writable}


def _script(start: Start, guard: int, stdin: int | None, terminal: str | None) -> str:
    # Opened by a session leader that has no controlling terminal, a terminal becomes it. Nothing of it stays open:
    # the program finds it as /dev/tty alone.
    return _SCRIPT % {
        "guard": "3<&0 </dev/null" if stdin is None else f"3</dev/fd/{guard}",
        "blocks": max(start.max_file_size // _BLOCK, 1),
        "terminal": "" if terminal is None else f"exec 4<>{terminal} 4>&-",
    }


class Terminal(_BytesSpawn):
    """A pseudo-terminal for one program, as a pexpect spawn object that knows when the program has ended.

    This side keeps the program's end open too, because a program started with other streams opens /dev/tty only
    when it asks something, and until then the terminal would count as closed. When the program has ended, its
    group is killed, and what was written last is read: on Linux to the real end of file, which closing this side
    brings about; elsewhere that would throw it away or wait for it to be read, so that it is read first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._mine, self._theirs = os.openpty()
        self.path = os.ttyname(self._theirs)
        self._child: Child | None = None
        self._over = False
        modes = termios.tcgetattr(self._theirs)
        modes[3] &= ~termios.ECHO  # a program that forgets to turn it off does not show the answer either
        termios.tcsetattr(self._theirs, termios.TCSANOW, modes)

    def serve(self, child: Child) -> None:
        """Speak with this program."""
        self._child = child

    def read_nonblocking(self, size: int = 1, timeout: float | None = 0) -> bytes:
        """At most ``size`` bytes, waiting ``timeout`` seconds. Raises pexpect's TIMEOUT and EOF, and EngineError."""
        child = self._child
        if child is None:
            raise EngineError("the terminal serves no program")
        if not self._over:
            if child.wait_for(self._mine, select.POLLIN, timeout or 0.0):
                data = self._read(size)
                if data:
                    return data
                child.wait_for(None, 0, _LAST_MOMENT_S)
            elif not child.ended():
                raise pexpect.TIMEOUT("the program wrote nothing")
            child.kill()
            self._over = True
            if sys.platform == "linux":
                os.close(self._theirs)
                self._theirs = -1
        return self._read_rest(size)

    def _read_rest(self, size: int) -> bytes:
        # A process that left the group may hold the terminal open: then there is no end of file to wait for.
        rest = self._read(size) if _ready({self._mine: select.POLLIN}, _DRAIN_S) else b""
        if not rest:
            raise pexpect.EOF("the program has ended")
        return rest

    def _read(self, size: int) -> bytes:
        """What is there to read; nothing at the end of file."""
        try:
            return os.read(self._mine, size)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""  # Linux says EIO where others say end of file

    def send(self, s: bytes) -> int:
        """Type."""
        return os.write(self._mine, s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in (self._mine, self._theirs):
            if fd >= 0:
                os.close(fd)
        self._mine = self._theirs = -1
