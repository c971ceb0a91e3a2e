"""Writing the root file system of an image as one tar, byte for byte the same for the same content.

The layout is merged-/usr, as Debian's is: ``bin``, ``sbin`` and ``lib*`` are links into ``usr``. Packages are
merged in Python from what ``dpkg-deb`` streams, so nothing is unpacked on this machine and no root is needed.
"""

from __future__ import annotations

import io
import posixpath
import re
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from opensslrun.errors import EnvironmentLacksError

_MERGED = re.compile(r"(?:bin|sbin|lib|lib32|lib64|libx32)(?=/|\Z)")
_LEFT_OUT = re.compile(
    r"usr/share/(?:man|info|locale|lintian|bug|gtk-doc|icons|doc/(?![^/]+/copyright\Z)[^/]+/.+)(?:/|\Z)"
)

COMPOSITION = 1
"""Raised when this module writes other bytes for the same content; part of every recipe. A test notices."""

RUN_USER = 12345
"""The user id commands run as: not root, and nobody of any distribution."""

_ROOT_LINE = "root:x:0:0:root:/root:/bin/sh\n"
_ROOT_GROUP_LINE = "root:x:0:\n"
USER_LINE = f"opensslrun:x:{RUN_USER}:{RUN_USER}:opensslrun:/w:/bin/sh\n"
GROUP_LINE = f"opensslrun:x:{RUN_USER}:\n"

_APPLETS = """
    [ ash awk base64 basename cat chmod chown cmp cp cut date dd df diff dirname du echo env expr false find
    fold grep egrep fgrep gunzip gzip head hexdump hostname id kill killall ln ls md5sum mkdir mkfifo mktemp
    mv nproc od paste patch pidof printf ps pwd readlink realpath rm rmdir sed seq setsid sh sha1sum sha256sum
    sha512sum sleep sort stat stty sync tail tar tee test time timeout touch tr true truncate tty uname uniq
    unlink vi wc which whoami xargs xxd yes
"""
"""Commands of busybox that an image has where no package brings the real ones. All are in Debian's build."""


