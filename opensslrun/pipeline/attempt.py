"""One command line on many targets at once: what each answers, and which answers are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from opensslrun.cases.model import Case, Step
from opensslrun.driver.outcome import Input
from opensslrun.errors import EnvironmentLacksError, UsageError
from opensslrun.facts.model import Facts
from opensslrun.judge.catalogue import Catalogue
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.observed import Outcome
from opensslrun.pipeline.plan import Options, Plan, choose_targets
from opensslrun.pipeline.run import observe_plan
from opensslrun.report.model import ObservationResult
from opensslrun.targets.load import load_known
from opensslrun.targets.model import Availability, Target
from opensslrun.targets.obtain import available_all


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
    targets, absent = _targets(what)
    step = Step("1", what.line, what.input, what.answers, what.timeout_s, (), frozenset({"stdout", "stderr"}))
    case = Case("try", what.line, (step,), what.files, secrets=what.answers)
    options = Options(targets=tuple(target.id for target in targets), jobs=what.jobs, stand_ins=False)
    plan = Plan(options, targets, {}, (case,), (case,), {}, Catalogue(()))
    observed = observe_plan(plan, listener, interruptions)
    if observed.defect is not None:
        raise observed.defect
    steps = [
        (run.target.id, cell.steps[0])
        for run in observed.runs
        if run.outcome is Outcome.RAN
        for cell in run.cells
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
    failed = {run.target.id: run.reason for run in observed.runs if run.target.id not in told}
    ordered = sorted(groups, key=lambda group: -len(group.targets))
    return Tried(tuple(ordered), failed, absent, observed.interrupted)


def _targets(what: Attempt) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Those to be tried, and the ids of those that are not there."""
    chosen = choose_targets(load_known(what.targets_file), what.targets, what.readers)
    if what.targets or what.readers:
        return chosen, ()
    there = {state.target.id for state in available_all(chosen) if state.availability is Availability.READY}
    if not there:
        raise EnvironmentLacksError("no target is there to try it on; name some with -t, or 'opensslrun targets build'")
    ready = tuple(target for target in chosen if target.id in there)
    return ready, tuple(target.id for target in chosen if target.id not in there)


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
