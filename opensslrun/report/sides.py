"""What two versions really printed, side by side: one that shows a known difference, and one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.words import counted, value_in_words, visible

_LINES = 12
"""Lines of one stream that are shown; the result has all."""
_FACTS = 6
"""Facts of an entry that are shown side by side; the result has all."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One step on two targets: one where the entry predicts something else, and one that shows what is recorded."""

    case: str
    step: str
    facts: tuple[str, ...]
    other: tuple[str, m.StepResult]
    recorded: tuple[str, m.StepResult]


def sides_of(entry: str, result: m.Result) -> Sides | None:
    """A step of a result on which the entry holds, beside a target on which nothing of it does; None without one.

    The first, but rather one where both targets have the facts at all.
    """
    found = list(_sides(entry, result))
    return min(found, key=_missing) if found else None


def _missing(sides: Sides) -> int:
    """How many of the facts one of the two does not have."""
    return sum(fact not in side[1].facts for fact in sides.facts for side in (sides.other, sides.recorded))


def _sides(entry: str, result: m.Result) -> Iterator[Sides]:
    platforms = {target.id: target.platform for target in result.targets}
    for cell in result.cells:
        for step in cell.steps:
            facts = tuple(_by(entry, step))
            if not facts:
                continue
            beside = [
                (other.target, found)
                for other in result.cells
                if other.case == cell.case
                for found in other.steps
                if found.id == step.id and not any(finding.fact in facts for finding in found.findings)
            ]
            beside.sort(key=lambda side: platforms.get(side[0]) != platforms.get(cell.target))
            if beside:
                yield Sides(cell.case, step.id, facts, (cell.target, step), beside[0])


def _by(entry: str, step: m.StepResult) -> Iterator[str]:
    for finding in step.findings:
        if finding.by == entry and finding.verdict == Verdict.KNOWN:
            yield finding.fact


def show_sides(sides: Sides, result: m.Result, console: Console) -> None:
    """Both outputs as they came, then the facts drawn from them that differ."""
    versions = {target.id: f"{target.implementation} {target.version}" for target in result.targets}
    console.print(Text.assemble(("Side by side: ", "bold"), visible(f"{sides.case}, step {sides.step}")))
    console.print(Padding(Text(visible(sides.other[1].run), style="dim"), (0, 0, 0, 2), expand=False))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_lines=False)
    table.add_column("", overflow="fold")
    for target, _ in (sides.other, sides.recorded):
        table.add_column(f"{target} ({versions.get(target, '')})", overflow="fold", ratio=1)
    steps = (sides.other[1], sides.recorded[1])
    seen = [result.observations.get(step.observation) for step in steps]
    if all(one is not None for one in seen):
        for name in ("exit status", "prompts", "stdout", "stderr", "files"):
            cells = [_shown(name, one) for one in seen if one is not None]
            if any(cells):
                table.add_row(Text(name, style="dim"), *(Text(text or "(nothing)") for text in cells))
    for fact in sides.facts[:_FACTS]:
        table.add_row(
            Text(visible(fact), style="dim"),
            *(Text(value_in_words(step.facts.get(fact, {"absent": True}))) for step in steps),
        )
    console.print(Padding(table, (0, 0, 0, 2), expand=True))
    if len(sides.facts) > _FACTS:
        console.print(f"  and {counted(len(sides.facts) - _FACTS, 'fact')} more, which the result has")


def _shown(name: str, seen: m.ObservationResult) -> str:
    match name:
        case "exit status":
            return str(seen.status) if seen.ending == "exited" else seen.ending
        case "prompts":
            return "\n".join(visible(prompt) for prompt in seen.prompts)
        case "files":
            return "\n".join(f"{visible(one.name)}  {one.size} bytes  {one.mode or ''}".rstrip() for one in seen.files)
        case _:
            return _stream(seen.stdout if name == "stdout" else seen.stderr)


def _stream(text: str) -> str:
    lines = [visible(line.removesuffix("\r")) for line in text.splitlines()]
    more = [f"… {counted(len(lines) - _LINES, 'line')} more"] if len(lines) > _LINES else []
    return "\n".join([*lines[:_LINES], *more])
