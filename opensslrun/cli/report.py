"""``opensslrun report``: the renderings of a result, made here or elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from opensslrun.atomic import write_text
from opensslrun.cli.output import err, out
from opensslrun.errors import ExitStatus
from opensslrun.report.model import Result
from opensslrun.report.read import read_result
from opensslrun.report.terminal import show_result


def _html(result: Result) -> str:
    from opensslrun.report.html.page import html_of  # noqa: PLC0415  (jinja2 is loaded only for who wants it)

    return html_of(result)


RENDERINGS: Mapping[str, Callable[[Result], str]] = {
    "html": _html,
}
"""What makes the text of the file that the option of this name gives. To add a rendering, add a line here and one to
the options in :mod:`opensslrun.cli.parsers`.
"""


def run(args: argparse.Namespace) -> ExitStatus:
    """Write the files that were asked for; without any, show the result as ``matrix run`` does."""
    result = read_result(args.results)
    wanted = [(name, getattr(args, name)) for name in RENDERINGS if getattr(args, name) is not None]
    if not wanted:
        show_result(result, out())
    for name, path in wanted:
        write_text(path, RENDERINGS[name](result))
        err().print(f"{name}: {path}", soft_wrap=True)
    return ExitStatus.OK
