"""A result in words: values on one line, control characters shown and not obeyed, counts with their nouns."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

from opensslrun.facts.model import FactValue

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with control, bidirectional and unassigned characters spelled out (``\\x1b``), so that what an
    ``openssl`` printed cannot move a terminal's cursor or change its colours.
    """
    if text.isprintable():  # nearly all of a result, and a hundred times quicker
        return text
    return "".join(
        _spelled(character) if unicodedata.category(character) in _HIDDEN else character for character in text
    )


_NOT_ASCII = re.compile(r"[^\n -~]")


def visible_json(document: str) -> str:
    """A JSON document that says the same with every character escaped that JSON may hold raw and a terminal would
    obey or hide: a delete, 8-bit control sequences, what turns text round.
    """
    if document.isascii() and "\x7f" not in document:  # nearly all of a result; lower control characters are escaped
        return document
    return _NOT_ASCII.sub(lambda match: match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1], document)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def value_in_words(value: FactValue) -> str:
    """A fact's value for people, on one line."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case str():
            return visible(value) if value and value == value.strip() else f"'{visible(value)}'"
        case list():
            return ", ".join(_member_in_words(item) for item in value) or "none"
        case {"absent": _}:
            return "(not there)"
        case {"between": [low, high]}:
            return f"{value_in_words(low)} to {value_in_words(high)}"
        case _:
            return ", ".join(f"{key} {value_in_words(item)}" for key, item in value.items())


def _member_in_words(value: FactValue) -> str:
    """A member of a list; quoted where it holds what separates members."""
    words = value_in_words(value)
    punctuated = isinstance(value, str) and not words.startswith("'") and any(mark in value for mark in ",:;")
    return f"'{words}'" if punctuated else words


def shortened(text: str, width: int) -> str:
    """At most ``width`` characters, the cut shown."""
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def counted(number: int, noun: str) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def names_in_words(names: Sequence[str]) -> str:
    """``openssl-1.1.1, 1.1.1f; debian-12``: what comes before the version stands once for those in a row."""
    by_kind: dict[str, list[str]] = {}
    for name in names:
        kind, dash, version = name.rpartition("-")
        by_kind.setdefault(kind + dash if version[:1].isdigit() else name, []).append(version)
    parts = [kind + ", ".join(versions) if kind.endswith("-") else kind for kind, versions in by_kind.items()]
    return visible(("; " if any(len(each) > 1 for each in by_kind.values()) else ", ").join(parts))
