"""A result on a terminal: the grid, what differs and why, what nobody predicted, and last the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.differences import show_differences
from opensslrun.report.found import finding_in_words, pair_in_words, pairs_found
from opensslrun.report.grid import VERDICT_STYLES, show_grid
from opensslrun.report.pairs import pairs_in_words, show_pairs
from opensslrun.report.readers import readers_in_words, show_readers
from opensslrun.report.words import counted, names_in_words, visible

MANY = 8
"""Facts of one step that nothing is recorded for; more of them are a case that is not recorded yet, and a wall.
So are more pairs: what is wrong with one file is so for everybody who reads it."""


def show_result(result: m.Result, console: Console) -> None:
    """The whole result, fitted to the console's width."""
    show_grid(result, console)
    show_pairs(result, console)
    show_differences(result, console)
    _show_found(result, console)
    show_readers(result, console)
    _show_answer(result, console)


def _show_found(result: m.Result, console: Console) -> None:
    """Everything that makes the run fail, a cell at a time, and the entries it disproved."""
    found = [cell for cell in result.cells if Verdict(cell.verdict).is_found]
    pairs = pairs_found(result)
    if found or pairs:
        console.print()
        console.print(Text("Not as predicted", style="bold"))
    for cells in _alike(found):
        cell = cells[0]
        verdict = Verdict(cell.verdict)
        what = cell.case if len(cells) == 1 else counted(len(cells), "case")
        console.print()
        console.print(Text.assemble((verdict.value, VERDICT_STYLES[verdict]), f"  {cell.target}: {what}"))
        if not cell.steps or verdict is Verdict.ERROR:
            console.print(Padding(Text(visible(cell.reason)), (0, 0, 0, 2), expand=False))
        for step in cell.steps:
            _show_findings(step, console)
    for pair in pairs[:MANY]:
        verdict = Verdict(pair.verdict)
        who = f"  {pair_in_words(pair)}: {visible(pair.case)}"
        console.print()
        console.print(Text.assemble((verdict.value, VERDICT_STYLES[verdict]), who))
        console.print(Padding(Text(visible(pair.reason)), (0, 0, 0, 2), expand=False))
    if len(pairs) > MANY:
        console.print()
        console.print(f"and {counted(len(pairs) - MANY, 'pair')} more, which the result has")
    for stale in result.catalogue.stale:
        console.print()
        console.print(Text.assemble(("stale", "bold red"), f"  {stale.id}: {visible(stale.reason)}"))


def _alike(found: Sequence[m.CellResult]) -> Iterator[Sequence[m.CellResult]]:
    """Cells that did not even begin, for one reason, together: a target that broke down is one thing and not many."""
    together: dict[tuple[str, ...], list[m.CellResult]] = {}
    for cell in found:
        own = () if not cell.steps and cell.verdict == Verdict.ERROR else (cell.case,)
        together.setdefault((cell.target, cell.reason, *own), []).append(cell)
    yield from together.values()


def _show_findings(step: m.StepResult, console: Console) -> None:
    findings = [finding for finding in step.findings if Verdict(finding.verdict).is_found]
    if findings:
        console.print(Padding(Text(visible(step.run), style="dim"), (0, 0, 0, 2), expand=False))
    unrecorded = [finding for finding in findings if not finding.by and not finding.promise]
    if len(unrecorded) > MANY:
        line = Text(f"nothing is recorded for {len(unrecorded)} facts; 'opensslrun review' shows them")
        console.print(Padding(line, (0, 0, 0, 4), expand=False))
        findings = [finding for finding in findings if finding not in unrecorded]
    for finding in findings:
        line = Text(finding_in_words(finding))
        line.stylize("bold", 0, len(visible(finding.fact)))
        console.print(Padding(line, (0, 0, 0, 4), expand=False))


def _show_answer(result: m.Result, console: Console) -> None:
    """The last lines: who was asked, how it went, and on what that rests."""
    console.print()
    for target in result.targets:
        if target.outcome == "error":
            console.print(Text(f"{target.id}: {target.outcome}: {visible(target.reason)}", style="yellow"))
    for (case, reason), names in _unsupported(result).items():
        console.print(Text(f"unsupported: {case} on {names_in_words(names)}: {visible(reason)}", style="dim"))
    ran = sum(1 for target in result.targets if target.outcome == "ran")
    summary = result.summary
    found = summary.error + summary.hung + summary.fail + summary.new
    as_predicted = summary.pass_ + summary.known
    answer = Text(f"{ran} of {counted(len(result.targets), 'target')} ran: ")
    if found or result.catalogue.stale:
        wrong = [f"{counted(found, 'cell')} not as predicted"] if found else []
        if result.catalogue.stale:
            wrong.append(f"{counted(len(result.catalogue.stale), 'known difference')} disproved")
        answer.append(", ".join(wrong), style="bold red")
        answer.append(f", {as_predicted} as predicted")
    else:
        complete = result.run.complete and not summary.not_run
        answer.append(
            f"{counted(as_predicted, 'cell')} as predicted", style="bold green" if complete else "bold yellow"
        )
    if summary.unsupported:
        answer.append(f", {summary.unsupported} unsupported")
    if summary.not_run:
        answer.append(f", {summary.not_run} not run", style="bold yellow")
    answer.append(pairs_in_words(result))
    if not result.run.complete:
        answer.append(", interrupted", style="bold yellow")
    answer.append(_differences_in_words(result.known_differences))
    answer.append(f". {counted(summary.comparisons, 'fact')} compared{_when(result.run)}")
    answer.append(f", {summary.cached} of {counted(summary.cells, 'cell')} from the cache." if summary.cached else ".")
    console.print(answer)
    readers = readers_in_words(result)
    if readers is not None:
        console.print(readers)


def _when(run: m.Run) -> str:
    """How long a run took, or when it was that another over the very same inputs was judged."""
    if run.judged is None:
        return f" in {run.duration_s:.1f} s"
    judged = datetime.fromisoformat(run.judged).astimezone(UTC)
    return f" on {judged:%Y-%m-%d at %H:%M} UTC, and nothing has changed since"


def _unsupported(result: m.Result) -> dict[tuple[str, str], list[str]]:
    """By case and reason, the targets."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell in result.cells:
        if cell.verdict == Verdict.UNSUPPORTED:
            found.setdefault((cell.case, cell.reason), []).append(cell.target)
    return found


def _differences_in_words(known: Sequence[m.KnownDifference]) -> str:
    if not known:
        return ", no differences between versions"
    parts = []
    for severity in Severity:
        number = sum(1 for entry in known if entry.severity == severity)
        if number:
            parts.append(f"{number} {severity.value}")
    return f", {counted(len(known), 'known difference')} ({', '.join(parts)})"
