"""What lies in a workspace: read from a directory of this machine, or from the engine's tar of one. Same answer."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from opensslrun.bench.base import MAX_CONTENT, MAX_FILES, SeenFile, carried
from opensslrun.driver.system import here

_EVERY_BIT = 0o7777
_SEPARATOR = os.fsencode(os.sep)
_PIECE = 64 * 1024
"""Bytes that are read at once of what is longer than expected."""

MAX_PATH = 512
"""Bytes of a directory's path within a workspace up to which it is looked into: systems refuse paths from some length
on (Linux 4,096 bytes, macOS 1,024). One with a longer path is named like any other."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a workspace, by relative path in order of name, and how many there are besides."""

    files: dict[str, SeenFile]
    more: int = 0


Entry = TypeVar("Entry")


class _FirstByName(Generic[Entry]):
    """The first MAX_FILES by name of whatever is put in, in whatever order, and how many more there were."""

    def __init__(self) -> None:
        self._kept: dict[str, Entry] = {}
        self.more = 0

    def put(self, name: str, entry: Entry) -> None:
        self._kept[name] = entry
        if len(self._kept) > 2 * MAX_FILES:
            self._cut()

    def get(self, name: str) -> Entry | None:
        """What was put in under a name, if it is kept."""
        return self._kept.get(name)

    def kept(self) -> dict[str, Entry]:
        """In order of name."""
        self._cut()
        return self._kept

    def _cut(self) -> None:
        names = sorted(self._kept)
        self._kept = {name: self._kept[name] for name in names[:MAX_FILES]}
        self.more += len(names) - len(self._kept)


def snapshot(directory: str | Path) -> Listing:
    """Everything below ``directory``; nothing when it is not there.

    No link is followed, and nothing but regular files is opened, so that neither a pipe nor a device can block.
    A command may have taken from itself the right to read: it is given back while the snapshot is taken.
    """
    top = os.fsencode(directory)
    named = _FirstByName[tuple[bytes, os.stat_result]]()
    waiting = [top]
    with ExitStack() as restored:
        while waiting:
            for path, status in _entries(waiting.pop(), restored):
                below = path[len(top) + 1 :]
                if stat.S_ISDIR(status.st_mode) and _is_looked_into(below):
                    waiting.append(path)
                named.put(shown_name(below if _SEPARATOR == b"/" else below.replace(_SEPARATOR, b"/")), (path, status))
        found = named.kept()
        sizes = {name: status.st_size for name, (_, status) in found.items() if stat.S_ISREG(status.st_mode)}
        read = frozenset[str]() if named.more else carried(sizes)
        files = {name: _seen(path, status, restored, read=name in read) for name, (path, status) in found.items()}
        return Listing(files, named.more)


def read_tar(
    archive: tarfile.TarFile, below: str, streams: Collection[str], limit: int, sockets: str = ""
) -> tuple[dict[str, bytes], Listing]:
    """The first ``limit`` bytes of each member named in ``streams``, and what :func:`snapshot` would give of the
    directory whose members' names begin with ``below``.

    The tar is read once from its beginning to its end and need not be in memory. An engine leaves sockets out of its
    archives; the stream ``sockets`` names them: octal mode, newline, ``./path``, NUL, each.
    """
    printed: dict[str, bytes] = {}
    named = _FirstByName[SeenFile]()
    held = 0
    for member in archive:
        archive.members.clear()  # type: ignore[attr-defined]  # before Python 3.13 it keeps them all
        if member.name in streams:
            first = _first_name_of(member, named, below)
            content = first.content if first is not None else _read(archive, member, limit)
            printed[member.name] = printed.get(member.linkname, (content or b"")[:limit])
        elif member.name.startswith(below) and member.name != below:
            path = os.fsencode(member.name[len(below) :])
            if _is_looked_into(_parent(path)):
                seen = _seen_member(archive, member, named, below)
                held += len(seen.content or b"")
                named.put(shown_name(path), seen)
        if held > 2 * MAX_CONTENT:
            held = _give_up(named)
    for entry in printed.get(sockets, b"").split(b"\0"):
        mode, _, listed = entry.partition(b"\n")
        if listed and _is_looked_into(_parent(listed.removeprefix(b"./"))):
            named.put(shown_name(listed.removeprefix(b"./")), SeenFile("other", int(mode, 8), 0, None))
    _give_up(named)
    return printed, Listing(named.kept(), named.more)


