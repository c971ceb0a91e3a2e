"""The rows of readers, from runs written by hand that a real binary will not show on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.judge.catalogue import Catalogue
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.readers import reader_rows
from opensslrun.pipeline.run import Observed
from opensslrun.report.model import CellResult, PairResult
from opensslrun.targets.model import Need, PathRoute, Reader, StandIn, Target


def target(name: str, reader: Reader, guide_row: str | None = None, stand_in: StandIn | None = None) -> Target:
    routes = (PathRoute(None),)
    return Target(
        name, None, None, "linux", Need.REQUIRED, reader, routes, Path("t"), guide_row=guide_row, stand_in=stand_in
    )


OWN = target("own", Reader("their users", "their"), stand_in=StandIn("other", "their patches"))
OTHER = target("other", Reader("other users", "other"))
GUIDE = target("guide", Reader("the guide's"), "a row of the guide")
MINE = target("mine", Reader("mine"))


def cell(name: str, verdict: str) -> CellResult:
    return CellResult(target=name, case="c", verdict=verdict, reason="")


def test_the_guides_rows_come_first_and_a_target_that_stands_for_nobody_has_none() -> None:
    asked = [OWN, MINE, GUIDE]
    observed = Observed(tuple(TargetRun(each, Outcome.RAN) for each in asked), interrupted=False)
    rows = reader_rows(asked, observed, [cell(each.id, "pass") for each in asked], Catalogue(()))
    assert [row.target for row in rows] == ["guide", "own"]


def test_a_stand_in_that_nobody_asked_for_has_no_row_of_its_own() -> None:
    runs = (TargetRun(OWN, Outcome.NOT_RUN, "gone"), TargetRun(OTHER, Outcome.RAN))
    observed = Observed(runs, interrupted=False, stand_ins={"own": "other"})
    cells = [cell("own", "not-run"), cell("other", "pass")]
    assert [row.target for row in reader_rows([OWN], observed, cells, Catalogue(()))] == ["own"]
    assert [row.target for row in reader_rows([OWN, OTHER], observed, cells, Catalogue(()))] == ["own", "other"]


@pytest.mark.parametrize("verdict", ["pass", "known", "not-run"])
def test_a_target_that_broke_down_in_the_end_speaks_for_nobody_though_every_cell_looks_fine(verdict: str) -> None:
    for runs, stand_ins in (
        ((TargetRun(OWN, Outcome.ERROR, "broke"),), {}),
        ((TargetRun(OWN, Outcome.NOT_RUN, "gone"), TargetRun(OTHER, Outcome.ERROR, "broke")), {"own": "other"}),
    ):
        ran = runs[-1].target.id
        (row,) = reader_rows([OWN], Observed(runs, False, stand_ins), [cell(ran, verdict)], Catalogue(()))
        assert (row.by, row.verdict) == (ran, "error")
        assert row.reason.endswith("broke")


def test_cases_that_could_not_run_are_counted_and_are_no_success() -> None:
    observed = Observed((TargetRun(OWN, Outcome.RAN),), interrupted=False)
    (row,) = reader_rows([OWN], observed, [cell("own", "pass"), cell("own", "unsupported")], Catalogue(()))
    assert (row.verdict, row.untried) == ("pass", 1)
    (row,) = reader_rows([OWN], observed, [cell("own", "unsupported")], Catalogue(()))
    assert (row.verdict, row.untried) == ("unsupported", 1)


def pair(producer: str, consumer: str, verdict: str) -> PairResult:
    return PairResult(case="c", producer=producer, consumer=consumer, verdict=verdict, reason="")


def test_what_a_reader_gets_from_others_counts_for_that_reader_alone() -> None:
    observed = Observed(tuple(TargetRun(each, Outcome.RAN) for each in (OWN, OTHER)), interrupted=False)
    cells = [cell("own", "pass"), cell("other", "pass")]
    pairs = [pair("own", "other", "fail"), pair("other", "own", "pass")]
    rows = reader_rows([OWN, OTHER], observed, cells, Catalogue(()), pairs)
    assert {row.target: row.verdict for row in rows} == {"own": "pass", "other": "fail"}


def test_a_file_that_was_not_as_predicted_when_it_was_made_is_the_fault_of_who_made_it() -> None:
    observed = Observed(tuple(TargetRun(each, Outcome.RAN) for each in (OWN, OTHER)), interrupted=False)
    cells = [cell("own", "new"), cell("other", "pass")]
    rows = reader_rows([OWN, OTHER], observed, cells, Catalogue(()), [pair("own", "other", "fail")])
    assert {row.target: row.verdict for row in rows} == {"own": "new", "other": "pass"}
