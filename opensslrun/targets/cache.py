"""The user's cache folder: entries that are complete or not there, and locks between processes.

Nothing under a final name is ever partial: a file is written beside it and renamed. Whoever reads an entry
checks it first (:func:`sha256_of`), so a damaged one is made again and never trusted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import platformdirs

from opensslrun.driver.system import here
from opensslrun.errors import EnvironmentLacksError, ExitStatus, OpensslrunError
from opensslrun.targets.silence import Silent

CACHE_VARIABLE = "OPENSSLRUN_CACHE_DIR"
"""Environment variable that names another folder than the platform's usual one."""

_LOCK_POLL_S = 0.2
_LEFTOVER_AFTER_S = 24 * 3600
_PARTS = ("apt", "builds", "cells", "crates", "downloads", "logs", "roots", "tmp", "locks")


class StoppedError(OpensslrunError):
    """The work was stopped because the user interrupted the command."""

    exit_status = ExitStatus.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Work:
    """What every step of obtaining a target is given: where to keep things, whom to tell, when to stop.

    ``silent`` are those who gave no answer; the targets of one run share it.
    """

    cache: Cache
    report: Callable[[str, float | None], None]
    """Called with a stage (``downloading openssl-1.1.1g.tar.gz``) and how much of it is done (0 to 1, or None)."""
    stop: threading.Event = field(default_factory=threading.Event)
    silent: Silent = field(default_factory=Silent)

    def check(self) -> None:
        """Raise StoppedError when the user has interrupted the command."""
        if self.stop.is_set():
            raise StoppedError("interrupted; what is finished is kept, run the same command again to go on")


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of this user's. Its parts are made when they are first needed."""

    root: Path

    @classmethod
    def of_user(cls) -> Cache:
        """The folder of this user, by the platform's convention or OPENSSLRUN_CACHE_DIR."""
        named = os.environ.get(CACHE_VARIABLE)
        return cls(Path(named).expanduser() if named else platformdirs.user_cache_path("opensslrun", False))

    def folder(self, name: str) -> Path:
        """A part of the cache, made if need be. Raises EnvironmentLacksError when it cannot be."""
        path = self.root / name
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentLacksError(
                f"cannot make the cache folder {path}: {error.strerror or error}; "
                f"name a folder you may write with the environment variable {CACHE_VARIABLE}"
            ) from error
        return path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A private temporary folder on the cache's own disk; removed on leaving, whatever happens."""
        path = Path(tempfile.mkdtemp(dir=self.folder("tmp")))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def writing(self, final: Path) -> Iterator[IO[bytes]]:
        """A file that appears under its final name only when the block ends well.

        Raises EnvironmentLacksError when it cannot be written (a full disk, say).
        """
        descriptor, name = tempfile.mkstemp(dir=self.folder("tmp"))
        temporary = Path(name)
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(descriptor, "wb") as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(final)
        except OSError as error:
            if isinstance(error, (ConnectionError, TimeoutError)):
                raise
            raise EnvironmentLacksError(
                f"cannot write {final}: {error.strerror or error}; make room or name another cache folder "
                f"with the environment variable {CACHE_VARIABLE}"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str, work: Work) -> Iterator[None]:
        """Hold the lock of this name; other threads and processes wait, saying so. Freed when its holder dies."""
        path = self.folder("locks") / f"{name}.lock"
        while True:
            with path.open("a+b") as handle:
                _wait_for(handle, work)
                if not _is_still(path, handle):
                    continue  # `targets remove` took the file away in between
                handle.truncate(0)
                handle.write(str(os.getpid()).encode())
                handle.flush()
                yield
                return

    def clear(self) -> bool:
        """Remove everything here, unless some opensslrun is at work with it. Whether it was removed."""
        with ExitStack() as stack:
            for path in sorted(self.folder("locks").glob("*.lock")):
                handle = stack.enter_context(path.open("a+b"))
                if not here.lock(handle.fileno()):
                    return False
            if not here.REMOVES_OPEN_FILES:
                stack.close()
            for name in _PARTS:
                shutil.rmtree(self.root / name, ignore_errors=True)
            with suppress(OSError):  # other parts of opensslrun may keep things here too
                self.root.rmdir()
        return True

    def sweep(self) -> None:
        """Remove what a killed opensslrun left half done, once it is old enough to be nobody's."""
        for path in self.folder("tmp").iterdir():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _LEFTOVER_AFTER_S:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_still(path: Path, handle: IO[bytes]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle.fileno()).st_ino
    except FileNotFoundError:
        return False


def _wait_for(handle: IO[bytes], work: Work) -> None:
    told = False
    while True:
        work.check()
        if here.lock(handle.fileno()):
            return
        if not told:
            handle.seek(0)
            own = handle.read(20) == str(os.getpid()).encode()
            work.report("waiting for its turn" if own else "waiting for another opensslrun", None)
            told = True
        work.stop.wait(_LOCK_POLL_S)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as 64 hex digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
