"""Which files something was read from, and what they held: so that a later run can tell whether it would read the same.

What is read through this module is noted while :func:`noting` is open. It is for files that a person writes, whose
content decides what a run does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Noted:
    """``read`` maps each path to the sha256 of what it held, None where it could not be read.

    ``listed`` maps a folder and a pattern to the paths that were there.
    """

    read: dict[str, str | None] = field(default_factory=dict)
    listed: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def still_holds(self) -> bool:
        """Whether reading all of it again would give the same."""
        return all(_sha256_of(Path(path)) == sha256 for path, sha256 in self.read.items()) and all(
            _there(Path(folder), pattern) == paths for folder, pattern, paths in self.listed
        )

    def add(self, path: Path, sha256: str | None) -> None:
        """Note what a file held. One that held something else a moment ago holds nothing that can be relied on."""
        known = self.read.setdefault(str(path), sha256)
        if known != sha256:
            self.read[str(path)] = "changed while it was read"


_open: ContextVar[Noted | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[Noted]:
    """Note what this thread reads until the block ends."""
    noted = Noted()
    token = _open.set(noted)
    try:
        yield noted
    finally:
        _open.reset(token)


def read_bytes(path: Path) -> bytes:
    """What a file holds. Raises OSError, and ValueError for what is no path."""
    noted = _open.get()
    try:
        content = path.read_bytes()
    except (OSError, ValueError):
        if noted is not None:
            noted.add(path, None)
        raise
    if noted is not None:
        noted.add(path, hashlib.sha256(content).hexdigest())
    return content


def listed(folder: Path, pattern: str) -> list[Path]:
    """The paths in a folder that match a pattern, sorted."""
    paths = sorted(folder.glob(pattern))
    noted = _open.get()
    if noted is not None:
        noted.listed.append((str(folder), pattern, [str(path) for path in paths]))
    return paths


def _there(folder: Path, pattern: str) -> list[str]:
    return [str(path) for path in sorted(folder.glob(pattern))]


def _sha256_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return None
