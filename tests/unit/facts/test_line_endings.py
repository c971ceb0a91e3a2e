"""How lines end is a fact of its own, and the wording is compared without regard to it."""

from __future__ import annotations

import pytest

from opensslrun.bench.base import Observation, SeenFile
from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts.extract import extract
from opensslrun.facts.model import Facts

BEFORE = {"given": SeenFile("file", 0o644, 2, b"x\n")}


def facts_of(stdout: bytes, after: SeenFile = BEFORE["given"]) -> Facts:
    outcome = Outcome(Ending.EXITED, 0, (), "", stdout, b"", 0.0)
    return extract("openssl x509", frozenset({"stdout"}), BEFORE, Observation(outcome, {"given": after}), ())


@pytest.mark.parametrize(
    ("stdout", "said"),
    [
        (b"a\nb\n", "lf"),
        (b"a\r\nb\r\n", "crlf"),
        (b"a\r\nb\n", "mixed"),
        (b"", None),
        (b"no end", None),
        (b"binary\0\r\n", None),
    ],
)
def test_of_standard_output(stdout: bytes, said: str | None) -> None:
    fact = facts_of(stdout).get("stdout.line_endings")
    assert (None if fact is None else fact.value) == said
    assert fact is None or fact.gates


def test_the_wording_is_the_same_with_both() -> None:
    assert facts_of(b"a\r\nb\r\n")["stdout"] == facts_of(b"a\nb\n")["stdout"]
    assert facts_of(b"a\rb\n")["stdout"] != facts_of(b"a\nb\n")["stdout"], "a bare CR is no line end"


def test_a_file_without_a_mode_is_changed_by_its_content_only() -> None:
    assert facts_of(b"", SeenFile("file", None, 2, b"x\n"))["files.changed"].value == []
    changed = facts_of(b"", SeenFile("file", None, 2, b"y\n"))
    assert changed["files.changed"].value == ["given"]
    assert "file.mode@given" not in changed
    assert facts_of(b"", SeenFile("file", 0o600, 2, b"x\n"))["file.mode@given"].value == "0600"
