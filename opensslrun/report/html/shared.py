"""What several targets show alike stands once, and says on which it was seen.

A set of targets (or of pairs) has one class in the whole page, and one rule of style that names its members; while one
of them is looked at, what belongs to sets without it is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from opensslrun.report.words import visible

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Shared(Generic[T]):
    """A value, and the class of the set of targets that show it; none where all do."""

    value: T
    of: str


@dataclass(frozen=True, slots=True)
class Letters:
    """With what the classes begin of a set, of the link that picks one member, and of a case where it is picked."""

    set: str = "w"
    link: str = "t"
    picked: str = "o"


class Sets:
    """The sets of members that a page speaks of: targets, or whatever else shows something."""

    def __init__(self, names: Callable[[Collection[int]], str], letters: Letters) -> None:
        self._names = names
        self._letters = letters
        self._numbers: dict[tuple[int, ...], int] = {}

    def of(self, columns: Iterable[int]) -> str:
        """The class of a set."""
        return f"{self._letters.set}{self._numbers.setdefault(tuple(columns), len(self._numbers))}"

    def shared(self, seen: Iterable[tuple[int, T]], every: Sequence[int]) -> tuple[Shared[T], ...]:
        """Equal values together, in the order they first come. What all of ``every`` show needs no class."""
        groups: dict[T, list[int]] = {}
        for number, value in seen:
            groups.setdefault(value, []).append(number)
        return tuple(
            Shared(value, "" if len(numbers) == len(every) else self.of(numbers)) for value, numbers in groups.items()
        )

    def rules(self) -> Iterable[str]:
        """The names of each set, and for each member what to hide while it is looked at."""
        a_set, link, picked = self._letters.set, self._letters.link, self._letters.picked
        for members, number in self._numbers.items():
            yield f".{a_set}{number}>.who::after{{content:{css_string(self._names(members))}}}"
        for member in sorted({member for members in self._numbers for member in members}):
            others = [number for members, number in self._numbers.items() if member not in members]
            if others:
                hidden = ",".join(f".{a_set}{number}" for number in others)
                looked_at = f".case:has(.{link}{member}:target),.case.{picked}{member}"
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
