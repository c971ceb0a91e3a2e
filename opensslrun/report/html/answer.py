"""The answer on top: for how many kinds of reader the commands work, and the row of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.found import pairs_found
from opensslrun.report.html.columns import slug
from opensslrun.report.readers import is_good
from opensslrun.report.words import counted

QUALITIES = {"measured": "measured", "stand-in": "stand-in", "not-run": "not run"}
_LONG = 90
"""Characters of a reason that a row shows; the whole stands with the target."""


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A kind of reader. ``look`` is the class of its answer, ``works`` the answer in words."""

    name: str
    requirement: str
    works: str
    look: str
    differences: tuple[tuple[Severity, int], ...]
    quality: str
    quality_words: str
    by: str
    by_slug: str
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``headline`` is the whole answer in a line; ``good`` says whether nothing speaks against it.

    ``notes`` are sentences, each with the class of how it looks.
    """

    headline: str
    good: bool
    notes: tuple[tuple[str, str], ...]
    guide: tuple[ReaderRow, ...]
    others: tuple[ReaderRow, ...]


def answer_of(result: m.Result) -> Answer:
    """What a guide's author came to know."""
    rows = [_row(row) for row in result.readers]
    guide = tuple(row for row in rows if row.requirement)
    others = tuple(sorted((row for row in rows if not row.requirement), key=lambda row: row.quality == "not-run"))
    summary = result.summary
    found = summary.error + summary.hung + summary.fail + summary.new
    good = [row for row in result.readers if is_good(row)]
    if result.readers:
        headline = f"Works for {len(good)} of your {counted(len(result.readers), 'kind')} of reader"
    elif found:
        headline = f"{counted(found, 'cell')} of {summary.cells} not as predicted"
    else:
        headline = f"{counted(summary.pass_ + summary.known, 'cell')} of {summary.cells} as predicted"
    pairs = pairs_found(result)
    whole = result.run.complete and not summary.not_run and not found and not pairs and not result.catalogue.stale
    return Answer(
        headline=headline,
        good=whole and len(good) == len(result.readers) and not any(map(_is_risky, good)),
        notes=tuple(sorted(_notes(result, good, found), key=lambda note: note[0] not in {"fail", "security"})),
        guide=guide,
        others=others,
    )


def _notes(result: m.Result, good: Sequence[m.ReaderResult], found: int) -> list[tuple[str, str]]:
    """What has to be known with the headline."""
    notes: list[tuple[str, str]] = []
    guide = [row for row in result.readers if row.guide_row is not None]
    if guide and len(guide) < len(result.readers):
        notes.append(("", f"The guide’s own requirements: {sum(map(is_good, guide))} of {len(guide)}."))
    if standing := sum(row.quality == "stand-in" for row in good):
        notes.append(("q-stand-in", f"{standing} of them by a stand-in, which is named with what it does not show."))
    if risky := sum(map(_is_risky, good)):
        notes.append(("security", f"{risky} of them with known differences of security: read those first."))
    missing = sum(row.quality == "not-run" for row in result.readers)
    if wrong := len(result.readers) - len(good) - missing:
        notes.append(("fail", f"Not for {wrong}."))
    if missing:
        notes.append(("not-run", f"{missing} not run: nothing is said about them."))
    if found:
        notes.append(("fail", f"{counted(found, 'cell')} not as predicted."))
    if pairs := len(pairs_found(result)):
        notes.append(("fail", f"{counted(pairs, 'pair')} of producer and consumer not as predicted."))
    if stale := len(result.catalogue.stale):
        notes.append(("fail", f"{counted(stale, 'known difference')} disproved by this run."))
    if not result.run.complete:
        notes.append(("fail", "The run was interrupted; this is what was done until then."))
    return notes


def _is_risky(row: m.ReaderResult) -> bool:
    return bool(row.differences.get(Severity.SECURITY))


def _row(row: m.ReaderResult) -> ReaderRow:
    works, look = _works(row)
    note = f"does not show {row.lacks or 'what differs between the two'}" if row.quality == "stand-in" else ""
    if row.untried:
        note += ("; " if note else "") + f"{counted(row.untried, 'case')} could not run"
    if row.by is None:
        reason = row.reason.removeprefix(f"{row.target} could not be had by any of its routes: ")
        note = reason if len(reason) <= _LONG or row.guide_row else f"{reason[:_LONG]}…"
    return ReaderRow(
        name=row.name,
        requirement=row.guide_row or "",
        works=works,
        look=look,
        differences=tuple(
            (severity, row.differences[severity]) for severity in Severity if row.differences.get(severity)
        ),
        quality=row.quality,
        quality_words=QUALITIES.get(row.quality, row.quality),
        by=row.by or "",
        by_slug=slug(row.by or row.target),
        note=note,
    )


def _works(row: m.ReaderResult) -> tuple[str, str]:
    """The answer in words, and how it looks."""
    match row.verdict:
        case None:
            return "not run", "not-run"
        case Verdict.PASS:
            return "yes", "pass"
        case Verdict.KNOWN if row.differences.get(Severity.SECURITY):
            return "yes, but: security", "security"
        case Verdict.KNOWN:
            return "yes, with differences", "known"
        case verdict if Verdict(verdict).is_found:
            return f"no: {verdict}", "fail"
        case verdict:
            return verdict, "not-run"
