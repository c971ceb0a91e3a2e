"""A result on a terminal: the grid, what differs and why, what nobody predicted, and last the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.readers import readers_in_words, show_readers
from opensslrun.report.words import counted, shortened, value_in_words, visible

_STYLES = {
    Verdict.ERROR: "bold red",
    Verdict.HUNG: "bold red",
    Verdict.FAIL: "bold red",
    Verdict.NEW: "bold magenta",
    Verdict.KNOWN: "yellow",
    Verdict.PASS: "green",
    Verdict.UNSUPPORTED: "dim",
    Verdict.NOT_RUN: "dim",
}
SEVERITY_STYLES = {
    Severity.SECURITY: "bold red",
    Severity.BREAKS_SCRIPTS: "yellow",
    Severity.FORMAT: "cyan",
    Severity.COSMETIC: "dim",
}


MANY = 8
"""Facts of one step that nothing is recorded for; more of them are a case that is not recorded yet, and a wall."""


def show_result(result: m.Result, console: Console) -> None:
    """The whole result, fitted to the console's width."""
    _show_grid(result, console)
    _show_differences(result, console)
    _show_found(result, console)
    show_readers(result, console)
    _show_answer(result, console)


def _show_grid(result: m.Result, console: Console) -> None:
    """Targets by cases; a grid too wide for the console is cut into several, a few cases each.

    Targets that did not run are named below it, once.
    """
    if all(target.outcome == "not-run" for target in result.targets):
        return
    cells = {(cell.target, cell.case): cell for cell in result.cells}
    begun = {cell.target for cell in result.cells if cell.steps}
    severities = {entry.id: Severity(entry.severity) for entry in result.known_differences}
    for cases in _columns(result, console.width):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("target", no_wrap=True)
        table.add_column("version", no_wrap=True, style="dim")
        for case in cases:
            table.add_column(case, no_wrap=True)
        for target in (target for target in result.targets if target.outcome != "not-run" or target.id in begun):
            version = f"{target.implementation} {target.version}" if target.version else "not run"
            row = [Text(target.id), Text(version)]
            row += [_cell(cells.get((target.id, case)), severities) for case in cases]
            table.add_row(*row)
        console.print()
        console.print(table)


def _columns(result: m.Result, width: int) -> Iterator[list[str]]:
    left = max((len(target.id) for target in result.targets), default=6) + 2 + 18
    batch: list[str] = []
    used = left
    for case in result.cases:
        needed = max(len(case.id), len("known: security")) + 2
        if batch and used + needed > width:
            yield batch
            batch, used = [], left
        batch.append(case.id)
        used += needed
    if batch:
        yield batch


def _cell(cell: m.CellResult | None, severities: dict[str, Severity]) -> Text:
    if cell is None:
        return Text("-", style="dim")
    verdict = Verdict(cell.verdict)
    if verdict is not Verdict.KNOWN:
        return Text(verdict.value, style=_STYLES[verdict])
    ids = {finding.by for step in cell.steps for finding in step.findings if finding.verdict == Verdict.KNOWN}
    worst = min((severities[each] for each in ids if each in severities), key=lambda each: each.rank, default=None)
    if worst is Severity.SECURITY:
        return Text("known: security", style=SEVERITY_STYLES[worst])
    return Text("known", style=_STYLES[verdict])


def _show_differences(result: m.Result, console: Console) -> None:
    """Known differences, worst first, each with the values side by side and what to write instead."""
    known = sorted(result.known_differences, key=lambda entry: (Severity(entry.severity).rank, entry.id))
    if not known:
        return
    console.print()
    console.print(Text("Known differences", style="bold"))
    for entry in known:
        severity = Severity(entry.severity)
        console.print()
        console.print(
            Text.assemble(
                (entry.id, "bold"), "  ", (severity.value, SEVERITY_STYLES[severity]), "  ", (entry.title, "bold")
            )
        )
        for indent, line in _sides(entry.id, result, console.width - 2):
            console.print(Padding(line, (0, 0, 0, indent), expand=False))
        console.print(Padding(Text.assemble(("Write instead: ", "bold"), entry.advice), (0, 0, 0, 2), expand=False))


