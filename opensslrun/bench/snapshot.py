"""What lies in a workspace: read from a directory of this machine, or from the engine's tar of one. Same answer."""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

from opensslrun.bench.base import MAX_FILE_CONTENT, SeenFile

_EVERY_BIT = 0o7777


def snapshot(directory: Path) -> dict[str, SeenFile]:
    """Everything below ``directory`` by relative path, in order of name.

    No link is followed, and nothing but regular files is opened, so that neither a pipe nor a device can block.
    """
    seen: dict[str, SeenFile] = {}
    waiting = [os.fsencode(directory)]
    prefix = len(waiting[0]) + 1
    while waiting and directory.exists():
        for path, status in _entries(waiting.pop()):
            if stat.S_ISDIR(status.st_mode):
                waiting.append(path)
            seen[shown_name(path[prefix:])] = _seen(path, status)
    return dict(sorted(seen.items()))


def snapshot_of_tar(archive: tarfile.TarFile, below: str, sockets: bytes = b"") -> dict[str, SeenFile]:
    """The same from the members of ``archive`` whose names begin with ``below``.

    An engine leaves sockets out of its archives; ``sockets`` names them: octal mode, newline, ``./path``, NUL, each.
    """
    seen: dict[str, SeenFile] = {}
    for member in archive:
        if member.name.startswith(below) and member.name != below:
            name = shown_name(os.fsencode(member.name[len(below) :]))
            seen[name] = _seen_member(archive, member)
    for entry in sockets.split(b"\0"):
        mode, _, path = entry.partition(b"\n")
        if path:
            seen[shown_name(path.removeprefix(b"./"))] = SeenFile("other", int(mode, 8), 0, None)
    return dict(sorted(seen.items()))


def shown_name(path: bytes) -> str:
    r"""A file name as text that every report can hold: what is not UTF-8 becomes ``\xff``."""
    return path.decode("utf-8", errors="backslashreplace")


def _entries(directory: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    with _made_accessible(directory, 0o500):
        with os.scandir(directory) as found:
            entries = [(entry.path, entry.stat(follow_symlinks=False)) for entry in found]
        yield from entries


def _seen(path: bytes, status: os.stat_result) -> SeenFile:
    mode = status.st_mode & _EVERY_BIT
    if stat.S_ISREG(status.st_mode):
        content = _content(path) if status.st_size <= MAX_FILE_CONTENT else None
        return SeenFile("file", mode, status.st_size, content)
    if stat.S_ISLNK(status.st_mode):
        return SeenFile("link", 0o777, status.st_size, None)
    return SeenFile("directory" if stat.S_ISDIR(status.st_mode) else "other", mode, 0, None)


def _content(path: bytes) -> bytes | None:
    with _made_accessible(path, 0o400):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            return file.read(MAX_FILE_CONTENT)


@contextlib.contextmanager
def _made_accessible(path: bytes, bits: int) -> Iterator[None]:
    """A command may have taken its owner's right to read a file or a directory; then it is given back for a moment."""
    mode = None if os.access(path, os.R_OK | (os.X_OK if bits & 0o100 else 0)) else os.lstat(path).st_mode
    if mode is not None:
        Path(os.fsdecode(path)).chmod((mode & _EVERY_BIT) | bits)
    try:
        yield
    finally:
        if mode is not None:
            Path(os.fsdecode(path)).chmod(mode & _EVERY_BIT)


def _seen_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> SeenFile:
    mode = member.mode & _EVERY_BIT
    if member.isreg() or member.islnk():  # islnk: a second name of a file that came earlier in the archive
        file = archive.extractfile(member)
        if file is None:
            return SeenFile("file", mode, member.size, None)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return SeenFile("file", mode, size, file.read() if size <= MAX_FILE_CONTENT else None)
    if member.issym():
        return SeenFile("link", 0o777, len(os.fsencode(member.linkname)), None)
    return SeenFile("directory" if member.isdir() else "other", mode, 0, None)
