"""From the pairs of a run to what its result says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.model import JudgedCell, Judgement, Record
from opensslrun.judge.pairs import judge_pairs, pair_differences
from opensslrun.pipeline.pairs import Pair
from opensslrun.pipeline.run import Observed
from opensslrun.pipeline.steps import Store
from opensslrun.report import model as m


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """All pairs of a run, and the judgements of those that ran: ``cells`` and ``judgements`` are in one order."""

    pairs: tuple[Pair, ...]
    cells: tuple[JudgedCell, ...]
    judgements: tuple[Judgement, ...]
    store: Store

    def results(self) -> list[m.PairResult]:
        """A result for each pair; what was observed is put into the store."""
        judgements = iter(self.judgements)
        return [_result(pair, next(judgements) if pair.cell is not None else None, self.store) for pair in self.pairs]

    def differences(self) -> list[m.PairDifferenceResult]:
        """The facts that differ between pairs."""
        return [
            m.PairDifferenceResult(
                case=view.case,
                step=view.step,
                fact=view.fact,
                groups=[
                    m.PairGroup(value=group.value, made_by=list(group.made_by), read_by=list(group.read_by))
                    for group in view.groups
                ],
                known=view.known,
            )
            for view in pair_differences(self.judgements)
        ]


def judged_pairs(observed: Observed, records: Mapping[str, Record], catalogue: Catalogue, store: Store) -> JudgedPairs:
    """Judge every pair that ran."""
    runs = {run.target.id: run for run in observed.runs}
    cells = tuple(
        store.to_judge(runs[pair.consumer], pair.case.id, pair.cell, runs[pair.producer])
        for pair in observed.pairs
        if pair.cell is not None
    )
    return JudgedPairs(observed.pairs, cells, judge_pairs(cells, records, catalogue), store)


def pair_counts(pairs: Sequence[m.PairResult]) -> m.PairCounts:
    """How many pairs have which verdict."""
    counts = Counter(pair.verdict for pair in pairs)
    return m.PairCounts.model_validate({**counts, "cached": sum(pair.cached for pair in pairs)})


def _result(pair: Pair, judgement: Judgement | None, store: Store) -> m.PairResult:
    if pair.cell is None or judgement is None:
        return m.PairResult(
            case=pair.case.id,
            producer=pair.producer,
            consumer=pair.consumer,
            verdict=pair.verdict,
            reason=pair.reason,
        )
    return m.PairResult(
        case=pair.case.id,
        producer=pair.producer,
        consumer=pair.consumer,
        verdict=judgement.verdict,
        reason=judgement.reason,
        cached=pair.cell.cached,
        duration_s=round(pair.cell.duration_s, 4),
        steps=store.steps(pair.cell, judgement),
    )
