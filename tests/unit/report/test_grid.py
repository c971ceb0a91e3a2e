"""The grid and the differences of results with many targets and many cases."""

from __future__ import annotations

from typing import Any

import pytest

import handwritten
from onterminal import printed
from opensslrun.report.differences import show_differences
from opensslrun.report.grid import show_grid
from opensslrun.report.model import Result
from opensslrun.report.words import names_in_words

SEVERITIES = ("security", "breaks-scripts", "format", "cosmetic")


def cell(target: int, case: int, shown: str) -> dict[str, Any]:
    """A cell whose worst is ``shown``: a verdict, or a severity of what is known."""
    verdict = "known" if shown in SEVERITIES else shown
    findings = [handwritten.finding("known", f"D00{SEVERITIES.index(shown)}")] if shown in SEVERITIES else []
    steps = [] if verdict in {"unsupported", "not-run"} else [handwritten.step("openssl x", *findings)]
    return handwritten.cell(f"openssl-3.{target}", f"case-{case}", verdict, *steps)


def result(targets: int, cases: int, **shown: str) -> Result:
    """Everything passes but what ``shown`` says of cells, as in ``t0c1="fail"``."""
    data = {
        "targets": [handwritten.target(f"openssl-3.{t}", "OpenSSL", f"3.{t}", need="required") for t in range(targets)],
        "cases": [{"id": f"case-{c}", "title": ""} for c in range(cases)],
        "cells": [cell(t, c, shown.get(f"t{t}c{c}", "pass")) for t in range(targets) for c in range(cases)],
        "known_differences": [
            handwritten.known(f"D00{number}", severity) for number, severity in enumerate(SEVERITIES)
        ],
    }
    return Result.model_validate(handwritten.result(**data))


def grid(data: Result, width: int) -> list[str]:
    return [line.rstrip() for line in printed(show_grid, data, width=width).splitlines()]


def row(lines: list[str], target: str) -> str:
    (found,) = (line for line in lines if line.split()[:1] == [target])
    return found


def test_a_few_cells_are_told_in_words() -> None:
    lines = grid(result(3, 3, t0c0="security", t1c1="format", t2c2="unsupported"), 80)
    assert row(lines, "openssl-3.0").split()[3:] == ["known:", "security", "pass", "pass"]
    assert row(lines, "openssl-3.1").split()[3:] == ["pass", "known", "pass"]
    assert row(lines, "openssl-3.2").split()[3:] == ["pass", "pass", "unsupported"]


def test_a_small_grid_that_is_too_wide_is_cut_and_stays_in_words() -> None:
    lines = grid(result(3, 6), 80)
    assert sum(line.startswith("target") for line in lines) == 2
    assert " ".join(lines).count("pass") == 18


EVERY = {"t0c0": "error", "t0c1": "hung", "t0c2": "fail", "t0c3": "new", "t0c4": "security", "t0c5": "breaks-scripts",
         "t0c6": "format", "t0c7": "cosmetic", "t0c8": "unsupported", "t0c9": "not-run"}  # fmt: skip


@pytest.mark.parametrize(("width", "cases"), [(80, 12), (80, 50), (160, 50), (160, 120)])
def test_many_cells_are_a_mark_each_with_a_key_and_the_names_of_the_cases(width: int, cases: int) -> None:
    lines = grid(result(35, cases, **EVERY), width)
    assert sum(line.startswith("openssl-3.") for line in lines) == 35
    assert "EHXNSbfcu- .." in row(lines, "openssl-3.0")
    assert "".join(part for part in row(lines, "openssl-3.1").split() if set(part) == {"."}) == "." * cases
    said = " ".join(" ".join(lines).split())
    for key in ("E error", "S known: security", "b known: breaks-scripts", "- not-run", ". pass"):
        assert key in said
    for number in (1, 10, cases):
        assert f"{number} case-{number - 1}" in said
    column = row(lines, "openssl-3.0").index("EHXN")
    assert lines[2][column : column + 12] == "1234567890 1"
    assert lines[1][column + 8 : column + 10] == "10"


def test_a_mark_that_is_nowhere_is_not_in_the_key() -> None:
    said = " ".join(grid(result(35, 12), 80))
    assert ". pass" in said
    assert "known" not in said
    assert "error" not in said


def test_what_has_no_room_for_marks_is_counted() -> None:
    lines = grid(result(35, 120, t0c0="fail", t0c1="security", t0c2="breaks-scripts"), 80)
    assert sum(line.startswith("openssl-3.") for line in lines) == 35
    assert row(lines, "openssl-3.0").split() == ["openssl-3.0", "OpenSSL", "3.0", "1", "1", "1", "117"]
    assert row(lines, "openssl-3.1").split() == ["openssl-3.1", "OpenSSL", "3.1", "120"]
    assert lines[1].split() == ["breaks-"]
    assert lines[2].split() == ["target", "version", "fail", "security", "scripts", "pass"]
    assert "Of 120 cases each" in lines[-1]


def test_counts_of_everything_at_once_have_marks_for_heads_where_words_do_not_fit() -> None:
    lines = grid(result(35, 120, **EVERY), 80)
    assert lines[1].split() == ["target", *"EHXNSbfc.u-"]
    assert row(lines, "openssl-3.0").split()[1:] == ["1"] * 8 + ["110", "1", "1"]
    assert "X fail" in " ".join(lines)
    assert "unsupported" in grid(result(35, 220, **EVERY), 160)[2]


def test_no_grid_is_shown_where_nothing_ran() -> None:
    nothing = result(0, 3)
    assert printed(show_grid, nothing) == ""


def test_versions_of_one_kind_stand_behind_its_name() -> None:
    assert names_in_words(["openssl-1.1.1", "openssl-1.1.1f", "debian-12", "host"]) == (
        "openssl-1.1.1, 1.1.1f; debian-12; host"
    )
    assert names_in_words(["host", "debian-sid", "debian-12"]) == "host, debian-sid, debian-12"


def differences(data: Result, width: int = 80) -> str:
    return printed(show_differences, data, width=width)


def differing(targets: int, cases: int, values: tuple[str, str]) -> Result:
    """The last target shows the second value in every case."""
    data = result(targets, cases, **{f"t{targets - 1}c{c}": "format" for c in range(cases)})
    names = [f"openssl-3.{t}" for t in range(targets)]
    views = [
        {
            "case": f"case-{c}",
            "step": "1",
            "fact": "exit_status",
            "groups": [{"value": values[0], "targets": names[:-1]}, {"value": values[1], "targets": names[-1:]}],
            "known": "D002",
        }
        for c in range(cases)
    ]
    return Result.model_validate(data.model_dump(by_alias=True) | {"differences": views})


def test_most_targets_are_the_others_and_the_few_are_named() -> None:
    assert "the 34 others: left\n      openssl-3.34: right" in differences(differing(35, 1, ("left", "right")))
    assert "openssl-3.0, 3.1, 3.2: left\n" in differences(differing(4, 1, ("left", "right")))


def test_of_many_steps_alike_a_few_are_named_and_the_rest_counted() -> None:
    text = differences(differing(4, 60, ("left", "right")))
    assert text.count("openssl x") == 4
    assert "and 56 steps more that show the same" in text
    assert text.count(": right") == 1


def test_a_long_value_is_cut_only_where_the_cut_hides_no_difference() -> None:
    apart = differences(differing(4, 1, ("a" * 2000, "b" * 2000)))
    assert apart.count("a") < 300
    assert "…" in apart
    alike = differences(differing(4, 1, ("a" * 2000 + "1", "a" * 2000 + "2")))
    assert "…" not in alike
    assert alike.count("a") > 4000
