"""A target's cells: those that were observed before and could show nothing else now, and the others by running them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from opensslrun.cases.model import Case
from opensslrun.errors import OpensslrunError
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.cellcache import CellCache, Known
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observe import observe_target, unsupported_cases
from opensslrun.pipeline.observed import ObservedCell, Outcome, TargetRun
from opensslrun.targets.model import Obtained, Proof
from opensslrun.targets.obtain import open_bench
from opensslrun.targets.prove import prove


def observe_or_recall(
    obtained: Obtained,
    cases: Sequence[Case],
    listener: Listener,
    benches: Benches,
    cells: CellCache | None,
) -> TargetRun:
    """All cases on one target; ``cells`` None runs all of them. See :func:`observe_target` for the rest.

    An image that proved itself before is not even started when none of its cells is missing.
    """
    known = cells.known(obtained) if cells is not None else None
    if cells is None or known is None:
        return observe_target(obtained, cases, listener, benches)
    proof = _proof(obtained, known, cells)
    before = cells.cells(known, obtained, proof, cases) if proof is not None else {}
    listener.cells_recalled(obtained.target.id, len(before))
    rest = [case for case in cases if case.id not in before]
    if proof is not None:
        unsupported = unsupported_cases(rest, proof, obtained)
        if before and len(unsupported) == len(rest):
            for case in rest:
                listener.cell_done(obtained.target.id, case.id, None)
            recalled = TargetRun(obtained.target, Outcome.RAN, "", obtained, proof, (), unsupported, proof_cached=True)
            return _together(recalled, before, cases)
    cells.proven.pop(obtained.target.id, None)
    run = observe_target(obtained, rest, listener, benches)
    if before and run.proof is not None and run.proof != proof:
        # One image, two proofs: nothing kept of it is worth anything.
        before, run = {}, observe_target(obtained, cases, listener, benches)
    if run.outcome is not Outcome.RAN or run.proof is None:
        return run
    cells.keep(known, obtained, run.proof, run.cells)
    return _together(run, before, cases)


def read_ahead(obtained: Obtained, cases: Sequence[Case], cells: CellCache) -> None:
    """Prove and read what :func:`observe_or_recall` will need if nothing has to be run, so that it is there then.

    What cannot be had ahead is asked for again.
    """
    known = cells.known(obtained)
    proof = None if known is None else _proof(obtained, known, cells)
    if known is not None and proof is not None:
        cells.cells(known, obtained, proof, cases)


def observe_briefly(
    obtained: Obtained,
    cases: Sequence[Case],
    listener: Listener,
    benches: Benches,
    cells: CellCache | None,
) -> TargetRun:
    """A case or two on one target, each of them run now. See :func:`~opensslrun.pipeline.observe.observe_target`.

    An image that proved itself in an earlier run is believed: it is named by its content, its container can change
    nothing of it, and what is kept of it is what the same code saw. Any other proves itself before and after, and
    that is kept.
    """
    known = cells.known(obtained) if cells is not None and obtained.image_id is not None else None
    believed = known.proof if known is not None else None
    run = observe_target(obtained, cases, listener, benches, believed=believed)
    if cells is not None and known is not None and believed is None and run.outcome is Outcome.RAN and run.proof:
        cells.keep(known, obtained, run.proof, ())
    return run


def _proof(obtained: Obtained, known: Known, cells: CellCache) -> Proof | None:
    """An image's kept proof; a binary of this machine proves itself once in each run.

    None when it cannot: the run will say why.
    """
    if obtained.image_id is not None:
        return known.proof
    return proof_of(obtained, cells)


def proof_of(obtained: Obtained, cells: CellCache) -> Proof | None:
    """The proof that a binary of this machine gives of itself, once in each run; None when it cannot."""
    place = obtained.target.id
    if place not in cells.proven:
        proof = _proves_itself(obtained)
        if proof is None:
            return None
        cells.proven[place] = proof
    return cells.proven[place]


def _proves_itself(obtained: Obtained) -> Proof | None:
    try:
        with open_bench(obtained) as bench:
            return prove(bench, obtained.target)
    except (OpensslrunError, OSError):
        return None


def _together(run: TargetRun, before: Mapping[str, ObservedCell], cases: Sequence[Case]) -> TargetRun:
    """The cells of both in the order of the cases."""
    by_case = {**before, **{cell.case.id: cell for cell in run.cells}}
    return replace(run, cells=tuple(by_case[case.id] for case in cases if case.id in by_case))
