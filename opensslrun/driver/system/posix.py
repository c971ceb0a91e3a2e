"""Linux, macOS and the BSDs: files, locks, and how a program is run. The names are those of ``windows`` too."""

from __future__ import annotations

import sys

assert sys.platform != "win32"  # so the type checker reads this file for these systems alone

import fcntl
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from opensslrun.driver.system.posixrun import run_started

HAS_TERMINALS: Final = True
"""Whether a program can be given a terminal of its own, whose prompts are seen apart from its streams."""

HAS_POSIX_TOOLS: Final = True
"""Whether a shell finds ``sed``, ``readlink`` and a program that computes sha256, whatever else is installed."""

HAS_MODES: Final = True
"""Whether files have permission bits that mean something."""

REMOVES_OPEN_FILES: Final = True
"""Whether a file that is open can be removed."""

CONSOLE: Final = "/dev/tty"
"""What is opened to reach whoever sits at the terminal."""

READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""To open a file that a command left, whatever it is: neither a link is followed nor a pipe waited for."""

WRITING_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
"""To make a file that is not there."""

SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def shell() -> str:
    """The shell that command lines are written for. Here it always is; elsewhere EnvironmentLacksError is raised."""
    return "/bin/sh"


def lock(descriptor: int) -> bool:
    """Whether an open file's lock is ours now; it lasts until the file is closed, also by our death.

    Raises OSError where the filesystem has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_of(folder: Path) -> Path:
    """What is locked for a folder: here the folder itself."""
    return folder


def open_lock(folder: Path) -> int:
    """A descriptor for :func:`lock` of a folder."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def is_ours(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to us."""
    return found.st_uid == os.geteuid()


def is_private(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to us, and nobody else may read or write it."""
    return is_ours(found) and not found.st_mode & 0o077


def may_be_abandoned(found: os.stat_result) -> bool:
    """Whether a file that nobody has locked may be swept away: it is our own."""
    return is_ours(found)


def user_ids() -> tuple[int, int] | None:
    """Our user and group id; None where there are none."""
    return os.geteuid(), os.getegid()


def set_mode(descriptor: int, mode: int) -> None:
    """Give an open file these permission bits."""
    os.fchmod(descriptor, mode)


def give_to(what: int | str, owner: tuple[int, int]) -> None:
    """Make an open file, or a path itself, belong to this user and group."""
    if isinstance(what, int):
        os.fchown(what, *owner)
    else:
        os.chown(what, *owner, follow_symlinks=False)


def new_file_mode() -> int:
    """The permission bits of a new file: this process's umask can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return 0o666 & ~mask


def sync(path: Path) -> None:
    """Have a file, or what a folder lists, on the disk before this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a program that was started in a session of its own, with everything it started."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM when all are zombies
        os.killpg(process.pid, signal.SIGKILL)


def name_openssl(folder: Path, binary: Path) -> None:
    """Make ``openssl`` in ``folder`` name this binary."""
    (folder / "openssl").symlink_to(binary)


def bench_environment(programs: Path, home: Path) -> dict[str, str]:
    """What a case's commands have for an environment: nothing but where programs and their home are."""
    return {"PATH": f"{programs}:{SYSTEM_PATH}", "HOME": str(home), "LC_ALL": "C"}


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
