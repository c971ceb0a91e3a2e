"""Observing: one case on one bench, and all cases on one target with the proof before and after."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from opensslrun.bench.base import Bench, Command, SeenFile
from opensslrun.cases.model import Case
from opensslrun.driver.system import here
from opensslrun.errors import EngineError, OpensslrunError, TargetNotProvenError
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, Outcome, TargetRun, as_shown
from opensslrun.targets.model import Obtained, Proof
from opensslrun.targets.prove import prove


def observe_case(bench: Bench, case: Case) -> ObservedCell:
    """Run a case's steps in a fresh workspace. Raises EngineError only through its ``error`` text."""
    from opensslrun.facts.extract import extract  # noqa: PLC0415 -- not needed where every cell is known

    started = time.monotonic()
    steps: list[ObservedStep] = []
    error = None
    before = {name: SeenFile("file", 0o644, len(content), content) for name, content in case.files.items()}
    try:
        with bench.workspace(case.files) as workspace:
            for step in case.steps:
                seen = workspace.run(Command(step.run, step.input, step.answers, step.timeout_s))
                facts = extract(step.run, step.gates, before, seen, case.secrets)
                steps.append(ObservedStep(step, as_shown(seen), seen.outcome.duration_s, facts))
                before = dict(seen.files)
    except EngineError as failure:
        error = str(failure)
    except OSError as failure:
        error = f"{case.id} could not be run on this machine: {failure.strerror or failure}"
    handed_over = {
        name: before[name].content or b"" for name in case.hands_over if name in before and before[name].kind == "file"
    }
    return ObservedCell(case, tuple(steps), error, time.monotonic() - started, handed_over=handed_over)


def observe_target(
    obtained: Obtained,
    cases: Sequence[Case],
    listener: Listener,
    benches: Benches,
    *,
    believed: Proof | None = None,
) -> TargetRun:
    """All cases on one target, between two proofs, on a bench that ``benches`` lends.

    ``believed`` is a proof that stands for these two. A target that is not what it says it is gives no cells at all:
    nothing it did is worth judging.
    """
    target = obtained.target
    cells: list[ObservedCell] = []
    proof: Proof | None = None
    try:
        with benches.lend(obtained) as bench:
            proof = believed or prove(bench, target)
            unsupported = unsupported_cases(cases, proof, obtained)
            for case in cases:
                if case.id in unsupported:
                    listener.cell_done(target.id, case.id, None)
                    continue
                listener.cell_started(target.id, case.id)
                cell = observe_case(bench, case)
                cells.append(cell)
                listener.cell_observed(obtained, proof, cell)
                listener.cell_done(target.id, case.id, cell.error)
                if cell.error is not None:
                    return TargetRun(target, Outcome.ERROR, cell.error, obtained, proof, tuple(cells))
            again = believed or prove(bench, target)
    except OpensslrunError as error:
        kept = () if isinstance(error, TargetNotProvenError) else tuple(cells)
        return TargetRun(target, Outcome.ERROR, str(error), obtained, proof, kept)
    except OSError as error:
        reason = f"{target.id} could not be run on this machine: {error.strerror or error}"
        return TargetRun(target, Outcome.ERROR, reason, obtained, proof, tuple(cells))
    if again != proof:
        reason = f"{target.id} changed during the run: it was {_in_words(proof)} before and {_in_words(again)} after"
        return TargetRun(target, Outcome.ERROR, reason, obtained, proof)
    return TargetRun(target, Outcome.RAN, "", obtained, proof, tuple(cells), unsupported)


def unsupported_cases(cases: Sequence[Case], proof: Proof, obtained: Obtained) -> Mapping[str, str]:
    """Of each case that a target with this proof cannot run, why not."""
    found: dict[str, str] = {}
    if proof.config_sha256 is None:
        reason = "it needs a default config, and this target has none where its openssl looks for it"
        found |= {case.id: reason for case in cases if case.needs_default_config}
    unprotected = _unprotected(obtained)
    if unprotected:
        reason = f"it needs a file that may not be read, and {unprotected}"
        found |= {case.id: reason for case in cases if case.needs_file_permissions}
    return found


def _unprotected(obtained: Obtained) -> str:
    """Why a file's permissions bind nobody where this target's commands run; empty where they do.

    In a container they run as a user without any privilege; on this machine as whoever runs opensslrun.
    """
    if obtained.target.platform == "windows":
        return "Windows has no permission bits"
    ids = here.user_ids()
    if obtained.image_id is None and ids is not None and ids[0] == 0:
        return "commands run as root here, who may read all"
    return ""


def _in_words(proof: Proof) -> str:
    return f"{proof.version_line} (binary {proof.binary_sha256[:12]}, {len(proof.libraries)} libraries)"
