"""One place where a hostile file meets a parser: whatever it makes the parser raise is the value ``malformed``."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, TypeAlias, TypeVar

from opensslrun.facts.model import FactValue, Values

MALFORMED: Final = "malformed"

Asn1: TypeAlias = Any
"""Something that ``asn1crypto`` parsed; it ships no annotations."""

Drawn = TypeVar("Drawn")


class _Quiet:
    """No warnings within it. Their filters belong to the process, and targets run in threads: one thread at a time.

    Only the outermost changes the filters, which takes longer than many a value that is drawn.
    """

    def __init__(self) -> None:
        self._one_at_a_time = threading.RLock()
        self._depth = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._one_at_a_time.acquire()
        if self._depth == 0:
            self._caught = warnings.catch_warnings()
            self._caught.__enter__()
            warnings.simplefilter("ignore")
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._caught.__exit__(kind, error, trace)
        self._one_at_a_time.release()


_QUIET = _Quiet()


def attempt(draw: Callable[[], Drawn]) -> Drawn | None:
    """What ``draw`` returns, or None when the data it reads is malformed.

    The parsers raise many types for hostile data (ValueError, KeyError, RecursionError, InvalidVersion, …), not all
    of them documented, so all are caught. Warnings about data (a serial that is not positive, a short key) are no
    concern here: what they tell of is a fact of its own.
    """
    with _QUIET:
        try:
            return draw()
        except Exception:  # noqa: BLE001
            return None


def values(draws: dict[str, Callable[[], FactValue]], *, absent: frozenset[str] = frozenset()) -> Values:
    """Each value drawn on its own, so that one malformed field does not hide the others.

    ``absent`` names those that are left out when they are None; elsewhere None is a value.
    """
    drawn: Values = {}
    with _QUIET:
        for name, draw in draws.items():
            kept = attempt(lambda draw=draw: (draw(),))  # type: ignore[misc]
            value = MALFORMED if kept is None else kept[0]
            if value is not None or name not in absent:
                drawn[name] = value
    return drawn
