"""Files: what came, changed and went, in what format, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opensslrun.bench.base import Observation, SeenFile
from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts.extract import extract
from opensslrun.facts.model import FactValue

Draw = Callable[..., dict[str, FactValue]]
Make = Callable[..., dict[str, bytes]]

DONE = Outcome(Ending.EXITED, 0, (), "", b"", b"", 0.1)


def test_created_changed_removed_and_empty(draw: Draw) -> None:
    facts = draw({"same": b"s", "new": b"n", "cut": b"", "none": b""}, {"same": b"s", "cut": b"c", "gone": b"g"})
    assert facts["files.created"] == ["new", "none"]
    assert facts["files.changed"] == ["cut"]
    assert facts["files.removed"] == ["gone"]
    assert facts["files.empty"] == ["cut", "none"]
    assert facts["file.format@none"] == "empty"
    assert not any(name.endswith(("@same", "@gone")) for name in facts)


def test_nothing_touched_is_told_with_empty_lists(draw: Draw) -> None:
    facts = draw({"a": b"a"}, {"a": b"a"})
    assert [facts[f"files.{name}"] for name in ("created", "changed", "removed", "empty")] == [[], [], [], []]


def test_mode_and_kind_count_as_a_change() -> None:
    before = {"k": SeenFile("file", 0o600, 1, b"k"), "d": SeenFile("file", 0o644, 1, b"d")}
    after = {"k": SeenFile("file", 0o644, 1, b"k"), "d": SeenFile("directory", 0o755, 0, None)}
    facts = extract("true", frozenset(), before, Observation(DONE, after), ())
    assert facts["files.changed"].value == ["d", "k"]
    assert facts["file.mode@k"].value == "0644"
    assert (facts["file.kind@d"].value, "file.format@d" in facts) == ("directory", False)


def test_a_file_too_large_to_be_read_is_told_as_that() -> None:
    seen = Observation(DONE, {"big": SeenFile("file", 0o644, 2**30, None)})
    facts = extract("true", frozenset(), {}, seen, ())
    assert facts["file.format@big"].value == "too large"
    assert facts["files.empty"].value == []


@pytest.mark.parametrize(
    ("content", "form", "endings"),
    [
        (b"hello\n", "text", "lf"),
        (b"hello\r\nworld\r\n", "text", "crlf"),
        (b"hello\r\nworld\n", "text", "mixed"),
        (b"hello", "text", "none"),
        ("\ufeffhello\n".encode(), "text", "lf"),
        ("hello\n".encode("utf-16"), "unknown", None),
        (b"\xff\xfe\xfd", "unknown", None),
        (b"0123456789", "text", "none"),
    ],
)
def test_format_and_line_endings(draw: Draw, content: bytes, form: str, endings: str | None) -> None:
    facts = draw({"f": content})
    assert facts["file.format@f"] == form
    assert facts.get("file.line_endings@f") == endings


def test_what_stands_around_the_blocks(draw: Draw, make: Make) -> None:
    pem = make({"name": "root"}, f=["root"])["f"]
    cases: dict[bytes, list[str]] = {
        pem: [],
        pem + pem: [],
        b"\n \n" + pem + b"\n": [],
        b"subject=x\n" + pem: ["before"],
        pem + b"subject=x\n" + pem: ["between"],
        pem + b"extra": ["after", "no final newline"],
        pem.rstrip(b"\n"): ["no final newline"],
        b"\xef\xbb\xbf" + pem: ["before"],
    }
    for content, around in cases.items():
        assert draw({"f": content})["file.around@f"] == around


def test_crlf_pem_is_still_a_certificate(draw: Draw, make: Make) -> None:
    pem = make({"name": "root"}, f=["root"])["f"]
    facts = draw({"f": pem.replace(b"\n", b"\r\n")})
    assert (facts["file.line_endings@f"], facts["certificate.well_formed@f"]) == ("crlf", True)


def test_bytes_after_der_are_told(draw: Draw, make: Make) -> None:
    der = make({"name": "root"}, f=["der:root"])["f"]
    assert draw({"f": der})["file.around@f"] == []
    facts = draw({"f": der + b"\xff"})
    assert (facts["file.around@f"], facts["der.holds@f"]) == (["after"], "certificate")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(Ending.EXITED, 3, (), "", b"", b"", 1.0), {"ending": "exited", "exit_status": 3}),
        (Outcome(Ending.SIGNALLED, 25, (), "", b"", b"", 1.0), {"ending": "signal SIGXFSZ"}),
        (Outcome(Ending.SIGNALLED, 99, (), "", b"", b"", 1.0), {"ending": "signal 99"}),
        (Outcome(Ending.HUNG, -1, ("a:",), "b:", b"", b"", 9.0), {"ending": "hung", "unanswered": "b:"}),
    ],
)
def test_the_ending_and_the_status_agree(draw: Draw, outcome: Outcome, expected: dict[str, object]) -> None:
    facts = draw({}, outcome=outcome)
    assert {name: facts[name] for name in ("ending", "exit_status", "unanswered") if name in facts} == expected


def test_wording_gates_only_where_it_is_named_and_is_kept_whole_there() -> None:
    stdout = b"serial=5C6ADE3D0F7A11BB00\nnotBefore=Nov  4 01:41:22 2026 GMT\n"
    seen = Observation(Outcome(Ending.EXITED, 0, (), "", stdout, b"", 0.1), {})
    plain = extract("openssl x509", frozenset(), {}, seen, ())
    gated = extract("openssl x509", frozenset({"stdout"}), {}, seen, ())
    assert (plain["stdout"].gates, plain["stdout"].value) == (False, "serial=<serial>\nnotBefore=<date>\n")
    assert (gated["stdout"].gates, gated["stdout"].value) == (True, stdout.decode())
    assert gated["stderr"].gates is False
    assert all(fact.gates for name, fact in plain.items() if name not in {"stdout", "stderr"})
