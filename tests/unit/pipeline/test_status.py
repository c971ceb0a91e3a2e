"""From a result to an exit status: the first that applies."""

from __future__ import annotations

from typing import Any

import pytest

import handwritten
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.status import conclude
from opensslrun.report.model import Result


def result(*, complete: bool = True, **changes: Any) -> Result:
    compared = {"summary": {"cells": 1, "facts": 1, "comparisons": 1}}
    return Result.model_validate(handwritten.result(**compared | {"run": handwritten.run(complete=complete)} | changes))


def cell(verdict: str) -> dict[str, Any]:
    return handwritten.cell("t", "c", verdict)


def target(outcome: str, need: str = "required", chosen: str = "all") -> dict[str, Any]:
    return handwritten.target("t", need=need, outcome=outcome, reason="gone", chosen=chosen)


@pytest.mark.parametrize("verdict", ["error", "hung", "fail", "new"])
def test_a_cell_that_is_not_as_predicted_is_found(verdict: str) -> None:
    assert conclude(result(cells=[cell("pass"), cell(verdict)])).status is ExitStatus.FOUND


@pytest.mark.parametrize("verdict", ["pass", "known"])
def test_cells_as_predicted_are_fine(verdict: str) -> None:
    conclusion = conclude(result(cells=[cell(verdict)]))
    assert (conclusion.status, conclusion.reasons) == (ExitStatus.OK, ())


def test_a_stale_entry_is_found() -> None:
    stale = {"proven": [], "unproven": [], "stale": [{"id": "D001", "reason": "no"}]}
    assert conclude(result(catalogue=stale)).status is ExitStatus.FOUND


def test_a_required_target_that_did_not_run_is_lacking() -> None:
    conclusion = conclude(result(targets=[target("not-run")]))
    assert conclusion.status is ExitStatus.ENVIRONMENT
    assert conclusion.reasons == ("t is required and did not run: gone",)


def test_a_required_target_is_covered_by_a_stand_in_that_ran_and_by_nothing_less() -> None:
    missing = target("not-run")
    stand_in = {**target("ran", "informational"), "id": "s", "stand_in_for": ["t"]}
    assert conclude(result(targets=[missing, stand_in])).status is ExitStatus.OK
    for broken in ({**stand_in, "outcome": "not-run"}, {**stand_in, "stand_in_for": ["other"]}):
        assert conclude(result(targets=[missing, broken])).status is ExitStatus.ENVIRONMENT


@pytest.mark.parametrize(
    ("chosen", "status"),
    [("named", ExitStatus.ENVIRONMENT), ("readers", ExitStatus.OK), ("all", ExitStatus.OK)],
)
def test_only_a_target_that_was_named_may_not_be_stood_in_for(chosen: str, status: ExitStatus) -> None:
    missing = {**target("not-run", chosen=chosen), "stand_in": "s"}
    stand_in = {**target("ran", "informational", "stand-in"), "id": "s", "stand_in_for": ["t"]}
    assert conclude(result(targets=[missing, stand_in])).status is status


def test_a_stand_in_that_did_not_run_is_told_of_the_one_that_was_asked_for() -> None:
    missing = {**target("not-run"), "stand_in": "s"}
    stand_in = {**target("not-run", "informational", "stand-in"), "id": "s"}
    conclusion = conclude(result(targets=[missing, stand_in]))
    assert conclusion.reasons == ("t is required and did not run: gone; nor did its stand-in s",)


def test_an_informational_target_that_did_not_run_is_no_matter_unless_it_is_named() -> None:
    assert conclude(result(targets=[target("not-run", "informational")])).status is ExitStatus.OK
    for chosen in ("named", "readers"):
        missing = result(targets=[target("not-run", "informational", chosen)])
        assert conclude(missing).status is ExitStatus.ENVIRONMENT


def test_what_was_found_comes_before_what_is_missing() -> None:
    both = result(cells=[cell("fail")], targets=[target("not-run")])
    assert conclude(both).status is ExitStatus.FOUND


def test_an_interruption_comes_first() -> None:
    assert conclude(result(cells=[cell("fail")], complete=False)).status is ExitStatus.INTERRUPTED


def test_a_run_that_compared_nothing_is_not_green() -> None:
    nothing = {"cells": 0, "facts": 0, "comparisons": 0}
    assert conclude(result(summary=nothing)).status is ExitStatus.NOTHING_JUDGED


@pytest.mark.parametrize("need", ["required", "informational"])
def test_a_target_that_broke_down_after_its_last_cell_is_found_though_every_cell_passed(need: str) -> None:
    broken = result(cells=[cell("pass")], targets=[target("error", need)])
    assert conclude(broken).status is ExitStatus.FOUND
    assert conclude(broken).reasons == ("t broke down: gone",)


@pytest.mark.parametrize("verdict", ["error", "hung", "fail", "new"])
def test_a_pair_that_is_not_as_predicted_is_found(verdict: str) -> None:
    pairs = [{"case": "c", "producer": "t", "consumer": "t", "verdict": verdict, "reason": ""}]
    conclusion = conclude(result(cells=[cell("pass")], pairs=pairs))
    assert conclusion.status is ExitStatus.FOUND
    assert conclusion.reasons == ("1 pair of producer and consumer did not go as predicted",)


def test_a_pair_whose_files_were_not_made_changes_nothing() -> None:
    pairs = [{"case": "c", "producer": "t", "consumer": "t", "verdict": "not-run", "reason": "t made no file"}]
    assert conclude(result(cells=[cell("pass")], pairs=pairs)).status is ExitStatus.OK
