"""Selecting by glob, with a helpful word when nothing matches."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import TypeVar

from opensslrun.errors import UsageError
from opensslrun.suggestion import suggestion

Item = TypeVar("Item")


def select(items: Sequence[Item], globs: Sequence[str], kind: str, name: Callable[[Item], str]) -> tuple[Item, ...]:
    """The items whose name any glob matches, in their own order; all of them when there is no glob.

    Raises UsageError for a glob that matches nothing: a selection that silently shrinks is a false green.
    """
    names = [name(item) for item in items]
    for glob in globs:
        if not any(fnmatchcase(each, glob) for each in names):
            raise UsageError(f"no {kind} matches {glob!r}; {suggestion(glob, names)}")
    return tuple(item for item in items if not globs or any(fnmatchcase(name(item), glob) for glob in globs))


def matches_glob(text: str, glob: str) -> bool:
    """Whether a glob of ``*`` and ``?`` fits. A bracket is meant literally: fact names and command lines have them."""
    return glob == "*" or _matcher(glob)(text) is not None


@lru_cache(maxsize=4096)
def _matcher(glob: str) -> Callable[[str], object]:
    """Remembered: judging asks for the same few hundred globs a million times."""
    return re.compile(translate(glob.replace("[", "[[]"))).match
