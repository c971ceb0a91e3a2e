"""What somebody may have meant by a name that there is not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

_ALIKE: Final = 0.5
"""More of two names must be the same, from 0 to 1, for one to be a slip of the other: ``debain-12`` is 0.88 of
``debian-12``, ``plan9`` 0.4 of ``linux``, ``D009`` 0.5 of ``D001``."""
_MOST_MEANT: Final = 3
_MOST_LISTED: Final = 40
"""Names in one message. There are hundreds of cases, which a command lists better."""


def suggestion(typed: str, names: Sequence[str]) -> str:
    """``did you mean 'libressl-3.0.2'?``, or what there is where no name is near; the end of a message's sentence.

    ``typed`` may be a glob. Nothing in a name steers the terminal that the message is shown on.
    """
    return did_you_mean(nearest(typed, names)) or _there_are(names)


def did_you_mean(names: Sequence[str]) -> str:
    """The question; empty without names."""
    if not names:
        return ""
    shown = [repr(name) for name in names[:_MOST_MEANT]]
    if len(names) > _MOST_MEANT:
        shown.append("another that begins so")
    last = shown.pop()
    return f"did you mean {', '.join(shown) + ' or ' if shown else ''}{last}?"


def nearest(typed: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names that begin with what was typed, in any case of letters; else the one that is most alike, if any is.

    Of those that are equally alike it is the one that begins alike for longest, else the first.
    """
    start = typed.rstrip("*").lower()
    beginning = tuple(name for name in names if begins(name.lower(), start))
    if beginning:
        return beginning
    alike = [(_likeness(start, name.lower()), name) for name in names]
    best = max(alike, key=lambda each: each[0], default=None)
    return (best[1],) if best is not None and best[0][0] > _ALIKE else ()


def begins(name: str, start: str) -> bool:
    """Whether a name begins so, and not in the middle of a number: ``openssl-3.1`` is not ``openssl-3.10``."""
    rest = name[len(start) :]
    return bool(start) and name.startswith(start) and not (start[-1].isdigit() and rest[:1].isdigit())


def _likeness(typed: str, name: str) -> tuple[float, int]:
    """How much of both is the same, and how far they begin alike."""
    one, other = _pieces(typed), _pieces(name)
    beginning = takewhile(lambda pieces: pieces[0] == pieces[1], zip(one, other, strict=False))
    return difflib.SequenceMatcher(None, other, one, autojunk=False).ratio(), len(list(beginning))


def _pieces(name: str) -> list[str]:
    """Letter by letter, but a number is one piece, with or without zeros before it: ``D009`` has as much to do with
    ``D001`` as with any other."""
    return [piece.lstrip("0") or "0" if piece.isdigit() else piece for piece in re.findall(r"\d+|.", name, re.DOTALL)]


def _there_are(names: Sequence[str]) -> str:
    shown = [name if name.isprintable() else repr(name) for name in names[:_MOST_LISTED]]
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"there are: {', '.join(shown) or 'none'}{more}"
