"""One place where a hostile file meets a parser: whatever it makes the parser raise is the value ``malformed``."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from opensslrun.facts.model import FactValue, Values

MALFORMED: Final = "malformed"

Asn1: TypeAlias = Any
"""Something that ``asn1crypto`` parsed; it ships no annotations."""

Drawn = TypeVar("Drawn")

_ONE_AT_A_TIME = threading.RLock()  # the filters of :mod:`warnings` belong to the process, and targets run in threads


def attempt(draw: Callable[[], Drawn]) -> Drawn | None:
    """What ``draw`` returns, or None when the data it reads is malformed.

    The parsers raise many types for hostile data (ValueError, KeyError, RecursionError, InvalidVersion, …), not all
    of them documented, so all are caught. Warnings about data (a serial that is not positive, a short key) are no
    concern here: what they tell of is a fact of its own.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return draw()
        except Exception:  # noqa: BLE001
            return None


def values(draws: dict[str, Callable[[], FactValue]], *, absent: frozenset[str] = frozenset()) -> Values:
    """Each value drawn on its own, so that one malformed field does not hide the others.

    ``absent`` names those that are left out when they are None; elsewhere None is a value.
    """
    drawn: Values = {}
    for name, draw in draws.items():
        kept = attempt(lambda draw=draw: (draw(),))  # type: ignore[misc]
        value = MALFORMED if kept is None else kept[0]
        if value is not None or name not in absent:
            drawn[name] = value
    return drawn
