"""A result as a command leaves it: on standard output, and what it amounts to on standard error."""

from __future__ import annotations

from opensslrun.cli.output import err, out
from opensslrun.pipeline.status import Conclusion, conclude
from opensslrun.report.model import Result
from opensslrun.report.terminal import show_result
from opensslrun.report.words import visible
from opensslrun.report.written import result_as_json


def show_concluded(result: Result, form: str) -> Conclusion:
    """Show it, as JSON where ``form`` says so, then the reasons of its exit status; the conclusion."""
    if form == "json":
        out().out(result_as_json(result), end="", highlight=False)
    else:
        show_result(result, out())
    conclusion = conclude(result)
    for reason in conclusion.reasons:
        err().print(f"opensslrun: {visible(reason)}", soft_wrap=True)
    return conclusion
