"""A fact's value as a person writes it down: literally, or as one of a few named patterns.

A pattern is an object with exactly one of the keys ``between`` ([low, high], inclusive, for integers), ``contains``
and ``lacks`` (a list's members), ``like`` (a glob for each text of a list, in order) and ``absent`` (true: the fact was
not drawn at all). What none of this says is meant literally. TOML has no null, so
``{ none = true }`` is read as one, wherever it stands.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator

from opensslrun.facts.model import FactValue

PATTERNS: Final = frozenset({"between", "contains", "lacks", "like", "absent"})


def pattern_of(said: FactValue) -> str | None:
    """The name of the pattern, or None when the value is meant literally."""
    if isinstance(said, dict) and len(said) == 1:
        (name,) = said
        return name if name in PATTERNS else None
    return None


def checked(said: FactValue) -> FactValue:
    """The value, nulls put in. Raises ValueError for a pattern that could match nothing, or whatever comes."""
    name = pattern_of(said)
    if name is None or not isinstance(said, dict):
        return _literal(said)
    operand = said[name]
    match name:
        case "absent":
            if operand is not True:
                raise ValueError("'absent' can only be true: the fact is not there")
        case "between":
            bounds = operand if isinstance(operand, list) else []
            low, high = (*bounds, None, None)[:2]
            if len(bounds) != 2 or type(low) is not int or type(high) is not int or low > high:
                raise ValueError("'between' takes two integers, the lower first, such as [16, 20]")
        case "like":
            globs = operand if isinstance(operand, list) else []
            if not globs or not all(isinstance(glob, str) and glob.strip("*?") for glob in globs):
                raise ValueError("'like' takes a glob for each text of a list, and each has more in it than '*'")
        case _:
            if not isinstance(operand, list) or not operand:
                raise ValueError(f"'{name}' takes a list of at least one member")
            return {name: [_literal(member) for member in operand]}
    return said


def _literal(said: FactValue) -> FactValue:
    if isinstance(said, list):
        return [_literal(each) for each in said]
    if isinstance(said, dict):
        if said == {"none": True}:
            return None
        if any(pattern_of(each) for each in said.values()):
            raise ValueError("a pattern stands for a whole value and cannot stand inside of one")
        return {key: _literal(each) for key, each in said.items()}
    return said


SaidValue = Annotated[FactValue, AfterValidator(checked)]
"""A value in a file that a person writes, checked when it is read."""
