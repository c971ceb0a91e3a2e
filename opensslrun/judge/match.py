"""Comparing a value with what was said of it: equality, or one of the patterns of :mod:`opensslrun.cases.said`.

What is no pattern is compared for equality, type included (1 is not true).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from opensslrun.cases.said import pattern_of
from opensslrun.facts.model import FactValue
from opensslrun.selection import matches_glob


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""Stands for a fact that a step did not yield."""

Seen = FactValue | Literal[_Absent.ABSENT]


def matches(said: FactValue, seen: Seen) -> bool:
    """Whether what was seen is what was said."""
    name = pattern_of(said)
    if name is None or not isinstance(said, dict):
        return _same(said, seen)
    operand = said[name]
    match name:
        case "absent":
            return (seen is ABSENT) is bool(operand)
        case "between":
            return _between(operand, seen)
        case "contains":
            return isinstance(seen, list) and isinstance(operand, list) and all(_in(item, seen) for item in operand)
        case "like":
            return _like(operand, seen)
        case _:
            return isinstance(seen, list) and isinstance(operand, list) and not any(_in(item, seen) for item in operand)


def alike(one: Seen, other: Seen) -> bool:
    """Whether two values, or two patterns, are the same, type included; what is not there is like itself alone."""
    return one is other if one is ABSENT else _same(one, other)


def _between(bounds: FactValue, seen: Seen) -> bool:
    if not isinstance(bounds, list) or isinstance(seen, bool) or not isinstance(seen, int):
        return False
    low, high = bounds  # two integers: checked when the file was read
    return isinstance(low, int) and isinstance(high, int) and low <= seen <= high


def _like(globs: FactValue, seen: Seen) -> bool:
    if not isinstance(globs, list) or not isinstance(seen, list) or len(globs) != len(seen):
        return False
    pairs = zip(globs, seen, strict=True)
    return all(isinstance(glob, str) and isinstance(text, str) and matches_glob(text, glob) for glob, text in pairs)


def _in(item: FactValue, values: list[FactValue]) -> bool:
    return any(_same(item, value) for value in values)


def _same(one: FactValue, other: Seen) -> bool:
    if other is ABSENT or type(one) is not type(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(left, right) for left, right in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return one == other
