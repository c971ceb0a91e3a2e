"""One command line on many targets at once: what each answers, and which answers are equal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from opensslrun.cases.model import Case, Step
from opensslrun.driver.outcome import Input
from opensslrun.errors import EnvironmentLacksError, OpensslrunError, UsageError
from opensslrun.facts.model import Facts
from opensslrun.pipeline.alike import Alike
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.recall import observe_briefly
from opensslrun.pipeline.sidebyside import observe_ready
from opensslrun.report.cells import ObservationResult
from opensslrun.targets.choose import choose_targets
from opensslrun.targets.load import load_known
from opensslrun.targets.model import Obtained, Target
from opensslrun.targets.obtain import at_hand, obtain_many

JOBS_A_CORE = 4
"""Targets tried at a time: most of what a cheap command takes is waiting for the engine."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What to try: a command line, the files it needs, answers to its prompts, and on which targets.

    Without globs and readers it is tried on every target that is there already; what is named is obtained first.
    """

    line: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)
    input: Input = Input.TERMINAL
    timeout_s: float = 60.0
    targets: tuple[str, ...] = ()
    readers: str | None = None
    targets_file: Path | None = None
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What some targets answered alike: each of them showed what ``seen`` says, and these facts."""

    targets: tuple[str, ...]
    seen: ObservationResult
    facts: Facts = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """The answers, that of most targets first; ``failed`` maps a target to why it gave none, ``absent`` were not
    there."""

    answers: tuple[Answer, ...]
    failed: Mapping[str, str]
    absent: tuple[str, ...]
    interrupted: bool = False


def attempt(what: Attempt, listener: Listener, interruptions: Interruptions) -> Tried:
    """Run it everywhere. Raises UsageError for a selection that matches nothing, EnvironmentLacksError for one of
    which nothing is there."""
    jobs = what.jobs or JOBS_A_CORE * (os.cpu_count() or 1)
    targets, had = _targets(what, jobs, listener, interruptions)
    ready = {name: got for name, got in had.items() if isinstance(got, Obtained)}
    step = Step("1", what.line, what.input, what.answers, what.timeout_s, (), frozenset({"stdout", "stderr"}))
    case = Case("try", what.line, (step,), what.files, secrets=what.answers)
    listener.planned(len(ready))
    cells = CellCache.of_user(listener.remark)
    with Benches(interruptions.seen, listener.remark) as benches:
        runs, interrupted, defect = observe_ready(
            (case,), ready, jobs, listener, benches, cells, Alike(), observe_briefly
        )
    if defect is not None:
        raise defect
    steps = [
        (name, cell.steps[0])
        for name in ready
        if name in runs and runs[name].outcome is Outcome.RAN
        for cell in runs[name].cells
        if cell.steps
    ]
    told = {name for name, _ in steps}
    groups: list[Answer] = []
    for name, seen in steps:
        for number, group in enumerate(groups):
            if _values(group.facts) == _values(seen.facts):
                groups[number] = Answer((*group.targets, name), group.seen, group.facts)
                break
        else:
            groups.append(Answer((name,), seen.seen, seen.facts))
    failed = {name: _reason(got, runs.get(name)) for name, got in had.items() if name not in told}
    ordered = sorted(groups, key=lambda group: -len(group.targets))
    absent = tuple(target.id for target in targets if target.id not in had)
    return Tried(tuple(ordered), failed, absent, interrupted)


def _reason(got: Obtained | OpensslrunError, run: TargetRun | None) -> str:
    """Why a target gave no answer."""
    if not isinstance(got, Obtained):
        return str(got)
    return run.reason if run is not None else "interrupted"


def _targets(
    what: Attempt, jobs: int, listener: Listener, interruptions: Interruptions
) -> tuple[tuple[Target, ...], Mapping[str, Obtained | OpensslrunError]]:
    """Those that were chosen, and of those to be tried what was had, by id."""
    chosen = choose_targets(load_known(what.targets_file), what.targets, what.readers)
    if what.targets or what.readers:
        with interruptions.raising():
            return chosen, obtain_many(chosen, max(1, jobs // JOBS_A_CORE), listener.stage)
    had = at_hand(chosen)
    if not had:
        raise EnvironmentLacksError("no target is there to try it on; name some with -t, or 'opensslrun targets build'")
    return chosen, had


def _values(facts: Facts) -> Mapping[str, object]:
    """What makes answers equal: every fact, the wording included (without directories, addresses and the like)."""
    return {fact.name: fact.value for fact in facts.values()}


def files_of(arguments: Sequence[str]) -> dict[str, bytes]:
    """The files that ``--file PATH`` and ``--file NAME=PATH`` name, by the name they get. Raises UsageError."""
    files: dict[str, bytes] = {}
    for argument in arguments:
        name, equals, path = argument.partition("=")
        source = Path(path if equals else argument)
        try:
            content = source.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read --file {source}: {error.strerror or error}") from error
        target = name if equals else source.name
        if PurePosixPath(target).is_absolute() or ".." in PurePosixPath(target).parts:
            raise UsageError(f"--file {argument} leads out of the command's directory; give it a name without '..'")
        if target in files:
            raise UsageError(f"two files have the name {target!r}; write --file NAME=PATH to give one another")
        files[target] = content
    return files


def answers_of(path: Path | None) -> tuple[str, ...]:
    """The lines of a file of answers. Raises UsageError."""
    if path is None:
        return ()
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise UsageError(f"cannot read --answers {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--answers {path} is not UTF-8; give a text file with an answer a line") from error
