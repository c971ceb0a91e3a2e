"""What was drawn from the same bytes before is not drawn again, unless they are so many that to keep them is dear."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

MAX_REMEMBERED = 64 * 1024
"""Bytes of a certificate or a key."""

MAX_PRINTED = 16 * 1024
"""Bytes of a stream. Most versions print the same, and seldom more than a certificate as text."""

_Text = TypeVar("_Text", str, bytes)
_Others = ParamSpec("_Others")
_Drawn = TypeVar("_Drawn")
_Function = Callable[Concatenate[_Text, _Others], _Drawn]


def remembered(
    maxsize: int, longest: int
) -> Callable[[_Function[_Text, _Others, _Drawn]], _Function[_Text, _Others, _Drawn]]:
    """Keeps the last ``maxsize`` results of a function whose first argument is at most ``longest`` bytes or characters.

    A run is held in memory to its end, and what a command writes may have any size: 512 certificates of 3 MB would be
    1.5 GB. Those that an ``openssl`` makes have one or two KB.
    """

    def decorated(function: _Function[_Text, _Others, _Drawn]) -> _Function[_Text, _Others, _Drawn]:
        known = lru_cache(maxsize)(function)

        @wraps(function)
        def recalled(text: _Text, /, *args: _Others.args, **kwargs: _Others.kwargs) -> _Drawn:
            return (known if len(text) <= longest else function)(text, *args, **kwargs)

        return recalled

    return decorated
