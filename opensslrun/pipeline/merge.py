"""Results of several runs into one: the parts of a run, and what other machines' own ``openssl`` showed.

Nothing is taken from a part but what was observed: the record, the catalogue and the promises of this checkout speak
anew, so the whole is judged as if it had been run here at once. What a part does not have is not run, never passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from opensslrun.cases.model import Case
from opensslrun.errors import UsageError
from opensslrun.pipeline.joined import Part, joined_run
from opensslrun.pipeline.machines import machine_runs, readers_of_machines
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.pairs import Pair
from opensslrun.pipeline.plan import Options, Plan, make_plan
from opensslrun.pipeline.rebuild import pairs_of, target_run
from opensslrun.pipeline.result import Clock, cases_sha256, code_sha256, make_result
from opensslrun.pipeline.run import Observed
from opensslrun.pipeline.shard import Shard
from opensslrun.report.model import Result
from opensslrun.report.read import read_result
from opensslrun.targets.load import load_targets
from opensslrun.targets.model import Target


@dataclass(frozen=True, slots=True)
class Own:
    """The files of a user's own that the runs had: what the options of these names are."""

    targets_file: Path | None = None
    cases_dir: Path | None = None
    differences: Path | None = None


def merge(paths: Sequence[Path], own: Own) -> Result:
    """The result of all of them together.

    Raises UsageError, naming the file, for a result of other code or other cases than this checkout's, for parts of
    which one is missing, there twice or interrupted, and for results that have nothing to do with each other.
    """
    parts = [Part(path, read_result(path)) for path in paths]
    _check_code(parts)
    groups = _groups(parts)
    main = max(groups, key=lambda group: (group[0].result.run.shard is not None, len(_targets(group))))
    plan = _plan(main, own)
    for group in groups:
        _check_cases(group, plan)
    known = {target.id: target for target in load_targets(own.targets_file)}
    runs = _runs(main, plan, known)
    machines = machine_runs([group for group in groups if group is not main], plan.cases, known, runs)
    observed = Observed(
        runs=(*runs, *machines),
        interrupted=False,
        stand_ins=_stand_ins(main),
        pairs=_pairs(main, plan.cases, runs),
        machines=readers_of_machines(plan.targets, machines),
    )
    plan = replace(plan, targets=(*plan.targets, *(run.target for run in machines)))
    return make_result(plan, observed, _clock(parts))


def _check_code(parts: Sequence[Part]) -> None:
    for part in parts:
        run = part.result.run
        if run.code_sha256 != code_sha256():
            raise UsageError(
                f"{part.path} was made by other code (opensslrun {run.tool_version}, {run.code_sha256[:12]}) than this "
                f"({code_sha256()[:12]}); merge results with the opensslrun that made them"
            )
        if not run.complete:
            raise UsageError(f"{part.path} was interrupted, so it has not all of its cells; run it again")


def _groups(parts: Sequence[Part]) -> list[list[Part]]:
    """Results that are parts of one run, by what that was asked to run; each group whole."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        run = part.result.run
        key = run.selection.model_dump_json() + run.cases_sha256 if run.shard else str(part.path)
        groups.setdefault(key, []).append(part)
    for group in groups.values():
        _check_whole(group)
    return list(groups.values())


def _check_whole(group: Sequence[Part]) -> None:
    if group[0].result.run.shard is None:
        return
    shards = {part.path: Shard.parse(part.result.run.shard or "") for part in group}
    counts = {shard.of for shard in shards.values()}
    if len(counts) > 1:
        raise UsageError(
            "these are parts of different divisions: "
            + ", ".join(f"{path} is part {shard}" for path, shard in shards.items())
            + "; merge those of one run"
        )
    (of,) = counts
    seen: dict[int, Path] = {}
    for path, shard in shards.items():
        if shard.number in seen:
            raise UsageError(f"{seen[shard.number]} and {path} are both part {shard}; give each part once")
        seen[shard.number] = path
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in seen]
    if missing:
        raise UsageError(f"part {', '.join(missing)} is missing; run it, or give its result too")


def _plan(group: Sequence[Part], own: Own) -> Plan:
    selection = group[0].result.run.selection
    return make_plan(
        Options(
            targets=tuple(selection.targets),
            cases=tuple(selection.cases),
            readers=selection.readers,
            targets_file=own.targets_file,
            cases_dir=own.cases_dir,
            differences=own.differences,
        )
    )


def _check_cases(group: Sequence[Part], plan: Plan) -> None:
    here = cases_sha256(plan.selected)
    for part in group:
        if part.result.run.cases_sha256 != here:
            raise UsageError(
                f"{part.path} is of other cases than those of this checkout and of the first result: give the options "
                "--cases-dir and -c alike in every run, and merge where the cases are the same (on Windows too: a "
                "checkout that changes line ends changes cases)"
            )


def _targets(group: Sequence[Part]) -> set[str]:
    return {target.id for part in group for target in part.result.targets if target.outcome == "ran"}


def _runs(group: Sequence[Part], plan: Plan, known: Mapping[str, Target]) -> tuple[TargetRun, ...]:
    """Every target of the plan, then the stand-ins that ran for some of them."""
    extra = [
        target.id
        for part in group
        for target in part.result.targets
        if target.id not in {each.id for each in plan.targets}
    ]
    names = list(dict.fromkeys([*(target.id for target in plan.targets), *extra]))
    for name in names:
        if name not in known:
            raise UsageError(f"{group[0].path} has the target {name!r}, which is not known here; use --targets-file")
    return tuple(_joined(known[name], group, plan.cases) for name in names)


def _joined(target: Target, group: Sequence[Part], cases: Sequence[Case]) -> TargetRun:
    run = joined_run(target, [(part, target_run(part.result, target, cases)) for part in group], cases)
    there = {*(cell.case.id for cell in run.cells), *run.unsupported}
    missing = [case.id for case in cases if case.id not in there]
    if run.outcome is Outcome.RAN and missing:
        raise UsageError(
            f"{', '.join(str(part.path) for part in group)}: {target.id} ran, and its {missing[0]} is not there; "
            "these are not as a run writes them, so run it again"
        )
    return run


def _stand_ins(group: Sequence[Part]) -> dict[str, str]:
    return {
        target.id: target.stand_in for part in group for target in part.result.targets if target.stand_in is not None
    }


def _pairs(group: Sequence[Part], cases: Sequence[Case], runs: Sequence[TargetRun]) -> tuple[Pair, ...]:
    """In the order in which one run has them."""
    case_at = {case.id: number for number, case in enumerate(cases)}
    run_at = {run.target.id: number for number, run in enumerate(runs)}
    pairs = [pair for part in group for pair in pairs_of(part.result, cases)]
    return tuple(sorted(pairs, key=lambda pair: (case_at[pair.case.id], run_at[pair.producer], run_at[pair.consumer])))


def _clock(parts: Sequence[Part]) -> Clock:
    """The parts ran side by side: from when the first began, as long as the longest took."""
    runs = [part.result.run for part in parts]
    return Clock(min(datetime.fromisoformat(run.started) for run in runs), max(run.duration_s for run in runs))
