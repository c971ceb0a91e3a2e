"""Workspaces as directories of this machine, laid out alike for every bench that can see them.

Below the root, ``N/c`` is the case's own directory, ``N/h`` its home, and ``N/s`` holds the steps' scripts, their
stdin and their output, out of the case's sight. A run lays out thousands of workspaces, hence the plain system calls,
and the same directories again and again.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath
from types import TracebackType

from opensslrun.bench.snapshot import Listing, snapshot
from opensslrun.driver.system import here
from opensslrun.errors import EngineError, UsageError

CASE, HOME, STEPS = "c", "h", "s"
_FEW = 100
"""Files in a directory of a workspace up to which it is used again: one that once held many stays slow."""
_PREFIX = "opensslrun-"
_WORKSPACES = "w"
_LOCK = "lock"
"""A file beside the workspaces, locked as long as their owner lives."""


@lru_cache(4096)
def placed(name: str) -> tuple[tuple[str, ...], str]:
    """The directories an input file lies in, from the outermost, and its path. Raises UsageError for a name that does
    not stay within a workspace."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.name == "" or "\0" in name:
        raise UsageError(f"A workspace cannot hold an input file named {name!r}; use a relative path without '..'")
    return tuple(str(parent) for parent in reversed(path.parents[:-1])), str(path)


_PLAIN = re.compile(r"""openssl(?:[ ]+(?:[\w./=:,@%+-]|'[^'\r\n\0]*'|"[^"$`\\\r\n\0]*")+)*""", re.ASCII)


@lru_cache(4096)
def is_plain(line: str) -> bool:
    """Whether a command line is one ``openssl`` with its arguments and nothing that a shell would act on."""
    return _PLAIN.fullmatch(line) is not None


def script(line: str) -> bytes:
    """A command line as the file a shell reads: verbatim, with the newline that ends it.

    Before a plain one stands ``exec``, so that the shell becomes the program instead of waiting for it: 1 ms less.
    """
    return (b"exec " if is_plain(line) else b"") + line.encode("utf-8", "surrogateescape") + b"\n"


class Tree:
    """Workspaces below a private directory that is made here and removed by :meth:`close`.

    ``owner`` (user and group id) is whom everything a command may change is given to; None is ourselves. ``again``
    says that directories may be used again, because nothing that ran in a workspace outlives it. Methods raise
    EngineError, in one sentence, when this machine's disk does not do as asked.
    """

    def __init__(self, owner: tuple[int, int] | None, *, again: bool = False) -> None:
        self._owner = owner
        self._again = again
        self._workspaces = 0
        self._made: dict[int, tuple[object, ...]] = {}
        self._empty: list[int] = []
        with disk_errors("make a private directory"):
            _remove_leftovers(Path(tempfile.gettempdir()))
            self._private = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._lock = (self._private / _LOCK).open("wb")
            while not (here.lock(self._lock.fileno()) and (self._private / _LOCK).exists()):
                self._lock.close()  # somebody who is sweeping up took it for abandoned
                self._private = Path(tempfile.mkdtemp(prefix=_PREFIX))
                self._lock = (self._private / _LOCK).open("wb")
            self.root = self._private / _WORKSPACES
            self.root.mkdir()
            self.root.chmod(0o755)
            self._root = str(self.root)

    def make(self, files: Mapping[str, bytes]) -> int:
        """Lay out a workspace that holds ``files``; its number. Raises UsageError for a name that leads out of it."""
        with disk_errors("lay out a workspace"):
            workspace = self._empty.pop() if self._empty else self._new()
            case = f"{self._root}/{workspace}/{CASE}"
            for name, content in files.items():
                parents, path = placed(name)
                for parent in parents:
                    self._directory(f"{case}/{parent}")
                _write(f"{case}/{path}", content, self._owner)
            return workspace

    def _new(self) -> int:
        self._workspaces += 1
        top = f"{self._root}/{self._workspaces}"
        os.mkdir(top)
        os.chmod(top, 0o755)
        for name in (CASE, HOME, STEPS):
            self._directory(f"{top}/{name}")
        if self._again and sys.platform == "linux":
            with contextlib.suppress(OSError):  # a file system without attributes
                self._made[self._workspaces] = tuple(_looks(f"{top}/{name}") for name in (CASE, HOME, STEPS))
        return self._workspaces

    def beside(self, name: str, content: bytes) -> Path:
        """A file that everyone may read, beside the workspaces."""
        with disk_errors("write into a private directory"):
            _write(str(self._private / name), content)
            return self._private / name

    def give(self, workspace: int, step: str, content: bytes, stdin: bytes | None) -> None:
        """Write a step's script and what it is to read."""
        with disk_errors("write a step's script"):
            top = f"{self._root}/{workspace}"
            if not os.path.lexists(f"{top}/{CASE}"):  # the step before may have removed it
                self._directory(f"{top}/{CASE}")
            _write(f"{top}/{STEPS}/{step}", content)
            if stdin is not None:
                _write(f"{top}/{STEPS}/{step}.in", stdin)

    def case(self, workspace: int) -> Path:
        """The directory a case's commands run in."""
        return self.root / str(workspace) / CASE

    def home(self, workspace: int) -> Path:
        """What they have for ``HOME``."""
        return self.root / str(workspace) / HOME

    def step(self, workspace: int, step: str) -> str:
        """The path of a step's script."""
        return f"{self._root}/{workspace}/{STEPS}/{step}"

    def files(self, workspace: int) -> Listing:
        """What lies in the case's directory."""
        with disk_errors("read what a step wrote"):
            return snapshot(f"{self._root}/{workspace}/{CASE}")

    def remove(self, workspace: int, *, again: bool = True) -> None:
        """Remove a workspace; never raises. Its directories are not used again unless ``again``."""
        if not (again and self._made_ready(workspace)):
            _remove_tree(self.root / str(workspace))

    def _made_ready(self, workspace: int) -> bool:
        """Empty a workspace's directories for the next one. Only where they are the ones that were made, as they were
        made: a command may have changed their mode or attributes, or put others in their place."""
        made = self._made.pop(workspace, None)
        if made is None:
            return False
        top = f"{self._root}/{workspace}"
        try:
            with os.scandir(top) as listed:
                if {entry.name for entry in listed} != {CASE, HOME, STEPS}:
                    return False
            for name, looked in zip((CASE, HOME, STEPS), made, strict=True):
                if _looks(f"{top}/{name}") != looked or not _emptied(f"{top}/{name}"):
                    return False
        except OSError:
            return False
        self._made[workspace] = made
        self._empty.append(workspace)
        return True

    def close(self) -> None:
        """Remove everything; never raises."""
        if not here.REMOVES_OPEN_FILES:
            self._lock.close()
        _remove_private(self._private)
        self._lock.close()

    def _directory(self, path: str) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
        os.chmod(path, 0o755)
        if self._owner is not None:
            here.give_to(path, self._owner)


