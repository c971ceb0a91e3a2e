"""What several targets show alike stands once, and says on which it was seen.

A set of targets has one class in the whole page, and one rule of style that names its members; while one target is
looked at, what belongs to sets without it is hidden.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from opensslrun.report.html.columns import Column, who
from opensslrun.report.words import visible

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Shared(Generic[T]):
    """A value, and the class of the set of targets that show it; none where all do."""

    value: T
    of: str


class Sets:
    """The sets of columns that a page speaks of."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._numbers: dict[tuple[int, ...], int] = {}

    def of(self, columns: Iterable[int]) -> str:
        """The class of a set."""
        return f"w{self._numbers.setdefault(tuple(columns), len(self._numbers))}"

    def shared(self, seen: Iterable[tuple[int, T]], every: Sequence[int]) -> tuple[Shared[T], ...]:
        """Equal values together, in the order they first come. What all of ``every`` show needs no class."""
        groups: dict[T, list[int]] = {}
        for number, value in seen:
            groups.setdefault(value, []).append(number)
        return tuple(
            Shared(value, "" if len(numbers) == len(every) else self.of(numbers)) for value, numbers in groups.items()
        )

    def rules(self) -> Iterable[str]:
        """The names of each set, and for each target what to hide while it is looked at."""
        for columns, number in self._numbers.items():
            yield f".w{number}>.who::after{{content:{css_string(who(columns, self._columns))}}}"
        for column in self._columns:
            others = [number for columns, number in self._numbers.items() if column.number not in columns]
            if others:
                hidden = ",".join(f".w{number}" for number in others)
                looked_at = f".case:has(.t{column.number}:target),.case.o{column.number}"
                yield f"{looked_at}{{{hidden}{{display:none!important}}}}"


def css_string(text: str) -> str:
    """The text as a string in a sheet of style; all but letters and digits by code point, so that it can be no more."""
    return (
        '"'
        + "".join(
            character
            if character.isascii() and (character.isalnum() or character in " .,-")
            else f"\\{ord(character):x} "
            for character in visible(text)
        )
        + '"'
    )
