"""How far what an entry says of a range of versions was measured, and where its ends are taken to be.

Computed from the versions whose output was looked at (``seen_on``) and the sets of the entry, never written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from opensslrun.driver.version import Version, VersionSet
from opensslrun.judge.schema import Shown


@dataclass(frozen=True, slots=True)
class Range:
    """One set of versions of a predicted value.

    ``first`` and ``last`` are the oldest and newest of it that were measured, ``before`` and ``after`` the nearest
    measured ones beyond its ends, which show something else. None where nothing was measured.
    """

    on: str
    first: Version | None
    last: Version | None
    before: Version | None
    after: Version | None

    @property
    def start(self) -> str:
        """Where it begins: in words, with how that is known."""
        if self.first is None:
            return "nothing of it was measured"
        if self.before is None:
            return f"from {self.first.number} (measured; nothing older was)"
        return (
            f"from {self.first.number} ({_known(self.before, self.first)}; {self.before.number} shows something else)"
        )

    @property
    def end(self) -> str:
        """Where it ends, likewise; empty where nothing of it was measured."""
        if self.last is None:
            return ""
        if self.after is None:
            return f"to {self.last.number} (measured; nothing newer was)"
        return f"to {self.last.number} ({_known(self.last, self.after)}; {self.after.number} shows something else)"


def _known(older: Version, newer: Version) -> str:
    return (
        "measured"
        if are_neighbours(older, newer)
        else f"measured; between {older.number} and {newer.number} interpolated"
    )


def are_neighbours(older: Version, newer: Version) -> bool:
    """Whether no release lies between two of one implementation: 1.1.1f and 1.1.1g, 3.0.19 and 3.0.20."""
    one, other = _patch(older), _patch(newer)
    return one is not None and other is not None and one[0] == other[0] and other[1] - one[1] == 1


def _patch(version: Version) -> tuple[str, int] | None:
    """The part before the last number or letter, and that as a number."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)([a-y]?)", version.number)
    if match is None or version.suffix:
        return None
    if match[2] or version.line == match[1]:  # 1.1.1, 1.1.1a …
        return match[1], ord(match[2]) - ord("a") + 1 if match[2] else 0
    head, _, last = match[1].rpartition(".")
    return head, int(last)


def ranges_of(shown: Shown, seen: Sequence[Version]) -> tuple[Range, ...]:
    """A range for each set of versions of a predicted value."""
    return tuple(_range(versions, shown, seen) for versions in shown.versions)


def _range(versions: VersionSet, shown: Shown, seen: Sequence[Version]) -> Range:
    of_it = sorted(version for version in seen if version.implementation is versions.implementation)
    inside = [version for version in of_it if version in versions]
    elsewhere = [version for version in of_it if not any(version in each for each in shown.versions)]
    first, last = (inside[0], inside[-1]) if inside else (None, None)
    return Range(
        on=versions.text,
        first=first,
        last=last,
        before=max((each for each in elsewhere if first is not None and each.order < first.order), default=None),
        after=min((each for each in elsewhere if last is not None and each.order > last.order), default=None),
    )
