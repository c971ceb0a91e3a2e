"""Who shows what of a fact and what says so: what changes between any two of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handwritten
from opensslrun.report.compare.parted import RECORDED, UNEXPLAINED, Parted, parted
from opensslrun.report.model import StepResult

Showing = tuple[Any, str]
"""A value, and what says it: an entry, ``record``, or nothing."""


def step(value: Any, by: str, predicted: Any = 0) -> StepResult:
    verdict = "known" if by else "new"
    findings = [] if by == "record" else [handwritten.finding(verdict, by, fact="x", value=value, predicted=predicted)]
    return StepResult.model_validate(handwritten.step("openssl x", *findings, facts={"x": value, "y": 1}))


def of(showings: Mapping[int, Showing]) -> Parted[int]:
    (found,) = parted({name: step(*showing) for name, showing in showings.items()})
    return found


@pytest.mark.parametrize(
    ("one", "other", "by"),
    [
        ((0, "record"), (1, "D001"), ("D001",)),
        ((1, "D001"), (2, "D002"), ("D001", "D002")),
        ((1, "D001"), (2, "D001"), ("D001",)),
        ((1, "D001"), (1, "D002"), ()),  # the same, whatever says so
        ((0, "record"), (1, ""), (UNEXPLAINED,)),
        ((1, "D001"), (2, ""), ("D001", UNEXPLAINED)),
        ((1, "D001"), (True, "D001"), ("D001",)),
        ((0, "record"), (0, ""), ()),  # a broken promise of what both show
    ],
)
def test_what_changes_is_what_one_of_the_two_shows_and_an_entry_says(
    one: Showing, other: Showing, by: tuple[str, ...]
) -> None:
    assert of({1: one, 2: other}).changes(1, 2) == by
    assert set(of({1: one, 2: other}).changes(2, 1)) == set(by)


def test_that_an_entry_says_the_same_of_a_third_is_no_reason() -> None:
    found = of({1: (0, "record"), 2: (1, "D001"), 3: (1, "D002")})
    assert found.changes(1, 2) == ("D001",)
    assert list(map(set, found.alike("D002", (1, 2, 3)))) == [{1, 2}, {1, 2, 3}, {2, 3}]


def test_what_is_recorded_may_be_random_and_is_one_group() -> None:
    found = of({1: (8, "record"), 2: (9, "record"), 3: (1, "D001")})
    assert (found.groups, found.values) == (((1, 2), (3,)), (RECORDED, 1))
    assert (found.value_of(2), found.value_of(3)) == (RECORDED, 1)


def test_what_is_random_has_its_bounds_for_a_value() -> None:
    bounds = {"between": [8, 9]}
    (found,) = parted({1: step(8, "D001", bounds), 2: step(9, "D001", bounds), 3: step(3, "", bounds)})
    assert (found.groups, found.values) == (((1, 2), (3,)), (bounds, 3))


def test_a_fact_that_all_show_as_recorded_is_not_told() -> None:
    assert list(parted({1: step(0, "record"), 2: step(0, "record")})) == []


def test_with_one_that_did_not_come_to_the_step_nothing_is_compared() -> None:
    found = of({1: (0, "record"), 2: (1, "D001")})
    assert list(map(set, found.alike("D001", (1, 2, 3)))) == [{1, 3}, {2, 3}, {1, 2, 3}]


SHOWINGS = st.one_of(
    st.just((0, "record")), st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from(["D001", "D002", ""]))
)


@given(st.lists(SHOWINGS, min_size=2, max_size=6))
def test_alike_is_changes_turned_round(showings: list[Showing]) -> None:
    everyone = tuple(range(len(showings)))
    for found in parted({name: step(*showing) for name, showing in enumerate(showings)}):
        for entry in found.by:
            for one, others in zip(everyone, found.alike(entry, everyone), strict=True):
                assert others == {other for other in everyone if entry not in found.changes(one, other)}
