"""A result as Markdown, short enough for the summary of a CI job (GitHub takes 1 MiB a step)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.found import cell_in_words, known_of, pair_in_words, pairs_found
from opensslrun.report.readers import readers_in_words
from opensslrun.report.words import counted, names_in_words, shortened, visible

MAX_FOUND = 50
"""Cells that are told with what was found; the result has the others."""

_MAX_LINES = 12
_MAX_LINE = 300

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown_of(result: m.Result) -> str:
    """The whole document: the answer, what went wrong, for whom it works, and what differs."""
    parts = [*_answer(result), *_found(result), *_readers(result), *_differences(result), *_not_run(result)]
    return "\n".join(parts).rstrip() + "\n"


def plain(text: str) -> str:
    """What a run said as text: nothing in it is markup, and it stays on one line."""
    escaped = _MARKUP.sub(r"\\\1", visible(text.replace("\n", " ")))
    return escaped.replace("&", "&amp;").replace("@", "&#64;")


def code(text: str) -> str:
    """What a run said as code, on one line."""
    said = visible(text.replace("\n", " ")).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", said)), default=0) + 1)
    pad = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def _answer(result: m.Result) -> Iterator[str]:
    summary = result.summary
    found = summary.error + summary.hung + summary.fail + summary.new
    pairs = pairs_found(result)
    good = (
        not found and not pairs and not result.catalogue.stale and not any(t.outcome == "error" for t in result.targets)
    )
    yield f"## {'✅' if good and result.run.complete else '❌'} openssl on every version"
    yield ""
    readers = readers_in_words(result)
    if readers is not None:
        yield f"**{plain(readers.plain)}**"
        yield ""
    ran = sum(1 for target in result.targets if target.outcome == "ran")
    told = [f"{ran} of {counted(len(result.targets), 'target')} ran"]
    told.append(f"{counted(summary.pass_ + summary.known, 'cell')} as predicted")
    told += [f"**{counted(found, 'cell')} not as predicted**"] if found else []
    told += [f"**{counted(len(pairs), 'pair')} of producer and consumer not as predicted**"] if pairs else []
    told += [f"{summary.unsupported} unsupported"] if summary.unsupported else []
    told += [f"{summary.not_run} not run"] if summary.not_run else []
    told += ["interrupted"] if not result.run.complete else []
    yield f"{', '.join(told)}; {counted(summary.comparisons, 'fact')} compared."
    yield ""


def _found(result: m.Result) -> Iterator[str]:
    found = [cell for cell in result.cells if Verdict(cell.verdict).is_found]
    pairs = pairs_found(result)
    if found or pairs or result.catalogue.stale:
        yield "### Not as predicted"
        yield ""
    for cell in found[:MAX_FOUND]:
        lines = cell_in_words(cell).splitlines()
        yield f"- **{cell.verdict}** {code(cell.case)} on {code(cell.target)}"
        yield from (f"  - {code(shortened(line.strip(), _MAX_LINE))}" for line in lines[:_MAX_LINES])
        if len(lines) > _MAX_LINES:
            yield f"  - and {counted(len(lines) - _MAX_LINES, 'line')} more, which the result has"
    if len(found) > MAX_FOUND:
        yield f"- and {counted(len(found) - MAX_FOUND, 'cell')} more, which the result has"
    for pair in pairs[:MAX_FOUND]:
        yield f"- **{pair.verdict}** {code(pair.case)}: {plain(pair_in_words(pair))}"
        yield f"  - {code(shortened(pair.reason, _MAX_LINE))}"
    if len(pairs) > MAX_FOUND:
        yield f"- and {counted(len(pairs) - MAX_FOUND, 'pair')} more, which the result has"
    for stale in result.catalogue.stale:
        yield f"- **stale** {plain(stale.id)}: {plain(shortened(stale.reason, _MAX_LINE))}"
    if found or pairs or result.catalogue.stale:
        yield ""


def _readers(result: m.Result) -> Iterator[str]:
    if not result.readers:
        return
    yield "| reader | works | measured on |"
    yield "|---|---|---|"
    rows = sorted(result.readers, key=lambda row: (row.guide_row is None, row.quality == "not-run"))
    for row in rows:
        name = f"**{plain(row.name)}**" if row.guide_row else plain(row.name)
        yield f"| {name} | {_works(row)} | {_measured(row)} |"
    yield ""


def _works(row: m.ReaderResult) -> str:
    match row.verdict:
        case None:
            return "not run"
        case Verdict.PASS:
            return "yes"
        case Verdict.KNOWN:
            counts = [f"{row.differences[each]} {each.value}" for each in Severity if row.differences.get(each)]
            return f"differs: {', '.join(counts)}" if counts else "differs"
        case verdict if Verdict(verdict).is_found:
            return f"**no: {plain(verdict)}**"
        case verdict:
            return plain(verdict)


def _measured(row: m.ReaderResult) -> str:
    if row.by is None:
        return plain(shortened(row.reason, _MAX_LINE))
    if row.quality == "stand-in":
        return f"stand-in {code(row.by)}; does not show {plain(row.lacks or 'what differs between the two')}"
    return code(row.by)


def _differences(result: m.Result) -> Iterator[str]:
    """Worst first, who shows each; the harmless ones folded."""
    shown: dict[str, list[str]] = {}
    met = [(cell.target, known_of(cell)) for cell in result.cells]
    met += [(pair.consumer, known_of(pair)) for pair in result.pairs]
    for target, ids in met:
        for each in ids:
            names = shown.setdefault(each, [])
            if target not in names:
                names.append(target)
    for severity in Severity:
        entries = [entry for entry in result.known_differences if entry.severity == severity]
        if not entries:
            continue
        folded = severity in {Severity.FORMAT, Severity.COSMETIC}
        heading = f"Known differences, {severity.value}: {len(entries)}"
        yield f"<details><summary>{heading}</summary>" if folded else f"### {heading}"
        yield ""
        yield "| | difference | shown by | write instead |"
        yield "|---|---|---|---|"
        for entry in entries:
            who = plain(names_in_words(shown.get(entry.id, [])))
            yield f"| {plain(entry.id)} | {plain(entry.title)} | {who} | {plain(entry.advice)} |"
        yield ""
        if folded:
            yield "</details>"
            yield ""


def _not_run(result: m.Result) -> Iterator[str]:
    """What did not run and stands for no reader that was told already; each reason once."""
    told = {row.target for row in result.readers}
    reasons: dict[str, list[str]] = {}
    for target in result.targets:
        if target.outcome != "ran" and target.id not in told:
            reasons.setdefault(target.reason, []).append(target.id)
    if reasons:
        yield f"<details><summary>Not run: {counted(sum(map(len, reasons.values())), 'target')}</summary>"
        yield ""
        yield from (
            f"- {plain(names_in_words(ids))}: {plain(shortened(why, _MAX_LINE))}" for why, ids in reasons.items()
        )
        yield ""
        yield "</details>"
