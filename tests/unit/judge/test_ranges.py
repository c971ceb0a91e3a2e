"""How far a range of versions was measured, and what its ends rest on."""

from __future__ import annotations

import pytest

from opensslrun.driver.version import Implementation, Version
from opensslrun.judge.ranges import are_neighbours, ranges_of
from opensslrun.judge.schema import Shown, version_seen

SEEN = [
    version_seen(f"OpenSSL {number}") for number in ("1.1.1", "1.1.1f", "1.1.1g", "3.0.2", "3.0.19", "3.0.20", "3.2.1")
]
SEEN += [version_seen("LibreSSL 3.0.2"), version_seen("LibreSSL 3.1.0")]


def said(on: str | list[str]) -> list[str]:
    return [f"{each.start} {each.end}".strip() for each in ranges_of(Shown(fact="prompts", on=on, value=1), SEEN)]


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (
            "OpenSSL < 3.0",
            "from 1.1.1 (measured; nothing older was) "
            "to 1.1.1g (measured; between 1.1.1g and 3.0.2 interpolated; 3.0.2 shows something else)",
        ),
        (
            "OpenSSL >= 3.0, <= 3.0.19",
            "from 3.0.2 (measured; between 1.1.1g and 3.0.2 interpolated; 1.1.1g shows something else) "
            "to 3.0.19 (measured; 3.0.20 shows something else)",
        ),
        (
            "OpenSSL > 1.1.1f, < 3.0",
            "from 1.1.1g (measured; 1.1.1f shows something else) "
            "to 1.1.1g (measured; between 1.1.1g and 3.0.2 interpolated; 3.0.2 shows something else)",
        ),
        ("LibreSSL < 3.3", "from 3.0.2 (measured; nothing older was) to 3.1.0 (measured; nothing newer was)"),
        ("OpenSSL >= 4.0", "nothing of it was measured"),
    ],
)
def test_each_end_says_what_it_rests_on(on: str, words: str) -> None:
    assert said(on) == [words]


def test_the_next_set_of_one_value_is_nothing_else() -> None:
    first, _ = said(["OpenSSL < 3.0", "OpenSSL >= 3.0, < 3.1"])
    assert "to 1.1.1g (measured; between 1.1.1g and 3.2.1 interpolated" in first


@pytest.mark.parametrize(
    ("older", "newer", "are"),
    [
        ("1.1.1", "1.1.1a", True),
        ("1.1.1f", "1.1.1g", True),
        ("1.1.1g", "1.1.1w", False),
        ("3.0.19", "3.0.20", True),
        ("3.0.20", "3.1.0", False),
        ("1.1.1w", "3.0.0", False),
    ],
)
def test_neighbours_have_no_release_between_them(older: str, newer: str, are: bool) -> None:
    one, other = (Version.parse(Implementation.OPENSSL, number) for number in (older, newer))
    assert are_neighbours(one, other) is are


def test_what_is_no_version_was_not_seen() -> None:
    with pytest.raises(ValueError, match="is no version whose output"):
        version_seen("OpenSSL 1.1.1 to 4.0.3, sixteen releases")
    assert version_seen("OpenSSL 1.1.1g for Windows") == version_seen("OpenSSL 1.1.1g")
