"""Windows: files, locks, and how a program is run. The names are those of ``posix`` too.

Not tried on Windows: see ``docs/targets.md``.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"  # so the type checker reads this file for this system alone

import msvcrt
import os
import shlex
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from opensslrun.driver.system.windowsrun import run_started
from opensslrun.errors import EnvironmentLacksError

HAS_TERMINALS: Final = False
HAS_POSIX_TOOLS: Final = False
HAS_MODES: Final = False
REMOVES_OPEN_FILES: Final = False
CONSOLE: Final = "CONIN$"
READING: Final = os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT
WRITING_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY | os.O_NOINHERIT

_LOCKED_AT: Final = 0x7FFF_0000
"""The byte that is locked. Nobody else may read or write it while it is, so it lies beyond what is ever written."""

_ABANDONED_AFTER_S: Final = 60.0
"""Seconds: what is younger may be just about to be locked, because here it is let go before it is removed."""

_LOCK_FILE: Final = ".lock"

_KEPT_VARIABLES: Final = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP")
"""Without these Windows' own libraries, and the start of programs, do not work."""


def shell() -> str:
    """The POSIX shell that command lines are written for: ``sh`` on PATH, or the one beside ``git``.

    ``bash`` is not looked for: the one that Windows itself has is another system's. Raises EnvironmentLacksError.
    """
    found = shutil.which("sh")
    git = shutil.which("git")
    beside = [Path(git).resolve().parents[1] / place / "sh.exe" for place in ("bin", "usr/bin")] if git else []
    for path in (*([Path(found)] if found else ()), *beside):
        if path.is_file():
            return str(path)
    raise EnvironmentLacksError(
        "there is no POSIX shell (sh) on PATH, and command lines are written for one; install Git for Windows, which "
        "brings one, and put its bin folder on PATH"
    )


def lock(descriptor: int) -> bool:
    """Whether an open file's lock is ours now; it lasts until the file is closed, also by our death."""
    at = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, _LOCKED_AT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, at, os.SEEK_SET)
    return True


def lock_of(folder: Path) -> Path:
    """What is locked for a folder, which cannot be opened here: a file in it."""
    return folder / _LOCK_FILE


def open_lock(folder: Path) -> int:
    """A descriptor for :func:`lock` of a folder."""
    return os.open(lock_of(folder), os.O_RDWR | os.O_CREAT | os.O_BINARY | os.O_NOINHERIT)


def is_ours(_found: os.stat_result) -> bool:
    """What lies in our own profile is ours."""
    return True


def is_private(_found: os.stat_result) -> bool:
    """What lies in our own profile is nobody else's: the profile's rights see to that."""
    return True


def may_be_abandoned(found: os.stat_result) -> bool:
    """Whether a file that nobody has locked may be swept away: it lies in our own profile, and is not just made."""
    return time.time() - found.st_mtime > _ABANDONED_AFTER_S


def user_ids() -> tuple[int, int] | None:
    """Users have no numbers here."""
    return None


def set_mode(descriptor: int, mode: int) -> None:
    """Nothing: a file's rights are those of its folder."""


def give_to(what: int | str, owner: tuple[int, int]) -> None:
    """Nothing: a file is its maker's."""


def new_file_mode() -> int:
    """What Python says of every file here."""
    return 0o666


def sync(path: Path) -> None:
    """Have a file on the disk before this returns; a folder is written by Windows itself."""
    if path.is_file():
        descriptor = os.open(path, os.O_RDWR | os.O_BINARY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a program with everything it started, as far as that can be traced back to it."""
    with suppress(OSError, subprocess.TimeoutExpired):
        argv = ["taskkill", "/PID", str(process.pid), "/T", "/F"]
        subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    process.kill()


def name_openssl(folder: Path, binary: Path) -> None:
    """Make ``openssl`` in ``folder`` name this binary to a POSIX shell: links need a privilege here."""
    script = folder / "openssl"
    script.write_bytes(f'#!/bin/sh\nexec {shlex.quote(binary.as_posix())} "$@"\n'.encode())
    script.chmod(0o755)


def bench_environment(programs: Path, home: Path) -> dict[str, str]:
    """What a case's commands have for an environment: where programs and their home are, and what Windows needs.

    The shell of Git for Windows would rewrite arguments that look like paths (``-subj /CN=x``): it is told not to.
    """
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    system = Path(kept.get("SYSTEMROOT", r"C:\Windows")) / "System32"
    path = os.pathsep.join(map(str, (programs, Path(shell()).parent, system)))
    own = {"PATH": path, "HOME": str(home), "USERPROFILE": str(home), "LC_ALL": "C"}
    return {**kept, **own, "MSYS_NO_PATHCONV": "1", "MSYS2_ARG_CONV_EXCL": "*"}


__all__ = [
    "CONSOLE",
    "HAS_MODES",
    "HAS_POSIX_TOOLS",
    "HAS_TERMINALS",
    "READING",
    "REMOVES_OPEN_FILES",
    "WRITING_NEW",
    "bench_environment",
    "give_to",
    "is_ours",
    "is_private",
    "kill_tree",
    "lock",
    "lock_of",
    "may_be_abandoned",
    "name_openssl",
    "new_file_mode",
    "open_lock",
    "run_started",
    "set_mode",
    "shell",
    "sync",
    "user_ids",
]