def _looks(path: str) -> object:
    """What tells a directory from another, and from itself with other permissions or attributes. Linux only."""
    seen = os.lstat(path)
    marks: list[tuple[str, bytes]] = []
    if sys.platform == "linux":
        marks = [(name, os.getxattr(path, name)) for name in os.listxattr(path)]
    return seen.st_dev, seen.st_ino, seen.st_mode, seen.st_uid, seen.st_gid, marks


def _emptied(path: str) -> bool:
    """Remove what is in a directory of ours, unless it is much."""
    handle = os.open(path, here.READING)
    try:
        with os.scandir(handle) as listed:
            entries = list(islice(listed, _FEW + 1))
        if len(entries) > _FEW:
            return False
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove_tree(Path(path, entry.name))
            else:
                os.unlink(entry.name, dir_fd=handle)
        return True
    finally:
        os.close(handle)


def _write(path: str, content: bytes, owner: tuple[int, int] | None = None) -> None:
    """A new file that everyone may read, ours or another's."""
    handle = os.open(path, here.WRITING_NEW)
    try:
        here.set_mode(handle, 0o644)
        while content:
            content = content[os.write(handle, content) :]
        if owner is not None:
            here.give_to(handle, owner)
    finally:
        os.close(handle)


class disk_errors:  # noqa: N801 -- used as contextlib's are, at a tenth of what those cost
    """Turns an OSError within the block into an EngineError; ``doing`` completes "Could not …"."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise EngineError(
                f"Could not {self._doing} in {error.filename or tempfile.gettempdir()}: {error.strerror or error}; "
                "make room there, or set TMPDIR to another directory"
            ) from error


def _remove_leftovers(directory: Path) -> None:
    """Remove our directories whose owner was killed: what dies without a word still lets go of its lock."""
    for lock in directory.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), lock.open("rb") as file:
            if here.may_be_abandoned(os.fstat(file.fileno())) and here.lock(file.fileno()):
                if not here.REMOVES_OPEN_FILES:
                    file.close()
                _remove_private(lock.parent)


def _remove_private(path: Path) -> None:
    """Remove a private directory, its lock last: while the lock is there, a later run finds what this one could not
    remove."""
    if (path / _WORKSPACES).exists():
        _remove_tree(path / _WORKSPACES)
    _remove_tree(path)


def _remove_tree(path: Path) -> None:
    """Remove a directory, also one whose owner has taken from itself the right to write.

    Python goes into directories by calling itself (up to 3.12), so deep ones are left to the system's ``rm``.
    """
    try:
        shutil.rmtree(path, onerror=_retry_writable)
    except RecursionError:
        with contextlib.suppress(OSError):
            subprocess.run(["rm", "-rf", "--", path], stderr=subprocess.DEVNULL, check=False)


def _retry_writable(remove: Callable[..., object], name: str, _: object) -> None:
    path = Path(name)
    with contextlib.suppress(OSError):
        path.parent.chmod(stat.S_IRWXU)
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
        elif remove is not os.rmdir:
            path.chmod(stat.S_IRWXU)
            shutil.rmtree(path, ignore_errors=True)
