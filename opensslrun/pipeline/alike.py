"""What many steps show alike, kept in memory once: most of what a run holds to its end is the same on most targets."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from opensslrun.facts.model import Facts, exact_key
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, TargetRun
from opensslrun.report.cells import ObservationResult


class Alike:
    """The first of all that are equal. Not safe from several threads."""

    def __init__(self) -> None:
        self._facts: dict[bytes, Facts] = {}
        self._seen: dict[bytes, ObservationResult] = {}

    def run(self, run: TargetRun) -> TargetRun:
        """The same run. Cells of earlier runs are as they were: reading them has shared what is equal already."""
        return replace(run, cells=tuple([cell if cell.cached else self._cell(cell) for cell in run.cells]))

    def _cell(self, cell: ObservedCell) -> ObservedCell:
        return replace(cell, steps=tuple([self._step(step) for step in cell.steps]))

    def _step(self, step: ObservedStep) -> ObservedStep:
        said = exact_key([(fact.name, fact.value, fact.gates) for fact in step.facts.values()])
        facts = self._facts.setdefault(hashlib.sha256(said).digest(), step.facts)
        printed = hashlib.sha256(step.seen.model_dump_json().encode()).digest()
        return replace(step, facts=facts, seen=self._seen.setdefault(printed, step.seen))
