"""What a run will do: the targets and cases chosen, the recorded values and the catalogue to judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from opensslrun.cases.load import load_cases, select_cases
from opensslrun.cases.model import Case
from opensslrun.data import shipped
from opensslrun.judge.advice import check_tests
from opensslrun.judge.catalogue import Catalogue, load_catalogue
from opensslrun.judge.model import Record
from opensslrun.judge.record import record_of
from opensslrun.pipeline.shard import Shard, cases_of_shard
from opensslrun.project import read_project
from opensslrun.targets.choose import choose_targets
from opensslrun.targets.load import load_known
from opensslrun.targets.model import Target


class BenchChoice(StrEnum):
    """Which benches a run may use."""

    AUTO = "auto"
    """A container for what is an image, this machine for what is a path."""
    DOCKER = "docker"
    """Containers only; a target that is a path of this machine does not run."""
    LOCAL = "local"
    """This machine only: binaries of its own, and what it compiles from source; no engine is asked."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. The three files and folders add to what is shipped."""

    targets: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    jobs: int | None = None
    bench: BenchChoice = BenchChoice.AUTO
    targets_file: Path | None = None
    cases_dir: Path | None = None
    differences: Path | None = None
    readers: str | None = None
    stand_ins: bool = True
    shard: Shard | None = None
    cache: bool = False
    """Whether cells that were observed in earlier runs, and could show nothing else now, are not run again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for, and the targets that are meant.

    ``stand_ins`` maps the id of a chosen target to the target that runs for it when it cannot be had.
    """

    options: Options
    targets: tuple[Target, ...]
    stand_ins: Mapping[str, Target]


@dataclass(frozen=True, slots=True)
class Plan(Wanted):
    """Everything a run needs, read and checked before anything starts.

    ``cases`` are those to be run: of the ``selected`` ones, the shard's.
    """

    cases: tuple[Case, ...]
    selected: tuple[Case, ...]
    records: Mapping[str, Record]
    catalogue: Catalogue


def wanted_of(options: Options) -> Wanted:
    """Read the targets. Raises UsageError for any mistake in them or in their selection."""
    known = load_known(options.targets_file)
    chosen = choose_targets(known, options.targets, options.readers)
    by_id = {target.id: target for target in known.targets}
    stand_ins = {target.id: by_id[target.stand_in.target] for target in chosen if target.stand_in}
    return Wanted(options, chosen, stand_ins if options.stand_ins else {})


def make_plan(options: Options) -> Plan:
    """Read targets, cases, records and catalogue. Raises UsageError for any mistake in them or in the selection."""
    return plan_of(wanted_of(options))


def plan_of(wanted: Wanted) -> Plan:
    """Read cases, records and catalogue, too. Raises UsageError for any mistake in them or in the selection."""
    options = wanted.options
    every_case = all_cases(options.cases_dir)
    selected = select_cases(every_case, options.cases)
    cases = cases_of_shard(selected, options.shard) if options.shard else selected
    catalogue = catalogue_of(options.differences)
    check_tests(catalogue, every_case)
    records = {case.id: record_of(case) for case in cases}
    return Plan(
        options=options,
        targets=wanted.targets,
        stand_ins=wanted.stand_ins,
        cases=cases,
        selected=selected,
        records={name: record for name, record in records.items() if record is not None},
        catalogue=catalogue,
    )


class Chosen(StrEnum):
    """How a target came into a run, which decides what it means when it does not run."""

    NAMED = "named"
    """By a glob of ``-t``: it must run itself."""
    READERS = "readers"
    """By ``--readers``: it must run, or its stand-in."""
    ALL = "all"
    """By asking for everything: it, or its stand-in, must run where it is required."""
    STAND_IN = "stand-in"
    """By nobody: it runs for a target that cannot be had."""


def how_chosen(plan: Plan, target: Target) -> Chosen:
    """How the target came into the run of a plan."""
    if target not in plan.targets:
        return Chosen.STAND_IN
    if any(fnmatchcase(target.id, glob) for glob in plan.options.targets):
        return Chosen.NAMED
    return Chosen.ALL if plan.options.readers is None else Chosen.READERS


def all_cases(extra: Path | None) -> tuple[Case, ...]:
    """The shipped cases, the project's, and those of a folder of the user's own. Raises UsageError."""
    return load_cases(case_folders(extra))


def catalogue_of(extra: Path | None) -> Catalogue:
    """The shipped differences, the project's, and those of a file of the user's own. Raises UsageError."""
    return load_catalogue(difference_files(extra))


def case_folders(extra: Path | None) -> list[Path]:
    """Where cases are: what is shipped, the project's, and the user's own. Raises UsageError."""
    project = read_project()
    return _own(shipped("cases"), project.cases_dir if project else None, extra)


def difference_files(extra: Path | None) -> list[Path]:
    """Where known differences are, likewise. Raises UsageError."""
    project = read_project()
    return _own(shipped("differences.toml"), project.differences if project else None, extra)


def _own(*paths: Path | None) -> list[Path]:
    """What there is of these, each once: an option may name what the project's settings name."""
    return list({path.resolve(): path for path in paths if path is not None}.values())