def _give_up(named: _FirstByName[SeenFile]) -> int:
    """Forget the content of what is not carried; how many bytes are."""
    files = named.kept()
    sizes = {name: each.size for name, each in files.items() if each.kind == "file"}
    read = frozenset[str]() if named.more else carried(sizes)
    for name in sizes.keys() - read:
        named.put(name, replace(files[name], content=None))
    return sum(len(files[name].content or b"") for name in read)


def _is_looked_into(directory: bytes) -> bool:
    return len(directory) <= MAX_PATH


def _parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def shown_name(path: bytes) -> str:
    r"""A file name as text that every report can hold: what is not UTF-8 becomes ``\xff``."""
    return path.decode("utf-8", errors="backslashreplace")


def _entries(directory: bytes, restored: ExitStack) -> Iterator[tuple[bytes, os.stat_result]]:
    """One after another: there may be hundreds of thousands."""
    with suppress(FileNotFoundError):
        try:
            listed = os.scandir(directory)
        except PermissionError:
            _allow(directory, 0o500, restored)
            listed = os.scandir(directory)
        with listed:
            for entry in listed:
                try:
                    status = entry.stat(follow_symlinks=False)
                except PermissionError:  # it may be read, and not be gone into
                    _allow(directory, 0o500, restored)
                    status = os.lstat(entry.path)
                yield entry.path, status


def _seen(path: bytes, status: os.stat_result, restored: ExitStack, *, read: bool) -> SeenFile:
    mode = status.st_mode & _EVERY_BIT
    if stat.S_ISREG(status.st_mode):
        return SeenFile("file", mode, status.st_size, _content(path, status.st_size, restored) if read else None)
    if stat.S_ISLNK(status.st_mode):
        return SeenFile("link", 0o777, status.st_size, None)
    return SeenFile("directory" if stat.S_ISDIR(status.st_mode) else "other", mode, 0, None)


def _content(path: bytes, size: int, restored: ExitStack) -> bytes:
    try:
        handle = os.open(path, here.READING)
    except PermissionError:
        _allow(path, 0o400, restored)
        handle = os.open(path, here.READING)
    return read_at_most(handle, MAX_CONTENT, size)


def read_at_most(handle: int, limit: int, expected: int) -> bytes:
    """At most ``limit`` bytes of an open regular file, which is closed; it is asked for ``expected`` and one more.

    A fifth of the time that a file object takes. A regular file that gives less than it is asked for is at its end.
    """
    try:
        asked = min(expected + 1, limit)
        content = more = os.read(handle, asked)
        while len(more) == asked and len(content) < limit:
            asked = min(_PIECE, limit - len(content))
            more = os.read(handle, asked)
            content += more
        return content
    finally:
        os.close(handle)


def _allow(path: bytes, bits: int, restored: ExitStack) -> None:
    """Give ourselves a right to our own file until ``restored`` is closed."""
    named = Path(os.fsdecode(path))
    mode = stat.S_IMODE(named.lstat().st_mode)
    named.chmod(mode | bits)
    restored.callback(named.chmod, mode)


def _first_name_of(member: tarfile.TarInfo, before: _FirstByName[SeenFile], below: str) -> SeenFile | None:
    """What a hard link is a second name of, if that came earlier in the directory."""
    return before.get(shown_name(os.fsencode(member.linkname.removeprefix(below)))) if member.islnk() else None


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> bytes:
    file = archive.extractfile(member) if member.isreg() else None
    return b"" if file is None else file.read(limit)


def _seen_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, before: _FirstByName[SeenFile], below: str
) -> SeenFile:
    mode = member.mode & _EVERY_BIT
    if member.islnk():  # a second name of a file that came earlier in the archive
        first = _first_name_of(member, before, below)
        return replace(first or SeenFile("file", mode, member.size, None), mode=mode)
    if member.isreg():
        carries = member.size <= MAX_CONTENT and not before.more
        return SeenFile("file", mode, member.size, _read(archive, member, member.size) if carries else None)
    if member.issym():
        return SeenFile("link", 0o777, len(os.fsencode(member.linkname)), None)
    return SeenFile("directory" if member.isdir() else "other", mode, 0, None)
