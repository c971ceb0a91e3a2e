"""What steps show alike is in memory once, and what is not alike stays itself."""

from __future__ import annotations

import sys
from pathlib import Path

from opensslrun.cases.model import Case, Step
from opensslrun.driver.outcome import Input
from opensslrun.facts.model import Fact, FactValue
from opensslrun.pipeline.alike import Alike
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, Outcome, TargetRun
from opensslrun.report.model import ObservationResult
from opensslrun.targets.model import Need, PathRoute, Reader, Target

STEP = Step("1", "openssl version", Input.NONE, (), 5.0, (), frozenset())


def step(value: FactValue, *, stdout: str = "", gates: bool = True) -> ObservedStep:
    seen = ObservationResult(ending="exited", status=0, prompts=[], unanswered="", stdout=stdout, stderr="", files=[])
    return ObservedStep(STEP, seen, 0.5, {"n": Fact("n", value, gates)})


def run(*steps: ObservedStep, cached: bool = False) -> TargetRun:
    target = Target("t", None, None, sys.platform, Need.REQUIRED, Reader("t"), (PathRoute(None),), Path())
    case = Case("case", "title", (STEP,) * len(steps), {})
    return TargetRun(target, Outcome.RAN, cells=(ObservedCell(case, steps, None, 1.0, cached=cached),))


def steps_of(*runs: TargetRun) -> list[ObservedStep]:
    return [step for each in runs for cell in each.cells for step in cell.steps]


def test_a_run_is_the_same_run_afterwards() -> None:
    runs = [run(step(1), step([1, "x"])), run(step(1)), run(step(True), step({"a": None}, stdout="x"))]
    alike = Alike()
    assert [alike.run(each) for each in runs] == runs


def test_what_is_equal_is_one_object_and_what_only_looks_equal_is_not() -> None:
    alike = Alike()
    values: list[FactValue] = [1, True, 1, "1", [1], [True], [1]]
    runs = [run(*(step(value) for value in values)) for _ in range(2)]
    shared = steps_of(*(alike.run(each) for each in runs))
    for number, value in enumerate((*values, *values)):
        assert repr(shared[number].facts["n"].value) == repr(value)
    assert len({id(each.facts) for each in shared}) == 5
    assert len({id(each.seen) for each in shared}) == 1


def test_what_was_printed_and_what_gates_tell_steps_apart() -> None:
    shared = steps_of(Alike().run(run(step(1), step(1, stdout="x"), step(1, gates=False))))
    assert [each.seen.stdout for each in shared] == ["", "x", ""]
    assert [each.facts["n"].gates for each in shared] == [True, True, False]
    assert shared[0].facts is shared[1].facts
    assert shared[0].seen is shared[2].seen


def test_cells_of_an_earlier_run_are_left_as_they_are() -> None:
    before = run(step(1), cached=True)
    (cell,) = Alike().run(before).cells
    assert cell is before.cells[0]