class RootTar:
    """A root file system being written. The first of two entries with one name stays, but files are never lost
    to links. A context manager: leaving it well completes the tar.

    ``mtime`` (seconds since 1970) is what is given to everything that does not come from a package.
    """

    def __init__(self, handle: IO[bytes], mtime: int = 0) -> None:
        self._tar = tarfile.TarFile(fileobj=handle, mode="w", format=tarfile.GNU_FORMAT)
        self._mtime = mtime
        self._seen: set[str] = set()
        for name in ("bin", "sbin", "lib", "lib64"):
            self.directory(f"usr/{name}")
            self._entry(self._info(name, tarfile.SYMTYPE, 0o777, f"usr/{name}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._tar.close()

    def __contains__(self, name: str) -> bool:
        return _merged(name) in self._seen

    def directory(self, name: str, mode: int = 0o755) -> None:
        """A directory, owned by root, with those above it."""
        parent = posixpath.dirname(name)
        if parent and parent not in self:
            self.directory(parent)
        self._entry(self._info(name, tarfile.DIRTYPE, mode))

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """A file owned by root, with the directories above it."""
        self._parents(name)
        info = self._info(name, tarfile.REGTYPE, mode)
        info.size = len(content)
        self._entry(info, io.BytesIO(content))

    def link(self, name: str, target: str) -> None:
        """A symbolic link, with the directories above it."""
        self._parents(name)
        self._entry(self._info(name, tarfile.SYMTYPE, 0o777, target))

    def package(self, path: Path) -> None:
        """All files of a package but its documentation (copyright files stay).

        Raises EnvironmentLacksError when ``dpkg-deb`` cannot read it.
        """
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            if process.stdout is None or process.stderr is None:  # pragma: no cover - both are pipes
                raise AssertionError
            try:
                with tarfile.open(fileobj=process.stdout, mode="r|") as members:
                    self.merge(members)
            except tarfile.TarError:
                process.kill()
            said = process.stderr.read().decode("utf-8", "backslashreplace").strip()
        if process.returncode != 0:
            raise EnvironmentLacksError(
                f"dpkg-deb could not unpack {path.name}: {said or 'it is damaged'}; try again to fetch it anew"
            )

    def merge(self, members: tarfile.TarFile) -> None:
        """Every entry of an open tar, moved into the merged-/usr layout."""
        for info in members:
            name = _normal(info.name)
            if not name or _LEFT_OUT.match(name):
                continue
            moved = _merged(name)
            if info.issym():
                info.linkname = _link_target(name, moved, info.linkname)
                if _points_to_itself(moved, info.linkname):
                    continue
            elif info.islnk():
                info.linkname = _merged(_normal(info.linkname))
            info.name, info.uname, info.gname = moved, "", ""
            info.pax_headers = {}
            if moved in {"bin", "sbin", "lib", "lib64"}:
                continue
            self._parents(moved)
            self._entry(info, members.extractfile(info) if info.isreg() else None)

    def basics(self) -> None:
        """What every image has: a shell and small commands (links to busybox), users, work directories.

        Comes last, since what a package brought stays. ``/w`` is there with mode 1777 because the engine takes
        the mode of a tmpfs from the directory in the image.
        """
        for applet in _APPLETS.split():
            if not any(f"{folder}/{applet}" in self for folder in ("usr/bin", "usr/sbin", "usr/local/bin")):
                self.link(f"usr/bin/{applet}", "/usr/bin/busybox")
        if "usr/bin/busybox" not in self:
            raise EnvironmentLacksError("no busybox came with the packages; name busybox-static among them")
        self.file("etc/passwd", (_ROOT_LINE + USER_LINE).encode())
        self.file("etc/group", (_ROOT_GROUP_LINE + GROUP_LINE).encode())
        for name, mode in (("w", 0o1777), ("tmp", 0o1777), ("dev", 0o755), ("proc", 0o755), ("sys", 0o755)):
            self.directory(name, mode)

    def _parents(self, name: str) -> None:
        parent = posixpath.dirname(_merged(name))
        if parent and parent not in self._seen:
            self.directory(parent)

    def _info(self, name: str, kind: bytes, mode: int, target: str = "") -> tarfile.TarInfo:
        info = tarfile.TarInfo(_merged(name) if kind != tarfile.SYMTYPE or "/" in name else name)
        info.type, info.mode, info.linkname, info.mtime = kind, mode, target, self._mtime
        return info

    def _entry(self, info: tarfile.TarInfo, content: IO[bytes] | None = None) -> None:
        if info.name in self._seen:
            return
        self._seen.add(info.name)
        self._tar.addfile(info, content)


def write_tree(handle: IO[bytes], folder: Path, top: str, mtime: int) -> None:
    """A folder as a tar under the name ``top``: sorted, owned by root, with one time, so always the same bytes."""
    with tarfile.open(fileobj=handle, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in _sorted_tree(folder):
            info = tar.gettarinfo(path, posixpath.join(top, path.relative_to(folder).as_posix()))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = mtime
            info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
            if info.isreg():
                with path.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)


def _sorted_tree(folder: Path) -> Iterable[Path]:
    return sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())


def _normal(name: str) -> str:
    """A name inside the root, without ``./`` and never leaving it."""
    return posixpath.normpath(f"/{name}").lstrip("/")


def _merged(name: str) -> str:
    return f"usr/{name}" if _MERGED.match(name) and "/" in name else name


def _link_target(name: str, moved: str, target: str) -> str:
    """A relative link that moves into ``usr`` still points to the same file."""
    if name == moved or target.startswith("/") or "/" not in target:
        return target
    return f"/{_normal(posixpath.join(posixpath.dirname(name), target))}"


def _points_to_itself(name: str, target: str) -> bool:
    return _merged(_normal(posixpath.join("/", posixpath.dirname(name), target))) == name
