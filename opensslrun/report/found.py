"""What went wrong in a cell, in words: the same sentences in every rendering that has room for a few lines only."""

from __future__ import annotations

from collections.abc import Iterator

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.words import value_in_words, visible


def finding_in_words(finding: m.FindingResult) -> str:
    """One sentence, which begins with the fact."""
    said = f"{visible(finding.fact)} is {value_in_words(finding.value)}"
    if finding.promise:
        said += f"; promised: {visible(finding.promise)}"
    if finding.by:
        said += f"; {visible(finding.by)} predicts {value_in_words(finding.predicted)}"
    elif not finding.promise:
        said += "; nothing is recorded for it"
    return said


def findings_in_words(step: m.StepResult) -> Iterator[str]:
    """A sentence for each finding of a step that makes the run fail."""
    return (finding_in_words(finding) for finding in step.findings if Verdict(finding.verdict).is_found)


def cell_in_words(cell: m.CellResult | m.PairResult) -> str:
    """Everything that makes a cell or a pair fail: its reason, or each step's command line with what was found."""
    lines = []
    for step in cell.steps:
        found = list(findings_in_words(step))
        if found:
            lines += [f"$ {visible(step.run)}", *(f"  {sentence}" for sentence in found)]
    return "\n".join(lines) or visible(cell.reason)


def known_of(cell: m.CellResult | m.PairResult) -> list[str]:
    """The ids of the known differences that a cell or a pair shows, each once."""
    ids = (finding.by for step in cell.steps for finding in step.findings if finding.verdict == Verdict.KNOWN)
    return sorted(set(ids))


def pairs_found(result: m.Result) -> list[m.PairResult]:
    """The pairs that make the run fail."""
    return [pair for pair in result.pairs if Verdict(pair.verdict).is_found]


def pair_in_words(pair: m.PairResult) -> str:
    """``libressl-3.0.2 with the files of debian-13``."""
    return f"{visible(pair.consumer)} with the files of {visible(pair.producer)}"


def good_readers(result: m.Result) -> tuple[int, int, int]:
    """How many kinds of reader it works for, of how many, and how many of those by a stand-in.

    Where no kinds of reader were asked for, targets are counted in their place.
    """
    rows = [(row.verdict, row.quality == "stand-in") for row in result.readers] or [
        (_worst(result, target.id), bool(target.stand_in_for)) for target in result.targets
    ]
    good = [stands_in for verdict, stands_in in rows if verdict in {Verdict.PASS, Verdict.KNOWN}]
    return len(good), len(rows), sum(good)


def _worst(result: m.Result, target: str) -> str:
    verdicts = [Verdict(cell.verdict) for cell in result.cells if cell.target == target]
    ran = [verdict for verdict in verdicts if verdict is not Verdict.UNSUPPORTED]
    return min(ran, key=lambda verdict: verdict.rank, default=Verdict.NOT_RUN)
