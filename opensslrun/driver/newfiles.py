"""New files that appear whole or not at all, and never cost an existing one.

They are made in a private directory (mode 0700) beside their destination, on the same filesystem, and moved into
place when all of them are whole: with ``force`` by rename, which replaces atomically; without it by a hard link,
which never replaces. The private directory is locked while its process lives; one that a killed process left
behind is recognised by its name and its missing lock, and removed by the next run in the same place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from opensslrun.driver.system import here
from opensslrun.errors import (
    CommandFailedError,
    EnvironmentLacksError,
    OpensslrunError,
    UsageError,
    WouldOverwriteError,
)

PREFIX: Final = ".opensslrun-new-"
"""How the name of a private directory begins."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def check_destination(path: Path, *, force: bool) -> None:
    """Raise UsageError when ``path`` cannot become a new file, WouldOverwriteError when it is there already.

    A symbolic link is refused with ``force`` too: replacing it would leave its file as it was.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise _refused(path, error) from error
    parent = path.parent
    if not parent.is_dir():
        what = "is not a directory" if parent.exists() else "is not there"
        raise UsageError(f"{path.name} cannot be written: the directory {parent} {what}; make it or name another")
    if mode is None:
        return
    for is_kind, kind in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (lambda mode: not stat.S_ISREG(mode), "not a regular file"),
    ):
        if is_kind(mode):
            raise UsageError(f"{path} cannot be written: it is {kind}; remove it or name another file")
    if not force:
        raise WouldOverwriteError(f"{path} is there already and was left as it is; --force replaces it")


class NewFiles:
    """Makes ``names`` in ``directory``, all or none.

    Inside the context, the files are made in :attr:`private`; :meth:`publish` moves them into place. Leaving the
    context removes what was not published, whatever happened. Raises UsageError, WouldOverwriteError or
    EnvironmentLacksError from entering, before anything is made.
    """

    def __init__(self, directory: Path, names: Sequence[str], *, force: bool) -> None:
        self.directory = directory
        self.names = tuple(names)
        self.force = force
        self.private = directory
        self._lock = -1

    def __enter__(self) -> Self:
        for name in self.names:
            check_destination(self.directory / name, force=self.force)
        _sweep(self.directory)
        try:
            self._make_private()
        except OSError as error:
            raise _refused(self.directory / self.names[0], error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not here.REMOVES_OPEN_FILES:
            self._unlock()
        if self.private != self.directory:
            try:
                shutil.rmtree(self.private, ignore_errors=True)
            except KeyboardInterrupt:  # an impatient second Ctrl-C
                shutil.rmtree(self.private, ignore_errors=True)
                raise
        self._unlock()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)

    def _make_private(self) -> None:
        """Make and lock the private directory. A sweeping neighbour may take it between the two: then another."""
        while self._lock < 0:
            private = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.directory))
            self.private = private
            self._lock = _locked(private)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of our own in the private directory. Raises EnvironmentLacksError when the disk is full."""
        path = self.private / name
        try:
            path.write_bytes(content)
        except OSError as error:
            raise _refused(self.directory / name, error) from error
        return path

    def full(self) -> EnvironmentLacksError | None:
        """The error to raise when there is no room left in the directory, found by writing; else None."""
        probe = self.private / "probe"
        try:
            with probe.open("wb") as file:
                file.write(bytes(8192))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.errno in _FULL:
                return _no_room(self.directory)
        finally:
            probe.unlink(missing_ok=True)
        return None

    def publish(self) -> None:
        """Move the files into place, in the order of ``names``; after a failure all is as it was before.

        Only a sudden end of this process between two moves (SIGKILL, power) leaves the earlier ones in place.
        Raises CommandFailedError for a file that is missing or empty, WouldOverwriteError when another run was
        faster, EnvironmentLacksError when the disk is full.
        """
        for name in self.names:
            _settle(self.private / name)
        kept = self.private / "replaced"
        try:
            kept.mkdir(mode=0o700)
            for name in self.names:
                _move(self.private / name, self.directory / name, kept / name, force=self.force)
            here.sync(self.directory)
        except BaseException as error:
            for name in reversed(self.names):
                _move_back(self.private / name, self.directory / name, kept / name)
            if isinstance(error, OSError):
                raise _refused(self.directory / self.names[0], error) from error
            raise


