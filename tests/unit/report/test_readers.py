"""The readers' rows and the answer, from a result written by hand."""

from __future__ import annotations

from typing import Any

import pytest

import handwritten
from onterminal import printed
from opensslrun.report.model import Result
from opensslrun.report.readers import readers_in_words, show_readers


def row(name: str, quality: str = "measured", verdict: str | None = "pass", **more: Any) -> dict[str, Any]:
    base = {"target": f"t-{name}", "name": name, "guide_row": None, "quality": quality, "verdict": verdict}
    return base | ({} if quality == "not-run" else {"by": f"t-{name}"}) | more


def result(*readers: dict[str, Any], targets: list[dict[str, Any]] | None = None) -> Result:
    return Result.model_validate(handwritten.result(targets=targets or [], readers=list(readers)))


def shown(data: Result, width: int = 80) -> str:
    return " ".join(printed(show_readers, data, width=width).split())


STANDING = row("Ubuntu 18.04", "stand-in", "known", by="openssl-1.1.1", lacks="the distribution's own patches")


@pytest.mark.parametrize("width", [80, 160])
def test_a_stand_in_is_called_one_next_to_its_row_with_what_it_does_not_show(width: int) -> None:
    text = shown(result(STANDING), width)
    assert "Ubuntu 18.04 differs stand-in openssl-1.1.1; does not show the distribution's own patches" in text


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ("pass", "yes"),
        ("known", "differs"),
        ("fail", "no: fail"),
        ("error", "no: error"),
        ("new", "no: new"),
        ("unsupported", "unsupported"),
        ("not-run", "not-run"),
    ],
)
def test_each_verdict_is_said_in_a_word(verdict: str, says: str) -> None:
    assert f"Debian 12 {says} t-Debian 12" in shown(result(row("Debian 12", verdict=verdict)))


def test_a_security_difference_is_said_at_any_width_and_the_others_counted_where_there_is_room() -> None:
    data = result(row("macOS", verdict="known", differences={"security": 2, "format": 1}))
    assert "macOS differs: security t-macOS" in shown(data, 80)
    assert "macOS differs: security 2 security, 1 format t-macOS" in shown(data, 160)


def test_a_reader_that_was_not_run_has_a_row_with_the_reason_cut_but_for_the_guides_own() -> None:
    reason = "t-x could not be had by any of its routes: " + "long " * 30 + "end"
    other = result(row("x", "not-run", None, reason=reason))
    assert "x not run long long" in shown(other)
    assert "…" in shown(other)
    assert shown(result(row("x", "not-run", None, reason=reason, guide_row="g"))).endswith("end")


def test_what_fails_on_the_stand_in_is_said_of_the_reader() -> None:
    text = shown(result(STANDING | {"verdict": "fail"}))
    assert "Ubuntu 18.04 no: fail stand-in openssl-1.1.1" in text


def test_cases_that_could_not_run_are_told_beside_a_yes() -> None:
    assert "yes t-a; 2 cases could not run" in shown(result(row("a", untried=2)))


def test_the_guides_rows_come_first_and_those_that_were_not_run_last() -> None:
    rows = [row("gone", "not-run", None), row("here"), row("guide", "not-run", None, guide_row="g")]
    text = shown(result(*rows))
    assert text.index("guide") < text.index("here") < text.index("gone")


@pytest.mark.parametrize(
    ("readers", "says"),
    [
        ([row("a"), row("b", verdict="known")], "Works as predicted for 2 of 2 kinds of reader."),
        ([row("a"), STANDING], "Works as predicted for 2 of 2 kinds of reader, 1 of them by a stand-in."),
        (
            [row("a", guide_row="g"), row("b", "not-run", None, guide_row="g"), row("c", verdict="new")],
            "Works as predicted for 1 of 3 kinds of reader (the guide's own: 1 of 2); not for 1; 1 not run.",
        ),
        ([STANDING | {"verdict": "fail"}], "Works as predicted for 0 of 1 kind of reader; not for 1."),
        ([row("a", verdict="unsupported")], "Works as predicted for 0 of 1 kind of reader; not for 1."),
        ([row("a", "not-run", None)], "Works as predicted for 0 of 1 kind of reader; 1 not run."),
    ],
)
def test_the_answer_counts_only_those_whose_every_cell_is_as_predicted(
    readers: list[dict[str, Any]], says: str
) -> None:
    answer = readers_in_words(result(*readers))
    assert answer is not None
    assert answer.plain == says


def test_without_readers_nothing_is_answered() -> None:
    assert readers_in_words(result()) is None
    assert shown(result()) == ""


def test_targets_without_readers_that_did_not_run_are_named_once_with_their_reasons() -> None:
    gone = [handwritten.target(f"t-{name}", outcome="not-run", reason=f"why {name}") for name in "abcde"]
    text = shown(result(row("a", "not-run", None, reason="why a"), targets=gone))
    assert "not run: 4 targets: t-b, t-c, t-d, t-e (the result has each reason; the first: why b)" in text
    assert text.count("why a") == 1
