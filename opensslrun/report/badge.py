"""A result as a badge in the usual flat look: ``openssl versions | 13 of 19 · 7 stand-ins``."""

from __future__ import annotations

from html import escape

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.found import good_readers, pairs_found
from opensslrun.report.words import counted

LABEL = "openssl versions"

_GREEN, _YELLOW, _RED = "#2a7d2e", "#8a6100", "#b3261e"
"""White text has a contrast of at least 4.5 to 1 on each (WCAG 2 AA)."""

_WIDTHS = {" ": 3.9, "·": 4.0, "-": 5.0, "f": 3.9, "i": 3.0, "l": 3.0, "t": 4.3, "m": 10.7, "w": 9.0}
_WIDTH = 7.0
"""Pixels of a character of 11 px Verdana, about; ``textLength`` makes the text that wide in whatever font there is."""

_BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {says}">
<title>{label}: {says}</title>
<linearGradient id="s" x2="0" y2="100%"><stop offset="0" stop-color="#bbb" stop-opacity=".1"/><stop offset="1" \
stop-opacity=".1"/></linearGradient>
<clipPath id="r"><rect width="{width}" height="20" rx="3" fill="#fff"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#555"/><rect x="{left}" width="{right}" height="20" \
fill="{colour}"/><rect width="{width}" height="20" fill="url(#s)"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
<text x="{middle_left}" y="14" textLength="{text_left}">{label}</text>
<text x="{middle_right}" y="14" textLength="{text_right}">{says}</text></g>
</svg>
"""


def badge_of(result: m.Result) -> str:
    """The SVG document. Red when something was found, yellow when somebody was not tried, else green."""
    says, colour = badge_says(result)
    text_left, text_right = _pixels(LABEL), _pixels(says)
    left, right = text_left + 10, text_right + 10
    return _BADGE.format(
        label=escape(LABEL),
        says=escape(says),
        colour=colour,
        width=left + right,
        left=left,
        right=right,
        text_left=text_left,
        text_right=text_right,
        middle_left=left / 2,
        middle_right=left + right / 2,
    )


def badge_says(result: m.Result) -> tuple[str, str]:
    """The words, and the colour behind them."""
    good, rows, stand_ins = good_readers(result)
    said = f"{good} of {rows}" + (f" · {counted(stand_ins, 'stand-in')}" if stand_ins else "")
    found = any(Verdict(cell.verdict).is_found for cell in result.cells) or pairs_found(result)
    broken = any(target.outcome == "error" for target in result.targets)
    if found or broken or result.catalogue.stale:
        return said, _RED
    complete = good == rows and result.run.complete and result.summary.comparisons > 0
    return said, _GREEN if complete else _YELLOW


def _pixels(text: str) -> int:
    return round(sum(_WIDTHS.get(character, _WIDTH) for character in text))
