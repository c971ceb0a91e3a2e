"""What went wrong as annotations of a job of GitHub Actions: a line each, shown beside the case's own line.

The form is that of GitHub's workflow commands
(https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
"""

from __future__ import annotations

from collections.abc import Iterator

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.found import findings_in_words
from opensslrun.report.words import counted, names_in_words, visible

MAX_ANNOTATIONS = 10
"""GitHub shows so many errors of one step."""


def annotations_of(result: m.Result) -> Iterator[str]:
    """One line for each step of a case that went wrong, whatever the number of targets, then those of the catalogue."""
    errors = [*_errors(result), *_stale(result)]
    yield from errors[: MAX_ANNOTATIONS if len(errors) <= MAX_ANNOTATIONS else MAX_ANNOTATIONS - 1]
    if len(errors) > MAX_ANNOTATIONS:
        left = counted(len(errors) - MAX_ANNOTATIONS + 1, "finding")
        yield f"::error title=opensslrun::and {left} more, which the result has"


def _errors(result: m.Result) -> Iterator[str]:
    cases = {case.id: case for case in result.cases}
    found: dict[tuple[str, int, str, str], list[str]] = {}
    for cell in result.cells:
        if not Verdict(cell.verdict).is_found:
            continue
        places = [(number, step) for number, step in enumerate(cell.steps) if any(findings_in_words(step))]
        for number, step in places:
            said = "; ".join(findings_in_words(step))
            found.setdefault((cell.case, number, f"{cell.verdict}: {step.run}", said), []).append(cell.target)
        if not places:
            found.setdefault((cell.case, 0, cell.verdict, visible(cell.reason)), []).append(cell.target)
    for (name, number, title, said), targets in found.items():
        where = _place(cases.get(name), number)
        message = f"{name} on {names_in_words(targets)}: {said}"
        yield f"::error {where}title={_property(visible(title))}::{_data(message)}"


def _stale(result: m.Result) -> Iterator[str]:
    for stale in result.catalogue.stale:
        yield f"::error title=stale {_property(stale.id)}::{_data(visible(stale.reason))}"


def _place(case: m.CaseResult | None, number: int) -> str:
    if case is None or case.file is None:
        return ""
    line = case.lines[number] if number < len(case.lines) else 0
    return f"file={_property(case.file)},line={line or 1},"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
