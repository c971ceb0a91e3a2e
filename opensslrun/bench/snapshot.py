"""What lies in a workspace: read from a directory of this machine, or from the engine's tar of one. Same answer."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from opensslrun.bench.base import MAX_CONTENT, SeenFile, carried
from opensslrun.driver.system import here

_EVERY_BIT = 0o7777
_PIECE = 64 * 1024
"""Bytes that are read at once of what is longer than expected."""

MAX_PATH = 512
"""Bytes of a directory's path within a workspace up to which it is looked into: systems refuse paths from some length
on (Linux 4,096 bytes, macOS 1,024). One with a longer path is named like any other."""


def snapshot(directory: Path) -> dict[str, SeenFile]:
    """Everything below ``directory`` by relative path, in order of name; nothing when it is not there.

    No link is followed, and nothing but regular files is opened, so that neither a pipe nor a device can block.
    A command may have taken from itself the right to read: it is given back while the snapshot is taken.
    """
    top = os.fsencode(directory)
    found: dict[str, tuple[bytes, os.stat_result]] = {}
    waiting = [top]
    with ExitStack() as restored:
        while waiting:
            for path, status in _entries(waiting.pop(), restored):
                if stat.S_ISDIR(status.st_mode) and _is_looked_into(path[len(top) + 1 :]):
                    waiting.append(path)
                found[shown_name(path[len(top) + 1 :].replace(os.fsencode(os.sep), b"/"))] = path, status
        sizes = {name: status.st_size for name, (_, status) in found.items() if stat.S_ISREG(status.st_mode)}
        read = carried(sizes)
        return {name: _seen(*found[name], restored, read=name in read) for name in sorted(found)}


Members = Mapping[str, SeenFile]
"""What a tar holds, by the members' names."""


def read_members(archive: tarfile.TarFile, streams: Collection[str], limit: int) -> Members:
    """Everything in a tar, which is read once from its beginning to its end and need not be in memory.

    Of the members named in ``streams`` the first ``limit`` bytes are carried. For the others :data:`MAX_CONTENT` holds
    in each directory of a workspace by itself, as only one of them is looked at where there is no tar.
    """
    seen: dict[str, SeenFile] = {}
    held = 0
    for member in archive:
        seen[member.name] = _seen_member(archive, member, seen, limit if member.name in streams else None)
        held += len(seen[member.name].content or b"")
        if held > 2 * MAX_CONTENT:
            _give_up(seen, streams)
            held = sum(len(each.content or b"") for each in seen.values())
    _give_up(seen, streams)
    return seen


def _give_up(seen: dict[str, SeenFile], streams: Collection[str]) -> None:
    """Forget the content of what is not carried."""
    directories: dict[str, dict[str, int]] = {}
    for name, each in seen.items():
        if each.kind == "file" and name not in streams:
            directories.setdefault("/".join(name.split("/", 2)[:2]), {})[name] = each.size
    for sizes in directories.values():
        for name in sizes.keys() - carried(sizes):
            seen[name] = replace(seen[name], content=None)


def snapshot_of_tar(members: Members, below: str, sockets: bytes = b"") -> dict[str, SeenFile]:
    """What :func:`snapshot` would give of the directory whose members' names begin with ``below``.

    An engine leaves sockets out of its archives; ``sockets`` names them: octal mode, newline, ``./path``, NUL, each.
    """
    seen = {
        shown_name(os.fsencode(name[len(below) :])): each
        for name, each in members.items()
        if name.startswith(below) and name != below and _is_looked_into(_parent(os.fsencode(name[len(below) :])))
    }
    for entry in sockets.split(b"\0"):
        mode, _, path = entry.partition(b"\n")
        if path and _is_looked_into(_parent(path.removeprefix(b"./"))):
            seen[shown_name(path.removeprefix(b"./"))] = SeenFile("other", int(mode, 8), 0, None)
    return dict(sorted(seen.items()))


def _is_looked_into(directory: bytes) -> bool:
    return len(directory) <= MAX_PATH


def _parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


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
    """At most ``limit`` bytes of an open file, which is closed; ``expected`` of them are asked for at once.

    A fifth of the time that a file object takes.
    """
    try:
        content = os.read(handle, min(expected, limit))
        while len(content) < limit and (more := os.read(handle, min(_PIECE, limit - len(content)))):
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


def _seen_member(archive: tarfile.TarFile, member: tarfile.TarInfo, before: Members, limit: int | None) -> SeenFile:
    mode = member.mode & _EVERY_BIT
    if member.islnk():  # a second name of a file that came earlier in the archive
        first = before.get(member.linkname, SeenFile("file", mode, member.size, None))
        return replace(first, mode=mode)
    if member.isreg():
        if limit is None and member.size > MAX_CONTENT:
            return SeenFile("file", mode, member.size, None)
        file = archive.extractfile(member)
        return SeenFile("file", mode, member.size, None if file is None else file.read(limit or member.size))
    if member.issym():
        return SeenFile("link", 0o777, len(os.fsencode(member.linkname)), None)
    return SeenFile("directory" if member.isdir() else "other", mode, 0, None)
