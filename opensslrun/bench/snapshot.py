"""What lies in a workspace: read from a directory of this machine, or from the engine's tar of one. Same answer."""

from __future__ import annotations

import os
import stat
import tarfile
from contextlib import ExitStack
from pathlib import Path

from opensslrun.bench.base import MAX_FILE_CONTENT, SeenFile
from opensslrun.driver.system import here

_EVERY_BIT = 0o7777


def snapshot(directory: Path) -> dict[str, SeenFile]:
    """Everything below ``directory`` by relative path, in order of name; nothing when it is not there.

    No link is followed, and nothing but regular files is opened, so that neither a pipe nor a device can block.
    A command may have taken from itself the right to read: it is given back while the snapshot is taken.
    """
    top = os.fsencode(directory)
    seen: dict[str, SeenFile] = {}
    waiting = [top]
    with ExitStack() as restored:
        while waiting:
            for path, status in _entries(waiting.pop(), restored):
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(path)
                seen[shown_name(path[len(top) + 1 :].replace(os.fsencode(os.sep), b"/"))] = _seen(
                    path, status, restored
                )
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


def _entries(directory: bytes, restored: ExitStack) -> list[tuple[bytes, os.stat_result]]:
    def listed() -> list[tuple[bytes, os.stat_result]]:
        with os.scandir(directory) as found:
            return [(entry.path, entry.stat(follow_symlinks=False)) for entry in found]

    try:
        return listed()
    except FileNotFoundError:
        return []
    except PermissionError:
        _allow(directory, 0o500, restored)
        return listed()


def _seen(path: bytes, status: os.stat_result, restored: ExitStack) -> SeenFile:
    mode = status.st_mode & _EVERY_BIT
    if stat.S_ISREG(status.st_mode):
        content = _content(path, restored) if status.st_size <= MAX_FILE_CONTENT else None
        return SeenFile("file", mode, status.st_size, content)
    if stat.S_ISLNK(status.st_mode):
        return SeenFile("link", 0o777, status.st_size, None)
    return SeenFile("directory" if stat.S_ISDIR(status.st_mode) else "other", mode, 0, None)


def _content(path: bytes, restored: ExitStack) -> bytes:
    try:
        handle = os.open(path, here.READING)
    except PermissionError:
        _allow(path, 0o400, restored)
        handle = os.open(path, here.READING)
    with os.fdopen(handle, "rb") as file:
        return file.read(MAX_FILE_CONTENT)


def _allow(path: bytes, bits: int, restored: ExitStack) -> None:
    """Give ourselves a right to our own file until ``restored`` is closed."""
    named = Path(os.fsdecode(path))
    mode = stat.S_IMODE(named.lstat().st_mode)
    named.chmod(mode | bits)
    restored.callback(named.chmod, mode)


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
