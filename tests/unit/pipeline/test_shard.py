"""Parts of a run: every case in one of them, however they are ordered, and none much longer than another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensslrun.cases.model import Case, Step
from opensslrun.cli.main import main
from opensslrun.data import shipped
from opensslrun.driver.outcome import Input
from opensslrun.errors import UsageError
from opensslrun.pipeline.shard import Shard, cases_of_shard, expected_duration, shipped_durations


def case(name: str, steps: int = 1) -> Case:
    step = Step("1", "openssl version", Input.TERMINAL, (), 1.0, (), frozenset())
    return Case(name, name, (step,) * steps, {})


DURATIONS = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.floats(0.01, 500), min_size=1, max_size=60)


@given(DURATIONS, st.integers(1, 9), st.randoms())
def test_every_case_is_in_one_part_whatever_the_order(seconds: dict[str, float], of: int, random: object) -> None:
    cases = [case(name) for name in seconds]
    if of > len(cases):
        of = len(cases)
    parts = [cases_of_shard(cases, Shard(number, of), seconds) for number in range(1, of + 1)]
    assert sorted(each.id for part in parts for each in part) == sorted(seconds)
    random.shuffle(cases)  # type: ignore[attr-defined]
    again = [cases_of_shard(cases, Shard(number, of), seconds) for number in range(1, of + 1)]
    assert [{each.id for each in part} for part in again] == [{each.id for each in part} for part in parts]


@given(DURATIONS, st.integers(1, 9))
def test_no_part_is_longer_than_another_by_more_than_one_case(seconds: dict[str, float], of: int) -> None:
    cases = [case(name) for name in seconds]
    of = min(of, len(cases))
    parts = [cases_of_shard(cases, Shard(number, of), seconds) for number in range(1, of + 1)]
    loads = [sum(expected_duration(each, seconds) for each in part) for part in parts]
    assert max(loads) - min(loads) <= max(seconds.values()) + 1e-6


def test_a_part_keeps_the_order_of_its_cases() -> None:
    cases = [case(name) for name in "dcba"]
    (whole,) = [cases_of_shard(cases, Shard(1, 1), {"a": 1.0, "b": 3.0})]
    assert [each.id for each in whole] == ["d", "c", "b", "a"]


def test_a_case_that_was_not_measured_counts_by_its_steps() -> None:
    assert expected_duration(case("new", 3), {"": 2.0, "other": 1.0}) == 6.0
    assert expected_duration(case("other", 3), {"": 2.0, "other": 1.0}) == 1.0


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/2", "1 / 2", "01/2"])
def test_anything_else_than_a_part_of_a_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="I/N with I from 1 to N"):
        Shard.parse(text)


def test_more_parts_than_cases_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "list", "-t", "host", "-c", "verify-expired", "--shard", "2/2"]) == 2
    assert "use fewer parts" in capsys.readouterr().err


def test_most_shipped_cases_were_measured() -> None:
    names = {path.stem for path in shipped("cases").glob("*.toml")}
    measured = set(shipped_durations()) - {""}
    assert measured <= names
    assert len(measured) > 0.8 * len(names), "python ci/write_durations.py RESULT writes them anew"


def test_the_parts_of_the_shipped_cases_are_about_equally_long(capsys: pytest.CaptureFixture[str]) -> None:
    totals = []
    seen: list[str] = []
    for number in (1, 2, 3):
        assert main(["matrix", "list", "-t", "host", "--shard", f"{number}/3", "--format", "json"]) == 0
        ids = [each["id"] for each in json.loads(capsys.readouterr().out)["cases"]]
        seen += ids
        totals.append(sum(shipped_durations().get(name, 1.0) for name in ids))
    assert sorted(seen) == sorted(path.stem for path in Path(shipped("cases")).glob("*.toml"))
    assert max(totals) < 1.3 * min(totals)
