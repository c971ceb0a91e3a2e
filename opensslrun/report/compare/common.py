"""What two results have in common: targets, cases that say the same in both, and cells by a name both understand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.compare.lines import Twins, twins_of


@dataclass(frozen=True, slots=True)
class Unit:
    """A cell, or a pair: what is judged by itself. Of a pair the targets are two: the producer and the consumer."""

    case: str
    targets: tuple[str, ...]
    verdict: Verdict
    reason: str
    steps: tuple[m.StepResult, ...]

    @property
    def is_pair(self) -> bool:
        """Whether it is of a producer and a consumer."""
        return len(self.targets) > 1

    @property
    def ran(self) -> bool:
        """Whether anything of it was seen."""
        return self.verdict not in {Verdict.UNSUPPORTED, Verdict.NOT_RUN}


@dataclass(frozen=True, slots=True)
class Common:
    """``cases`` are the same in both, ``changed`` in both and not the same.

    Where ``by_commands`` is true, a result is of an older opensslrun that did not write down what its cases are, and
    they are held to be the same when their command lines are.
    """

    twins: Twins
    cases: frozenset[str]
    changed: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    by_commands: bool
    names_before: Mapping[str, str]
    names_after: Mapping[str, str]
    """What each target is called in both: the old run's id."""


Key = tuple[str, tuple[str, ...]]


def common_of(old: m.Result, new: m.Result) -> Common:
    """What can be compared at all."""
    twins = twins_of(old.targets, new.targets)
    before, after = cases_of(old), cases_of(new)
    both = [case for case in before if case in after]
    sums_before, sums_after = _sums(old), _sums(new)
    same_sum = old.run.cases_sha256 == new.run.cases_sha256 != ""
    told = all(sums_before.get(case) and sums_after.get(case) for case in both)
    commands = (_commands(old), _commands(new))
    same = []
    for case in both:
        one, other = sums_before.get(case), sums_after.get(case)
        if one and other:
            if one == other:
                same.append(case)
        elif same_sum or _agree(commands[0].get(case, {}), commands[1].get(case, {})):
            same.append(case)
    return Common(
        twins=twins,
        cases=frozenset(same),
        changed=tuple(case for case in both if case not in same),
        only_before=tuple(case for case in before if case not in after),
        only_after=tuple(case for case in after if case not in before),
        by_commands=not told and not same_sum,
        names_before={target.id: f"old {target.id}" for target in twins.only_before}
        | {twin.before.id: twin.before.id for twin in twins.both}
        | {name: f"old {name}" for name in twins.other},
        names_after={target.id: f"new {target.id}" for target in twins.only_after}
        | {twin.after.id: twin.before.id for twin in twins.both}
        | {name: f"new {name}" for name in twins.other},
    )


def cases_of(result: m.Result) -> list[str]:
    """All that it has, whether or not they have a title."""
    ran = (*(cell.case for cell in result.cells), *(pair.case for pair in result.pairs))
    return list(dict.fromkeys([*(case.id for case in result.cases), *ran]))


def _sums(result: m.Result) -> Mapping[str, str | None]:
    return {case.id: case.sha256 for case in result.cases}


def _commands(result: m.Result) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    judged: list[m.CellResult | m.PairResult] = [*result.cells, *result.pairs]
    for each in judged:
        found.setdefault(each.case, {}).update({step.id: step.run for step in each.steps})
    return found


def _agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether the command lines that both ran are the same; a cell may have ended early, so one may have fewer."""
    return all(one[step] == other[step] for step in one if step in other)


def units_of(result: m.Result, names: Mapping[str, str]) -> Mapping[Key, Unit]:
    """Cells and pairs by their case and targets. Of two with one name the worse counts."""
    units = [
        Unit(cell.case, (cell.target,), Verdict(cell.verdict), cell.reason, tuple(cell.steps)) for cell in result.cells
    ]
    units += [
        Unit(pair.case, (pair.producer, pair.consumer), Verdict(pair.verdict), pair.reason, tuple(pair.steps))
        for pair in result.pairs
    ]
    found: dict[Key, Unit] = {}
    for unit in sorted(units, key=lambda unit: -unit.verdict.rank):
        found[unit.case, tuple(names.get(target, target) for target in unit.targets)] = unit
    order = {(unit.case, tuple(names.get(target, target) for target in unit.targets)): None for unit in units}
    return {key: found[key] for key in order}
