"""From what nothing predicts to what a person could accept: recorded values, and drafts for the catalogue.

A recorded value is the one that the newest OpenSSL of the run shows; whatever another version shows instead is a
difference, and only a person can say why it is there. So this proposes, and never decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.driver.version import Implementation, Version
from opensslrun.facts.model import FactValue
from opensslrun.judge.match import matches
from opensslrun.judge.model import Record, Verdict
from opensslrun.report.model import CellResult, FindingResult, Result, StepResult


@dataclass(frozen=True, slots=True)
class Surprise:
    """A fact that something unpredicted was seen of: what each target that ran the case shows.

    ``reference`` is the target whose value would be recorded.
    """

    case: str
    step: str
    run: str
    fact: str
    values: Mapping[str, FactValue]
    recorded: FactValue | None
    is_recorded: bool
    reference: str

    @property
    def proposal(self) -> FactValue:
        """The value that would be recorded."""
        return self.values[self.reference]

    @property
    def others(self) -> dict[str, FactValue]:
        """What other targets show instead."""
        return {name: value for name, value in self.values.items() if not matches(self.proposal, value)}


ABSENT_VALUE: FactValue = {"absent": True}


def surprises(result: Result, records: Mapping[str, Record]) -> tuple[Surprise, ...]:
    """Everything a result shows that nothing predicted, in the order of case, step and fact."""
    return tuple(_surprises(result, records))


def _surprises(result: Result, records: Mapping[str, Record]) -> Iterator[Surprise]:
    versions = _versions(result)
    for case in result.cases:
        cells = [cell for cell in result.cells if cell.case == case.id and cell.steps and cell.verdict != Verdict.ERROR]
        if not cells:
            continue
        reference = max((cell.target for cell in cells), key=lambda name: _rank(versions.get(name)))
        for step, fact in _unpredicted(cells):
            steps = {cell.target: found for cell in cells for found in cell.steps if found.id == step}
            record = records.get(case.id, {}).get(step, {})
            yield Surprise(
                case=case.id,
                step=step,
                run=next(iter(steps.values())).run,
                fact=fact,
                values={name: found.facts.get(fact, ABSENT_VALUE) for name, found in steps.items()},
                recorded=record.get(fact),
                is_recorded=fact in record,
                reference=reference,
            )


def _unpredicted(cells: Sequence[CellResult]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for cell in cells:
        for step in cell.steps:
            for finding in step.findings:
                if _is_unpredicted(finding):
                    found[step.id, finding.fact] = None
    return list(found)


def _is_unpredicted(finding: FindingResult) -> bool:
    return Verdict(finding.verdict).is_found


def _versions(result: Result) -> dict[str, Version]:
    return {
        target.id: Version.parse(Implementation(target.implementation), target.version)
        for target in result.targets
        if target.implementation and target.version
    }


def _rank(version: Version | None) -> tuple[bool, tuple[int, ...]]:
    """OpenSSL before LibreSSL, then the newer first."""
    if version is None:
        return False, ()
    return version.implementation is Implementation.OPENSSL, version.order.release


def steady(surprise: Surprise, repeats: Sequence[Result]) -> bool:
    """Whether every target showed in all repeated runs what it showed in the first."""
    return all(
        _value(repeat, name, surprise.case, surprise.step, surprise.fact) == value
        for repeat in repeats
        for name, value in surprise.values.items()
    )


def _value(result: Result, target: str, case: str, step: str, fact: str) -> FactValue:
    for cell in result.cells:
        if (cell.target, cell.case) == (target, case):
            found = next((each for each in cell.steps if each.id == step), None)
            return found.facts.get(fact, ABSENT_VALUE) if isinstance(found, StepResult) else ABSENT_VALUE
    return ABSENT_VALUE


def draft(surprise: Surprise, result: Result) -> str:
    """A draft entry for what other targets show: TOML, with the parts only a person can write left open."""
    versions = {target.id: f"{target.implementation} {target.version}" for target in result.targets}
    lines = [
        "[[difference]]",
        'id = "D"            # the next free number; it never changes',
        'title = ""',
        'severity = ""       # security, breaks-scripts, format or cosmetic',
        f"where = {{ case = {json.dumps(surprise.case)}, step = {json.dumps(surprise.step)} }}",
        "shows = [",
    ]
    for target, value in surprise.others.items():
        on = json.dumps(f"{versions[target]}".replace(" ", " == ", 1))
        lines.append(f"  {{ fact = {json.dumps(surprise.fact)}, on = {on}, value = {_toml(value)} }},   # {target}")
    return "\n".join([*lines, "]", 'why = ""', 'advice = ""'])


def _toml(value: FactValue) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False) if value is not None else '"none"'
