"""Results, reports and records are replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from opensslrun.driver.system import here
from opensslrun.errors import UsageError


def write_text(path: Path, text: str) -> None:
    """Replace a file by this UTF-8 text; see :func:`write_pieces`."""
    write_pieces(path, [text])


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """Replace a file by the UTF-8 text of these pieces; a reader sees the old file or the new one, never a part.

    A symbolic link is followed, so that the file it names is replaced. A file that was there keeps its permissions.
    What is no regular file (``/dev/null``, a pipe) is written to and never replaced. Raises UsageError with the
    reason when it cannot be written; the old file is then untouched.
    """
    destination = path.resolve()
    name = ""
    try:
        mode = _mode_of(destination)
        if mode is not None and not stat.S_ISREG(mode):
            with destination.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
            return
        handle, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
            here.set_mode(file.fileno(), here.new_file_mode() if mode is None else stat.S_IMODE(mode))
        os.replace(name, destination)  # noqa: PTH105  (Path.replace does the same; this names what matters)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    finally:
        with contextlib.suppress(FileNotFoundError, OSError):
            if name:
                os.unlink(name)  # noqa: PTH108


def _mode_of(path: Path) -> int | None:
    """What kind of file is there and its permissions, or None when there is none."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
