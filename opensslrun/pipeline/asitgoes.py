"""Cells judged as soon as they are seen, so that what is wrong is told while a run goes on.

The result judges all cells together, and what was judged here is looked up there.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from opensslrun.judge.cell import Judged, judge_cell
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observed import ObservedCell, Outcome, TargetRun
from opensslrun.pipeline.plan import Plan
from opensslrun.pipeline.steps import Store
from opensslrun.targets.model import Obtained, Proof


class Judging(Listener):
    """Tells another listener all it is told, and of each cell that was not as predicted what was found."""

    def __init__(self, listener: Listener, plan: Plan) -> None:
        self._listener = listener
        self._plan = plan
        self.judged = Judged()
        """The steps of all cells so far."""

    @override
    def cell_observed(self, obtained: Obtained, proof: Proof, cell: ObservedCell) -> None:
        """Judge it; what broke down is told by :meth:`cell_done` already."""
        if cell.error is not None:
            return
        run = TargetRun(obtained.target, Outcome.RAN, "", obtained, proof)
        record = self._plan.records.get(cell.case.id)
        judgement = judge_cell(Store().to_judge(run, cell.case.id, cell), record, self._plan.catalogue, self.judged)
        if judgement.verdict.is_found:
            self._listener.found(obtained.target.id, cell.case.id, judgement.verdict, judgement.reason)

    @override
    def stage(self, target: str, stage: str, part: float | None) -> None:
        self._listener.stage(target, stage, part)

    @override
    def obtained(self, target: str, origin: str) -> None:
        self._listener.obtained(target, origin)

    @override
    def missing(self, targets: Sequence[str], reason: str) -> None:
        self._listener.missing(targets, reason)

    @override
    def planned(self, cells: int) -> None:
        self._listener.planned(cells)

    @override
    def cells_recalled(self, target: str, cells: int) -> None:
        self._listener.cells_recalled(target, cells)

    @override
    def remark(self, sentence: str) -> None:
        self._listener.remark(sentence)

    @override
    def cell_started(self, target: str, case: str) -> None:
        self._listener.cell_started(target, case)

    @override
    def cell_done(self, target: str, case: str, error: str | None) -> None:
        self._listener.cell_done(target, case, error)

    @override
    def reading(self, pairs: int) -> None:
        self._listener.reading(pairs)

    @override
    def pairs_recalled(self, consumer: str, pairs: int) -> None:
        self._listener.pairs_recalled(consumer, pairs)

    @override
    def pair_done(self, consumer: str, case: str, producer: str, error: str | None) -> None:
        self._listener.pair_done(consumer, case, producer, error)
