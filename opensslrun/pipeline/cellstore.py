"""Where observed cells are kept between runs: files of lines, each with a seal that tells whether it is as written.

One file is one target's. A line holds a key, the second it was written, a seal and a JSON document. The seal is an
HMAC under a key of this folder (``key``, mode 0600), over the file's name and everything in the line, so that a line
that was edited, cut off or moved is as if it were not there. That protects from accidents, and from whoever can write
here but not read the key; it does not protect from this user, who can.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from opensslrun.driver.system import here
from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.cache import Cache, sha256_of

FOLDER: Final = "cells"
MAX_AGE_S: Final = 30 * 24 * 3600
"""Seconds after which an entry is not believed any more: what a command shows may depend on the day."""
MAX_PACK: Final = 16 * 1024 * 1024
"""Bytes of one file (a target's 174 cells take 1 to 2 MB); the oldest lines go first."""
MAX_TOTAL: Final = 512 * 1024 * 1024
"""Bytes of all files; those unused for longest go first."""
JUDGED: Final = ".judged"
"""How the name of a file ends that holds how a whole run was judged."""
MAX_JUDGED: Final = 32
"""Of these files: one for each selection and each code. The whole matrix takes 6 MB."""
_CLOCK_SKEW_S: Final = 3600
_LOCK_WAIT_S: Final = 5.0
_KEY_BYTES: Final = 32
_LEFTOVER_AFTER_S: Final = 24 * 3600


class NotKeptError(Exception):
    """The cells could not be kept or read; its text says why, in words that complete a sentence."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One file as it was read: its lines by key, each of which is checked when it is asked for."""

    name: str
    lines: Mapping[str, bytes] = field(repr=False)
    secret: bytes = field(repr=False)

    def stamp(self, key: str) -> int | None:
        """The second in which a document was written, believed or not; None when there is none under this key."""
        line = self.lines.get(key)
        return None if line is None else _stamp(line)

    def get(self, key: str) -> bytes | None:
        """The document under a key, or None when there is none that may be believed."""
        line = self.lines.get(key)
        return None if line is None else _believed(self.name, line, self.secret)


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of a user's cache. Methods raise NotKeptError, and lose nothing but the cache."""

    cache: Cache

    @property
    def folder(self) -> Path:
        """Where the files stand."""
        return self.cache.root / FOLDER

    def read(self, name: str) -> Pack:
        """The file of this name; one without lines when there is none."""
        with _reasons():
            self._make_private()
            secret = self._secret()
            path = self.folder / name
            with suppress(FileNotFoundError):
                content = path.read_bytes()
                _used(path)
                return Pack(name, _by_key(content), secret)
            return Pack(name, {}, secret)

    def add(self, name: str, documents: Mapping[str, bytes]) -> None:
        """Add documents without line ends, by key, to the file of this name, beside what another run added."""
        with _reasons(), self._locked():
            self._make_private()
            secret = self._secret()
            path = self.folder / name
            old: Mapping[str, bytes] = {}
            with suppress(FileNotFoundError):
                old = _by_key(path.read_bytes())
            now = int(time.time())
            new = {key: _line(name, key, now, document, secret) for key, document in documents.items()}
            kept = _newest({**{key: line for key, line in old.items() if key not in new}, **new})
            with self.cache.writing(path) as handle:
                handle.write(b"".join(line + b"\n" for line in kept))
            self._bound()

    def digest(self, name: str) -> str:
        """The sha256 of a file as it stands, which counts as used; of nothing when there is none."""
        with _reasons():
            path = self.folder / name
            with suppress(FileNotFoundError):
                digest = sha256_of(path)
                _used(path)
                return digest
            return ""

    def unsealed(self, name: str) -> bytes | None:
        """What :meth:`seal` put into the file of this name; None unless it is there, as it was written."""
        with _reasons():
            self._make_private()
            secret = self._secret()
            path = self.folder / name
            with suppress(FileNotFoundError):
                seal, _, content = path.read_bytes().partition(b"\n")
                if hmac.compare_digest(seal, _seal(name, b"", content, secret)):
                    _used(path)
                    return content
            return None

    def seal(self, name: str, content: bytes) -> None:
        """Keep something as a whole under a name that ends with JUDGED; of these only the newest few stay."""
        with _reasons(), self._locked():
            self._make_private()
            secret = self._secret()
            with self.cache.writing(self.folder / name) as handle:
                handle.write(_seal(name, b"", content, secret) + b"\n")
                handle.write(content)
            for path in sorted(self.folder.glob(f"*{JUDGED}"), key=lambda path: path.stat().st_mtime)[:-MAX_JUDGED]:
                path.unlink(missing_ok=True)
            self._bound()

    def _make_private(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or not here.is_ours(status):
            raise NotKeptError(f"{self.folder} is not a folder of this user")
        if not here.is_private(status):
            self.folder.chmod(0o700)

    def _secret(self) -> bytes:
        """The key of the seals. One that others could read or write is replaced, and what it sealed is lost."""
        path = self.folder / "key"
        for _ in range(2):
            with suppress(FileNotFoundError):
                secret = _read_private(path)
                if secret is not None:
                    return secret
                path.unlink()
            temporary = self.folder / f".key-{secrets.token_hex(8)}"
            try:
                handle = os.open(temporary, here.WRITING_NEW, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(_KEY_BYTES))
                with suppress(FileExistsError):  # another run was quicker: then its key is the key
                    os.link(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        secret = _read_private(path)
        if secret is None:
            raise NotKeptError(f"{path} cannot be made a file of this user alone")
        return secret

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all runs, but never for longer than a moment: this is a cache."""
        path = self.cache.folder("locks") / "cells.lock"
        with path.open("a+b") as handle:
            end = time.monotonic() + _LOCK_WAIT_S
            while not here.lock(handle.fileno()):
                if time.monotonic() > end:
                    raise NotKeptError(f"another opensslrun holds {path}")
                time.sleep(0.02)
            yield

    def _bound(self) -> None:
        """Keep the folder below its size, and free of what killed runs left."""
        entries = [(path, path.stat()) for path in self.folder.iterdir() if path.name != "key"]
        entries.sort(key=lambda entry: entry[1].st_mtime)
        total = sum(status.st_size for _, status in entries)
        for path, status in entries:
            age = time.time() - status.st_mtime
            leftover = path.name.startswith(".") and age > _LEFTOVER_AFTER_S
            if total > MAX_TOTAL or age > MAX_AGE_S or leftover:
                path.unlink(missing_ok=True)
                total -= status.st_size


def _used(path: Path) -> None:
    """A file was used: others go first."""
    with suppress(OSError):
        os.utime(path)


@contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except EnvironmentLacksError as error:
        raise NotKeptError(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise NotKeptError(f"{where}{error.strerror or error}") from error


def _read_private(path: Path) -> bytes | None:
    """The content of a key file that is this user's alone and of the right length, else None."""
    handle = os.open(path, here.READING)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        private = stat.S_ISREG(status.st_mode) and here.is_private(status)
        secret = file.read(_KEY_BYTES + 1)
    return secret if private and len(secret) == _KEY_BYTES else None


def _line(name: str, key: str, stamp: int, document: bytes, secret: bytes) -> bytes:
    head = f"{key} {stamp}".encode()
    return b"%s %s %s" % (head, _seal(name, head, document, secret), document)


def _seal(name: str, head: bytes, document: bytes, secret: bytes) -> bytes:
    """Over lengths too, so that nothing can move from one part to the next."""
    message = b"%d %s %d %s %s" % (len(name.encode()), name.encode(), len(head), head, document)
    return hmac.digest(secret, message, "sha256").hex().encode()


def _believed(name: str, line: bytes, secret: bytes) -> bytes | None:
    try:
        key, stamp, seal, document = line.split(b" ", 3)
        fresh = is_believed_at(int(stamp))
    except ValueError:
        return None
    if not fresh:
        return None
    expected = _seal(name, b"%s %s" % (key, stamp), document, secret)
    return document if hmac.compare_digest(seal, expected) else None


def is_believed_at(stamp: int) -> bool:
    """Whether what was seen in that second may still be believed."""
    return -_CLOCK_SKEW_S < time.time() - stamp < MAX_AGE_S


def _by_key(content: bytes) -> dict[str, bytes]:
    lines = (line for line in content.split(b"\n") if line)
    return {line.partition(b" ")[0].decode("ascii", "replace"): line for line in lines}


def _newest(lines: Mapping[str, bytes]) -> list[bytes]:
    """The lines that fit and are not too old, the newest last."""
    oldest = time.time() - MAX_AGE_S
    kept: list[bytes] = []
    size = 0
    for line in sorted(lines.values(), key=_stamp, reverse=True):
        size += len(line) + 1
        if size > MAX_PACK or _stamp(line) < oldest:
            break
        kept.append(line)
    return kept[::-1]


def _stamp(line: bytes) -> int:
    stamp = line.split(b" ", 2)[1:2]
    return int(stamp[0]) if stamp and stamp[0].isdigit() else 0


def pack_name(target: str, place: str) -> str:
    """The file of a target: named for it, so that it goes when the target is removed."""
    return f"{target}-{hashlib.sha256(place.encode()).hexdigest()}.cells"


Complain = Callable[[str], None]
"""Told one sentence, once, when the cells cannot be kept."""
