"""Producer by consumer: what one target made, every target reads.

A case with ``[[read]]`` steps hands files over. When every target has run its cells, each gets the files of each
producer, in a workspace of its own, as one more case: the same steps for every pair, with other files in the
workspace. So a pair is observed, and judged, as any cell is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from opensslrun.cases.model import Case
from opensslrun.judge.model import Verdict
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observed import ObservedCell, Outcome, TargetRun
from opensslrun.targets.model import Target

ObserveAll = Callable[[Sequence[Case], Sequence[str], Listener], Mapping[str, TargetRun]]
"""Runs these cases on the targets with these ids, side by side; by id what came of each that was begun."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What one producer hands over in one case: its files, or the reason why there is nothing to read."""

    case: Case
    producer: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    reason: str = ""

    @property
    def key(self) -> str:
        """What stands for the case's id where a pair is run as a case."""
        return f"{self.case.id} of {self.producer}"

    def to_read(self) -> Case:
        """The case that a consumer runs. Its hash covers the producer's files, so equal ones read alike."""
        digest = hashlib.sha256(f"read {self.case.sha256}".encode())
        for name, content in sorted(self.files.items()):
            digest.update(f"\0{name}\0{len(content)}\0".encode())
            digest.update(content)
        return replace(
            self.case,
            id=self.key,
            steps=self.case.reads,
            files={**self.case.files, **self.files},
            hands_over=(),
            reads=(),
            sha256=digest.hexdigest(),
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """One case's files, made by one target and read by another.

    Without a ``cell`` it did not run: then ``verdict`` and ``reason`` say what became of it.
    """

    case: Case
    producer: str
    consumer: str
    cell: ObservedCell | None = None
    verdict: Verdict = Verdict.NOT_RUN
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs of a run; ``broken`` says of consumers what broke while they read."""

    pairs: tuple[Pair, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)


def observe_pairs(
    cases: Sequence[Case], runs: Sequence[TargetRun], observe: ObserveAll | None, listener: Listener
) -> Pairs:
    """Have every target that ran read what every target that ran has made.

    ``runs`` are those of the cells. Without ``observe`` (the run was interrupted) nothing is read any more. Targets
    that were never begun have no pairs: the result says of the target why.
    """
    begun = [run for run in runs if run.outcome is not Outcome.NOT_RUN or run.cells]
    handed = [_handed_over(case, run) for case in cases if case.reads for run in begun]
    readable = [each.to_read() for each in handed if not each.reason]
    consumers = [run.target.id for run in begun if run.outcome is Outcome.RAN]
    reading: Mapping[str, TargetRun] = {}
    if observe is not None and readable and consumers:
        listener.reading(len(readable) * len(consumers))
        told = _Told(listener, {each.key: each for each in handed})
        reading = {
            name: _same_as_before(run, next(each for each in begun if each.target.id == name))
            for name, run in observe(readable, consumers, told).items()
        }
    done = {name: {cell.case.id: cell for cell in run.cells} for name, run in reading.items()}
    pairs = tuple(
        _pair(each, run, reading.get(run.target.id), done.get(run.target.id, {}).get(each.key))
        for each in handed
        for run in begun
    )
    return Pairs(pairs, {name: run.reason for name, run in reading.items() if run.outcome is Outcome.ERROR})


def _handed_over(case: Case, run: TargetRun) -> HandedOver:
    name = run.target.id
    if case.id in run.unsupported:
        return HandedOver(case, name, reason=f"{name} cannot make it: {run.unsupported[case.id]}")
    cell = next((cell for cell in run.cells if cell.case.id == case.id), None)
    if run.outcome is not Outcome.RAN or cell is None or cell.error is not None:
        return HandedOver(case, name, reason=f"{name} did not make it: {run.reason or 'it did not run to its end'}")
    missing = [file for file in case.hands_over if not cell.handed_over.get(file)]
    if missing:
        return HandedOver(case, name, reason=f"{name} made no {', '.join(missing)}")
    return HandedOver(case, name, cell.handed_over)


def _same_as_before(run: TargetRun, before: TargetRun) -> TargetRun:
    """The run, unless another binary read than the one that is proven for the target's cells."""
    if run.proof is None or run.proof == before.proof:
        return run
    reason = f"{run.target.id} changed during the run: what read is not what ran the cells"
    return TargetRun(run.target, Outcome.ERROR, reason, run.obtained, run.proof)


def _pair(handed: HandedOver, consumer: TargetRun, reading: TargetRun | None, cell: ObservedCell | None) -> Pair:
    name = consumer.target.id
    pair = Pair(handed.case, handed.producer, name)
    if handed.reason:
        return replace(pair, reason=handed.reason)
    if reading is None:
        return replace(pair, reason=consumer.reason or "interrupted")
    if handed.key in reading.unsupported:
        return replace(pair, verdict=Verdict.UNSUPPORTED, reason=reading.unsupported[handed.key])
    if cell is not None:
        return replace(pair, cell=cell)
    # As for cells: one that is not proven fails in all, one that broke down later leaves the rest not run.
    failed = reading.outcome is Outcome.ERROR and not reading.cells
    return replace(pair, verdict=Verdict.ERROR if failed else Verdict.NOT_RUN, reason=reading.reason)


class _Told(Listener):
    """Tells of pairs what it is told of the cases that stand for them."""

    def __init__(self, listener: Listener, handed: Mapping[str, HandedOver]) -> None:
        self._listener = listener
        self._handed = handed

    def remark(self, sentence: str) -> None:
        self._listener.remark(sentence)

    def cells_recalled(self, target: str, cells: int) -> None:
        self._listener.pairs_recalled(target, cells)

    def cell_done(self, target: str, case: str, error: str | None) -> None:
        handed = self._handed[case]
        self._listener.pair_done(target, handed.case.id, handed.producer, error)


def with_broken(runs: Sequence[TargetRun], pairs: Pairs) -> tuple[TargetRun, ...]:
    """The runs; one that broke down while it read has an error, and its cells stay."""
    return tuple(
        replace(run, outcome=Outcome.ERROR, reason=pairs.broken[run.target.id])
        if run.target.id in pairs.broken
        else run
        for run in runs
    )


def planned_pairs(cases: Sequence[Case], targets: Sequence[Target]) -> Iterator[tuple[str, str, str]]:
    """Case, producer and consumer of each pair that a run of these would have if all targets can be had."""
    for case in cases:
        if case.reads:
            for producer in targets:
                for consumer in targets:
                    yield case.id, producer.id, consumer.id
