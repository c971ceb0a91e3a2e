"""Where the data that is shipped with the package stands: inside a wheel, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from opensslrun.errors import OpensslrunError


def shipped(name: str) -> Path:
    """The shipped file or folder of this name (``targets.toml``, ``cases``, ``differences.toml``).

    A wheel carries the data as ``opensslrun/_matrix``; a checkout and an editable install have it in
    ``matrix`` beside the package. Raises OpensslrunError when neither is there: a broken installation.
    """
    package = Path(__file__).parent
    candidates = (package / "_matrix" / name, package.parent / "matrix" / name)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise OpensslrunError(
        f"opensslrun's own data {name!r} is neither {candidates[0]} nor {candidates[1]}; install opensslrun again"
    )
