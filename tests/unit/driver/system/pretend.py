"""``python pretend.py SYSTEM ARGUMENT...``: opensslrun's command line as if this machine ran another system.

SYSTEM is ``windows`` or ``macos``, or ``this`` for itself. With ``-c CODE`` in place of the arguments, that code.

What that system's Python does not have is taken away, and any use of it fails. The standard library is imported
first and stays this machine's; so do the kernel and ``openssl``. Of Windows' own calls two are stood in for, because
there is no Windows here: the lock of a file, and the job that ends a program with all that it started.
"""

from __future__ import annotations

import asyncio  # noqa: F401  (imported before the pretence, like the next)
import ctypes
import fcntl
import getpass  # noqa: F401
import importlib.abc
import os
import platform
import select
import shutil
import signal
import ssl  # noqa: F401
import subprocess
import sys
import tempfile  # noqa: F401
import types
import urllib.request  # noqa: F401
import zoneinfo  # noqa: F401
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, Self

import rich.console
import rich.progress

NOT_ON_WINDOWS = (
    "fcntl",
    "termios",
    "pty",
    "tty",
    "resource",
    "grp",
    "pwd",
    "syslog",
    "ptyprocess",
    "pexpect.pty_spawn",
)
NAMES_NOT_ON_WINDOWS = {
    os: (
        "fork", "forkpty", "killpg", "setsid", "geteuid", "getegid", "getuid", "getgid", "openpty", "ttyname", "mkfifo",
        "fchmod", "fchown", "chown", "environb", "pread", "uname", "posix_spawn", "pidfd_open", "O_NOFOLLOW",
        "O_DIRECTORY", "O_CLOEXEC", "O_NOCTTY", "set_blocking", "major", "minor",
    ),
    select: ("poll", "epoll"),
    signal: ("SIGHUP", "SIGXFSZ"),
}  # fmt: skip
NAMES_NOT_ON_MACOS: dict[types.ModuleType, tuple[str, ...]] = {os: ("pidfd_open",), select: ("poll", "epoll")}


class Hidden(importlib.abc.MetaPathFinder):
    """Says of modules that they are not there."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


class OtherSystem(types.ModuleType):
    """``sys`` as :mod:`shutil` is to see it: it looks for programs in this machine's way."""

    platform = sys.platform

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def become(system: str) -> None:
    """Pretend from now on."""
    flock = fcntl.flock
    rich.console.WINDOWS = False
    shutil.sys = OtherSystem("sys")  # type: ignore[attr-defined]
    if system == "windows":
        sys.platform = "win32"
        _rename("Windows", version="10.0.19045")
        names: dict[types.ModuleType, tuple[str, ...]] = NAMES_NOT_ON_WINDOWS
        sys.meta_path.insert(0, Hidden(NOT_ON_WINDOWS))
        for name in NOT_ON_WINDOWS:
            sys.modules.pop(name, None)
        sys.modules["msvcrt"] = _msvcrt(flock)
        sys.modules["opensslrun.driver.system.job"] = _job()
        vars(os).update(O_BINARY=0, O_NOINHERIT=0)
        vars(subprocess).update(DETACHED_PROCESS=0, CREATE_NEW_PROCESS_GROUP=0)
    else:
        sys.platform = "darwin"
        _rename("Darwin", version="Darwin Kernel Version 23.5.0")
        platform.mac_ver = lambda: ("14.5", ("", "", ""), "arm64")  # type: ignore[assignment,misc]
        names = NAMES_NOT_ON_MACOS
        sys.addaudithook(_refuse_linux)
    for module, gone in names.items():
        for name in gone:
            vars(module).pop(name, None)


def _rename(system: str, *, version: str) -> None:
    platform.system = lambda: system
    platform.version = lambda: version


def _refuse_linux(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail on what only Linux has: ``/proc``, its loader's lister, its C library's calls."""
    if event == "open" and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))
    if event == "subprocess.Popen" and "ldd" in {Path(str(word)).name for word in arguments[1]}:
        raise FileNotFoundError(2, "No such file or directory", "ldd")
    if event == "ctypes.dlsym" and str(arguments[1]) == "prctl":
        raise AttributeError("prctl")


def _msvcrt(flock: Callable[[int, int], None]) -> types.ModuleType:
    def locking(descriptor: int, _mode: int, _bytes: int) -> None:
        try:
            flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PermissionError(13, "Permission denied") from error

    module = types.ModuleType("msvcrt")
    vars(module).update(LK_NBLCK=2, locking=locking)
    return module


def _job() -> types.ModuleType:
    class Job:
        def __init__(self) -> None:
            self.taken: list[int] = []

        def take(self, pid: int) -> None:
            self.taken.append(pid)

        def kill(self) -> None:
            for pid in [found for taken in self.taken for found in (taken, *_descendants(taken))]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.kill()

    module = types.ModuleType("opensslrun.driver.system.job")
    vars(module).update(SUSPENDED=0, Job=Job)
    return module


def _descendants(pid: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found = [child for child, parent in parents.items() if parent == pid]
    return [*(deeper for child in found for deeper in _descendants(child)), *found]


def main() -> int:
    """Pretend, then run the command line."""
    if sys.argv[1] != "this":
        become(sys.argv[1])
    if sys.argv[2] == "-c":
        exec(compile(sys.argv[3], "CODE", "exec"), {"__name__": "__main__"})  # noqa: S102
        return 0
    from opensslrun.cli.main import main as opensslrun  # the pretence comes first

    return opensslrun(sys.argv[2:])


if __name__ == "__main__":
    assert not hasattr(ctypes, "WinDLL"), "this is for machines that are not what they pretend to be"
    sys.exit(main())
