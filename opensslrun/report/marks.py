"""What a cell shows at a glance: its verdict, or how severe its known differences are, and a mark for each."""

from __future__ import annotations

from collections.abc import Mapping

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m

MARKS: Mapping[Verdict | Severity, str] = {
    Verdict.ERROR: "E",
    Verdict.HUNG: "H",
    Verdict.FAIL: "X",
    Verdict.NEW: "N",
    Severity.SECURITY: "S",
    Severity.BREAKS_SCRIPTS: "b",
    Severity.FORMAT: "f",
    Severity.COSMETIC: "c",
    Verdict.KNOWN: "k",
    Verdict.PASS: ".",
    Verdict.UNSUPPORTED: "u",
    Verdict.NOT_RUN: "-",
}
"""No two that differ in case only. Worst first, which is the order of the key below the grid and of the counts."""


def severities_of(result: m.Result) -> dict[str, Severity]:
    """How severe each known difference is, by its id."""
    return {entry.id: Severity(entry.severity) for entry in result.known_differences}


def shown_by(cell: m.CellResult | m.PairResult, severities: Mapping[str, Severity]) -> Verdict | Severity:
    """The worst known difference of a cell that has nothing worse, else its verdict."""
    if cell.verdict != Verdict.KNOWN:
        return Verdict(cell.verdict)
    ids = {finding.by for step in cell.steps for finding in step.findings if finding.verdict == Verdict.KNOWN}
    worst = min((severities[each] for each in ids if each in severities), key=lambda each: each.rank, default=None)
    return worst or Verdict.KNOWN


def has_begun(result: m.Result) -> list[m.TargetResult]:
    """The targets that ran, at least in part; of the others there is nothing to show but why."""
    begun = {cell.target for cell in result.cells if cell.steps}
    return [target for target in result.targets if target.outcome != "not-run" or target.id in begun]
