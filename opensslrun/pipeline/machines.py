"""Results that other machines made with their own ``openssl``: targets of their own, which speak for their readers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from opensslrun.cases.model import Case
from opensslrun.errors import UsageError
from opensslrun.pipeline.joined import Part, joined_run
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.rebuild import target_run
from opensslrun.targets.model import Reader, Target
from opensslrun.targets.readers import has_version


def machine_runs(
    groups: Sequence[Sequence[Part]],
    cases: Sequence[Case],
    known: Mapping[str, Target],
    others: Sequence[TargetRun],
) -> tuple[TargetRun, ...]:
    """The targets that these results add. A binary of a machine gets the machine's system into its name.

    Raises UsageError for an image that the other results have too: whose cells would count?
    """
    taken = {run.target.id for run in others if run.outcome is not Outcome.NOT_RUN}
    found: list[TargetRun] = []
    for group in groups:
        for said in (each for each in group[0].result.targets if each.outcome != "not-run"):
            if said.id not in known:
                raise UsageError(f"{group[0].path} has the target {said.id!r}, which is not known here")
            run = joined_run(
                known[said.id], [(part, target_run(part.result, known[said.id], cases)) for part in group], cases
            )
            if said.image is not None and said.id in taken:
                raise UsageError(f"{group[0].path} has the target {said.id!r}, and so has another result")
            if said.image is None:
                run = _named_by_its_system(run, said.platform, said.system or said.platform)
            if run.target.id in taken:
                raise UsageError(f"{group[0].path} is of a machine like that of another result ({run.target.id})")
            taken.add(run.target.id)
            found.append(run)
    return tuple(found)


def readers_of_machines(asked: Sequence[Target], machines: Sequence[TargetRun]) -> dict[str, str]:
    """The kinds of reader (by their target's id) for whom a machine's own ``openssl`` speaks, and which one does."""
    found: dict[str, str] = {}
    for target in asked:
        for run in machines:
            system, version = _system(run)
            if run.outcome is not Outcome.NOT_RUN and target.reader.system == system and has_version(target, version):
                found.setdefault(target.id, run.target.id)
    return found


def _system(run: TargetRun) -> tuple[str, str]:
    """``macos`` and ``14.5``."""
    said = run.obtained.system if run.obtained and run.obtained.system else ""
    match = re.search(r"\d+(\.\d+)*", said)
    if run.target.platform == "linux":
        return said.partition(" ")[0].lower(), match[0] if match else ""
    return run.target.platform, match[0] if match else ""


def _named_by_its_system(run: TargetRun, platform: str, system: str) -> TargetRun:
    slug = re.sub(r"[^a-z0-9.]+", "-", system.lower()).strip("-")
    target = replace(
        run.target,
        id=f"{run.target.id}-{slug}",
        platform=platform,
        reader=Reader(f"{system}'s own openssl"),
        guide_row=None,
        stand_in=None,
    )
    return replace(run, target=target)