def _sides(entry: str, result: m.Result, width: int) -> Iterator[tuple[int, Text]]:
    """What each side shows: the steps, then each fact with its values and who shows them; steps alike stand once."""
    commands = {(cell.case, step.id): step.run for cell in result.cells for step in cell.steps}
    alike: dict[tuple[str, ...], list[str]] = {}
    blocks: dict[tuple[str, ...], list[m.DifferenceResult]] = {}
    for (case, step), views in _explained(entry, result).items():
        key = tuple(view.model_dump_json(exclude={"case", "step"}) for view in views)
        alike.setdefault(key, []).append(f"{case}: {visible(commands.get((case, step), ''))}")
        blocks.setdefault(key, views)
    for key, steps in alike.items():
        for step in steps:
            yield 2, Text(shortened(step, width), style="dim")
        for view in blocks[key]:
            yield 4, Text(view.fact)
            for group in view.groups:
                yield 6, Text.assemble((f"{', '.join(group.targets)}: ", "dim"), value_in_words(group.value))


def _explained(entry: str, result: m.Result) -> dict[tuple[str, str], list[m.DifferenceResult]]:
    """The differing facts that rest on an entry, by case and step."""
    known = {
        (cell.case, step.id, finding.fact)
        for cell in result.cells
        for step in cell.steps
        for finding in step.findings
        if finding.by == entry
    }
    found: dict[tuple[str, str], list[m.DifferenceResult]] = {}
    for view in result.differences:
        if (view.case, view.step, view.fact) in known:
            found.setdefault((view.case, view.step), []).append(view)
    return found


def _show_found(result: m.Result, console: Console) -> None:
    """Everything that makes the run fail, a cell at a time, and the entries it disproved."""
    found = [cell for cell in result.cells if Verdict(cell.verdict).is_found]
    if found:
        console.print()
        console.print(Text("Not as predicted", style="bold"))
    for cell in found:
        verdict = Verdict(cell.verdict)
        console.print()
        console.print(Text.assemble((verdict.value, _STYLES[verdict]), f"  {cell.target}: {cell.case}"))
        if not cell.steps or verdict is Verdict.ERROR:
            console.print(Padding(Text(visible(cell.reason)), (0, 0, 0, 2), expand=False))
        for step in cell.steps:
            _show_findings(step, console)
    for stale in result.catalogue.stale:
        console.print()
        console.print(Text.assemble(("stale", "bold red"), f"  {stale.id}: {visible(stale.reason)}"))


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
        line = Text.assemble((finding.fact, "bold"), f" is {value_in_words(finding.value)}")
        if finding.promise:
            line.append(f"; promised: {finding.promise}")
        if finding.by:
            line.append(f"; {finding.by} predicts {value_in_words(finding.predicted)}")
        elif not finding.promise:
            line.append("; nothing is recorded for it")
        console.print(Padding(line, (0, 0, 0, 4), expand=False))


def _show_answer(result: m.Result, console: Console) -> None:
    """The last lines: who was asked, how it went, and on what that rests."""
    console.print()
    for target in result.targets:
        if target.outcome == "error":
            console.print(Text(f"{target.id}: {target.outcome}: {visible(target.reason)}", style="yellow"))
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
    if summary.not_run:
        answer.append(f", {summary.not_run} not run", style="bold yellow")
    if not result.run.complete:
        answer.append(", interrupted", style="bold yellow")
    answer.append(_differences_in_words(result.known_differences))
    answer.append(f". {counted(summary.comparisons, 'fact')} compared in {result.run.duration_s:.1f} s.")
    console.print(answer)
    readers = readers_in_words(result)
    if readers is not None:
        console.print(readers)


def _differences_in_words(known: Sequence[m.KnownDifference]) -> str:
    if not known:
        return ", no differences between versions"
    parts = []
    for severity in Severity:
        number = sum(1 for entry in known if entry.severity == severity)
        if number:
            parts.append(f"{number} {severity.value}")
    return f", {counted(len(known), 'known difference')} ({', '.join(parts)})"
