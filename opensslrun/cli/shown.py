"""A result as a command leaves it: on standard output, and what it amounts to on standard error."""

from __future__ import annotations

from opensslrun.cli.output import err, out
from opensslrun.pipeline.session import Session
from opensslrun.pipeline.status import Conclusion, conclude
from opensslrun.report.terminal import show_result
from opensslrun.report.words import visible


def show_concluded(session: Session, form: str) -> Conclusion:
    """Show its result, as JSON where ``form`` says so, then the reasons of its exit status; the conclusion."""
    if form == "json":
        out().out("".join(session.document()), end="", highlight=False)
    else:
        show_result(session.result, out())
    conclusion = conclude(session.result)
    for reason in conclusion.reasons:
        err().print(f"opensslrun: {visible(reason)}", soft_wrap=True)
    return conclusion
