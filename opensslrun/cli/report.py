"""``opensslrun report``: the renderings of a result, made here or elsewhere."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from opensslrun.atomic import write_text
from opensslrun.cli.output import err, out
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.report.annotations import annotations_of
from opensslrun.report.badge import badge_of
from opensslrun.report.junit import junit_of
from opensslrun.report.markdown import markdown_of
from opensslrun.report.model import Result
from opensslrun.report.read import read_result
from opensslrun.report.terminal import show_result


def _html(result: Result) -> str:
    from opensslrun.report.html.page import html_of  # noqa: PLC0415  (jinja2 is loaded only for who wants it)

    return html_of(result)


RENDERINGS: Mapping[str, Callable[[Result], str]] = {
    "html": _html,
    "junit": junit_of,
    "markdown": markdown_of,
    "badge": badge_of,
}
"""What makes the text of the file that the option of this name gives. To add a rendering, add a line here and one to
the options in :mod:`opensslrun.cli.parsers`.
"""


SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names a file whose Markdown is shown on the page of a job; what earlier steps wrote stays."""


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"cannot write to {path}, which {SUMMARY_VARIABLE} names: {error.strerror or error}"
        ) from error


def run(args: argparse.Namespace) -> ExitStatus:
    """Write the files that were asked for; without any, show the result as ``matrix run`` does.

    In a job of GitHub Actions the Markdown goes to the job's summary too, and what went wrong becomes annotations.
    """
    result = read_result(args.results)
    wanted = [(name, getattr(args, name)) for name in RENDERINGS if getattr(args, name) is not None]
    summary = os.environ.get(SUMMARY_VARIABLE)
    if not wanted:
        show_result(result, out())
    if summary:
        _append(Path(summary), markdown_of(result))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations_of(result):
            out().out(line, highlight=False)
    for name, path in wanted:
        write_text(path, RENDERINGS[name](result))
        err().print(f"{name}: {path}", soft_wrap=True)
    return ExitStatus.OK