def _settle(path: Path) -> None:
    """Make sure that a new file is whole, private and on the disk."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
            raise CommandFailedError(f"openssl left {path.name} empty; nothing was changed, look at its messages")
        path.chmod(0o600)
        here.sync(path)
    except FileNotFoundError as error:
        raise CommandFailedError(f"openssl made no {path.name}; nothing was changed, look at its messages") from error
    except OSError as error:
        raise _refused(path, error) from error


def _move(new: Path, place: Path, kept: Path, *, force: bool) -> None:
    """Put ``new`` at ``place``, and a second name of what it replaces at ``kept``."""
    check_destination(place, force=force)
    if force:
        if place.exists():
            _keep(place, kept)
        new.replace(place)
        return
    try:
        os.link(new, place)
    except FileExistsError as error:
        raise _taken(place) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _move_without_links(new, place)


def _move_without_links(new: Path, place: Path) -> None:
    """For a filesystem without hard links: an empty file made first holds the place against everyone else."""
    try:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise _taken(place) from error
    try:
        new.replace(place)
    except BaseException:
        place.unlink()
        raise


def _taken(place: Path) -> WouldOverwriteError:
    return WouldOverwriteError(f"{place} was made by another program meanwhile and was left as it is")


def _keep(place: Path, kept: Path) -> None:
    try:
        os.link(place, kept)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        partial = kept.with_name(kept.name + ".partial")
        shutil.copy2(place, partial)
        partial.rename(kept)


def _move_back(new: Path, place: Path, kept: Path) -> None:
    """Undo :func:`_move`, as far as it went; it may have been interrupted anywhere."""
    with contextlib.suppress(OSError):
        if kept.exists():
            kept.replace(place)
        elif not new.exists() or place.samefile(new):
            place.unlink()


def _locked(directory: Path) -> int:
    """A descriptor that holds the directory's lock; -1 when somebody else holds it or removed the directory."""
    try:
        lock = here.open_lock(directory)
    except OSError:
        return -1
    try:
        if here.lock(lock) and here.lock_of(directory).stat().st_ino == os.fstat(lock).st_ino:
            return lock
    except FileNotFoundError:
        pass
    except OSError:
        return lock  # a filesystem without locks: neighbours cannot sweep there either
    os.close(lock)
    return -1


def _sweep(directory: Path) -> None:
    """Remove private directories that killed runs of this user left behind."""
    for leftover in directory.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            found = leftover.lstat()
            if not stat.S_ISDIR(found.st_mode) or not here.may_be_abandoned(found):
                continue
            _remove_abandoned(leftover)


def _remove_abandoned(leftover: Path) -> None:
    lock = here.open_lock(leftover)
    try:
        abandoned = here.lock(lock)
        if abandoned and here.REMOVES_OPEN_FILES:
            shutil.rmtree(leftover, ignore_errors=True)
    finally:
        os.close(lock)
    if abandoned:
        shutil.rmtree(leftover, ignore_errors=True)


def _no_room(directory: Path) -> EnvironmentLacksError:
    while directory.name.startswith(PREFIX):
        directory = directory.parent  # the place that the user knows
    return EnvironmentLacksError(
        f"there is no room left in {directory}; nothing was changed, make room or name another directory"
    )


def _refused(path: Path, error: OSError) -> OpensslrunError:
    if error.errno in _FULL:
        return _no_room(path.parent)
    return UsageError(f"{path} cannot be written: {error.strerror}; nothing was changed, name another directory")
