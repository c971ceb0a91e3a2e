"""A result as JUnit XML, in the form that GitHub's, GitLab's and Jenkins' readers share.

A suite is a target, a test case is a cell; what a target reads of others' files is a suite of its own, and a test case
there is a pair. Known differences pass, with a property each; what did not run is skipped with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.found import cell_in_words, known_of
from opensslrun.report.words import visible

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold at all (https://www.w3.org/TR/xml/#charsets)."""

Judged = m.CellResult | m.PairResult

_PASSED = {Verdict.PASS, Verdict.KNOWN}
_SKIPPED = {Verdict.NOT_RUN, Verdict.UNSUPPORTED}


def junit_of(result: m.Result) -> str:
    """The whole document."""
    cases = {case.id: case for case in result.cases}
    known = {entry.id: entry for entry in result.known_differences}
    duration = f"{result.run.duration_s:.3f}"
    everything: list[Judged] = [*result.cells, *result.pairs]
    root = ET.Element("testsuites", {"name": "opensslrun", "time": duration, **_counts(everything)})
    for target in result.targets:
        cells = [cell for cell in result.cells if cell.target == target.id]
        suite = _suite(root, target.id, cells, result)
        for cell in cells:
            _case(suite, cell, (cell.target, cell.case), cases.get(cell.case), known)
        pairs = [pair for pair in result.pairs if pair.consumer == target.id]
        suite = _suite(root, f"{target.id}, reading", pairs, result) if pairs else suite
        for pair in pairs:
            name = (f"{pair.consumer}, reading", f"{pair.case} of {pair.producer}")
            _case(suite, pair, name, cases.get(pair.case), known)
    _stale(root, result)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, cells: Sequence[Judged], result: m.Result) -> ET.Element:
    said = {"name": _text(name), "timestamp": result.run.started.removesuffix("+00:00")}
    seconds = sum(cell.duration_s for cell in cells)
    return ET.SubElement(root, "testsuite", {**said, "time": f"{seconds:.3f}", **_counts(cells)})


def _counts(cells: Sequence[Judged]) -> dict[str, str]:
    verdicts = [Verdict(cell.verdict) for cell in cells]
    skipped = sum(verdict in _SKIPPED for verdict in verdicts)
    errors = verdicts.count(Verdict.ERROR)
    failures = sum(verdict.is_found for verdict in verdicts) - errors
    counted = {"tests": len(cells), "failures": failures, "errors": errors, "skipped": skipped}
    return {name: str(number) for name, number in counted.items()}


def _case(
    suite: ET.Element,
    cell: Judged,
    name: tuple[str, str],
    case: m.CaseResult | None,
    known: Mapping[str, m.KnownDifference],
) -> None:
    said = {"classname": _text(name[0]), "name": _text(name[1]), "time": f"{cell.duration_s:.3f}"}
    if case is not None and case.file:
        said["file"] = _text(case.file)
    element = ET.SubElement(suite, "testcase", said)
    ids = known_of(cell)
    if ids:
        properties = ET.SubElement(element, "properties")
        for each in ids:
            entry = known.get(each)
            value = f"{each} {entry.severity}: {entry.title}" if entry else each
            ET.SubElement(properties, "property", name="known-difference", value=_text(value))
    verdict = Verdict(cell.verdict)
    if verdict in _SKIPPED:
        ET.SubElement(element, "skipped", message=_text(f"{verdict.value}: {cell.reason}"))
    elif verdict not in _PASSED:
        kind = "error" if verdict is Verdict.ERROR else "failure"
        wrong = ET.SubElement(element, kind, message=_text(f"{verdict.value}: {cell.reason}"), type=verdict.value)
        wrong.text = _text(cell_in_words(cell))


def _stale(root: ET.Element, result: m.Result) -> None:
    """Entries of the catalogue that the run disproves belong to no cell, and fail it all the same."""
    stale = result.catalogue.stale
    if not stale:
        return
    counts = {"tests": str(len(stale)), "failures": str(len(stale)), "errors": "0", "skipped": "0"}
    suite = ET.SubElement(root, "testsuite", {"name": "catalogue", "time": "0", **counts})
    for name, more in (("tests", len(stale)), ("failures", len(stale))):
        root.set(name, str(int(root.get(name, "0")) + more))
    for entry in stale:
        element = ET.SubElement(suite, "testcase", classname="catalogue", name=_text(entry.id), time="0")
        ET.SubElement(element, "failure", message=_text(entry.reason), type="stale").text = _text(entry.reason)


def _text(text: str) -> str:
    """What a run said, with what a terminal would obey spelled out, and nothing that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", "\n".join(visible(line) for line in text.split("\n")))
