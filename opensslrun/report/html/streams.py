"""What a command printed, line by line: shown, and never obeyed by a browser."""

from __future__ import annotations

from markupsafe import Markup, escape

from opensslrun.report.words import visible


def lines(text: str) -> Markup:
    """The text as it stands in a ``pre``: line ends and tabs are kept, everything else that is invisible is spelled."""
    body = text.removesuffix("\r\n") if ends_in_crlf(text) else text.removesuffix("\n")
    separator = "\r\n" if ends_in_crlf(text) else "\n"
    return Markup("\n").join(
        escape("\t".join(visible(part) for part in line.split("\t"))) for line in body.split(separator)
    )


def ends_in_crlf(text: str) -> bool:
    """Whether every line ends as Windows ends lines, so that saying it once is enough."""
    return "\r\n" in text and text.count("\r") == text.count("\n") == text.count("\r\n")
