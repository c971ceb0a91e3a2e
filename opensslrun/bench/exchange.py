"""How files get into a container's workspaces and out again: a shared directory, or archives through the engine.

Both lay a workspace out alike below :data:`ROOT`, as :mod:`opensslrun.bench.tree` describes.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from opensslrun.bench.confinement import Bind, Options
from opensslrun.bench.container import Container
from opensslrun.bench.snapshot import Listing, read_at_most, read_tar
from opensslrun.bench.tree import CASE, HOME, STEPS, Tree, disk_errors, placed
from opensslrun.driver.process import MAX_READ_BACK
from opensslrun.driver.system import here
from opensslrun.errors import EngineError

ROOT = "/w"
"""Where the workspaces are in the container."""


_HOSTS = b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
"""What Docker has in ``/etc/hosts`` of a container without a network."""

_SMALL = 64 * 1024
"""Bytes of a stream that are read at once."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a step left: all that is in the case's directory, and at most MAX_READ_BACK bytes of each stream."""

    stdout: bytes
    stderr: bytes
    listing: Listing


class Exchange(Protocol):
    """One container's way of moving files. Every method raises EngineError when the way is gone."""

    archives: bool
    """Whether files go as archives, so that the shell in the container has to list sockets and to clean up."""

    def mounted(self, options: Options) -> Options:
        """``options`` with what this needs at :data:`ROOT`."""
        ...

    def attach(self, container: Container) -> None:
        """Move files to and from this running container from now on."""
        ...

    def make(self, files: Mapping[str, bytes]) -> int:
        """Lay out a workspace; its number. Raises UsageError for a name that leads out of it."""
        ...

    def give(self, workspace: int, step: str, content: bytes, stdin: bytes | None) -> None:
        """Put a step's script and stdin where the shell finds them."""
        ...

    def take(self, workspace: int, step: str) -> Collected:
        """What the step left."""
        ...

    def remove(self, workspace: int, *, again: bool) -> None:
        """Remove a workspace as far as this machine can; never raises. Without ``again`` something of it was killed,
        and may just be ending."""
        ...

    def close(self) -> None:
        """Remove everything of this machine; never raises."""
        ...


class SharedDirectory:
    """A private directory of this machine, bound into the container.

    A container that sees this machine's files can be given ``/etc/hosts`` too, and then needs nothing of the engine's
    network. Files belong to the user ``owner`` (user and group id) that runs the commands: ourselves, unless we are
    root.
    """

    archives = False

    def __init__(self, owner: tuple[int, int]) -> None:
        ours = here.user_ids()
        # The shell in the container ends whatever a step left running.
        self._tree = Tree(owner if ours is not None and ours[0] == 0 else None, again=True)
        self._hosts = self._tree.beside("hosts", _HOSTS)

    def mounted(self, options: Options) -> Options:
        """``options`` with what this needs at :data:`ROOT`."""
        binds = (Bind(str(self._tree.root), ROOT), Bind(str(self._hosts), "/etc/hosts", read_only=True))
        return replace(options, network="loopback", binds=(*options.binds, *binds))

    def attach(self, container: Container) -> None:
        """Nothing: the directory was bound when the container was made."""

    def make(self, files: Mapping[str, bytes]) -> int:
        """Lay out a workspace; its number."""
        return self._tree.make(files)

    def give(self, workspace: int, step: str, content: bytes, stdin: bytes | None) -> None:
        """Put a step's script and stdin where the shell finds them."""
        self._tree.give(workspace, step, content, stdin)

    def take(self, workspace: int, step: str) -> Collected:
        """What the step left."""
        where = self._tree.step(workspace, step)
        with disk_errors("read what a step wrote"):
            stdout, stderr = _taken(where + ".out"), _taken(where + ".err")
        return Collected(stdout, stderr, self._tree.files(workspace))

    def remove(self, workspace: int, *, again: bool) -> None:
        """Remove a workspace; never raises."""
        self._tree.remove(workspace, again=again)

    def close(self) -> None:
        """Remove the directory; never raises."""
        self._tree.close()


class ArchiveVolume:
    """A volume of the container, reached through the engine's archive calls: for engines elsewhere.

    Files belong to the user ``owner`` (user and group id) that runs the commands.
    """

    archives = True

    def __init__(self, owner: tuple[int, int]) -> None:
        self._owner = owner
        self._workspaces = 0
        self._waiting: list[tuple[str, bytes | None]] = []
        self._container: Container | None = None

    def mounted(self, options: Options) -> Options:
        """``options`` with what this needs at :data:`ROOT`."""
        return replace(options, volumes=(*options.volumes, ROOT))

    def attach(self, container: Container) -> None:
        """Move files to and from this running container from now on."""
        self._container = container

    def make(self, files: Mapping[str, bytes]) -> int:
        """Kept until the first step, so that both go in one call."""
        self._workspaces += 1
        workspace = self._workspaces
        self._waiting = [(f"{workspace}", None), *((f"{workspace}/{name}", None) for name in (CASE, HOME, STEPS))]
        made: set[str] = set()
        for name, content in files.items():
            parents, path = placed(name)
            for parent in parents:
                if parent not in made:
                    made.add(parent)
                    self._waiting.append((f"{workspace}/{CASE}/{parent}", None))
            self._waiting.append((f"{workspace}/{CASE}/{path}", content))
        return workspace

    def give(self, workspace: int, step: str, content: bytes, stdin: bytes | None) -> None:
        """Put a step's script and stdin where the shell finds them."""
        entries = [*self._waiting, (f"{workspace}/{STEPS}/{step}", content)]
        if stdin is not None:
            entries.append((f"{workspace}/{STEPS}/{step}.in", stdin))
        self._reached().put(self._tar(entries), ROOT)
        self._waiting = []

    def take(self, workspace: int, step: str) -> Collected:
        """What the step left."""
        where = f"{workspace}/{STEPS}/{step}"
        streams = [where + end for end in (".out", ".err", ".sockets")]
        try:
            with self._reached().archive_of(f"{ROOT}/{workspace}") as archive:
                printed, listing = read_tar(archive, f"{workspace}/{CASE}/", streams, MAX_READ_BACK, streams[2])
        except tarfile.TarError as error:
            raise EngineError(
                f"The engine's archive of a workspace is damaged ({error}); run the command again"
            ) from error
        return Collected(printed.get(streams[0], b""), printed.get(streams[1], b""), listing)

    def remove(self, workspace: int, *, again: bool) -> None:  # noqa: ARG002 -- the shell in the container removes it
        """Forget a workspace, which the shell in the container removes."""
        self._waiting = []

    def close(self) -> None:
        """Forget what was not sent."""
        self._waiting = []

    def _reached(self) -> Container:
        if self._container is None:
            raise EngineError("Files were sent to a container that was not started; start it first")
        return self._container

    def _tar(self, entries: list[tuple[str, bytes | None]]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, content in entries:
                info = tarfile.TarInfo(name)
                # The workspace itself stays root's, as it stays ours in a shared directory.
                info.uid, info.gid = self._owner if "/" in name else (0, 0)
                if content is None:
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(info)
                else:
                    info.size, info.mode = len(content), 0o644
                    archive.addfile(info, io.BytesIO(content))
        return buffer.getvalue()


def _taken(path: str) -> bytes:
    """The content of a stream's file. A large one is removed at once and not with its workspace."""
    try:
        handle = os.open(path, here.READING)
    except FileNotFoundError:
        return b""
    content = read_at_most(handle, MAX_READ_BACK, _SMALL)
    if len(content) >= _SMALL:
        Path(path).unlink()
    return content
