"""JUnit XML, Markdown and the badge, from results written by hand: what each says, and what it never lets through."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from junitparser import TestCase as JUnitCase
from junitparser import TestSuite as JUnitSuite
from markdown_it import MarkdownIt

import handwritten
from opensslrun.cli.main import main
from opensslrun.report.annotations import MAX_ANNOTATIONS, annotations_of
from opensslrun.report.badge import badge_of, badge_says
from opensslrun.report.html.page import html_of
from opensslrun.report.junit import junit_of
from opensslrun.report.markdown import MAX_FOUND, markdown_of
from opensslrun.report.model import Result

HOSTILE = 'a\x1b[31m<b>|`x`</b>\u202e@all & "q" \x00\ud800 [l](javascript:1)\n# h'


def finding(verdict: str, by: str = "", **more: Any) -> dict[str, Any]:
    return handwritten.finding(verdict, by, **more)


def cell(case: str, verdict: str, *findings: dict[str, Any], target: str = "one", reason: str = "") -> dict[str, Any]:
    steps = [] if verdict in {"not-run", "unsupported"} else [handwritten.step(f"openssl {case}", *findings)]
    return handwritten.cell(target, case, verdict, *steps, reason=reason or verdict, duration_s=0.5)


def result(*cells: dict[str, Any], complete: bool = True, **more: Any) -> Result:
    verdicts = [each["verdict"] for each in cells]
    counts = {name: verdicts.count(name) for name in set(verdicts)}
    data = {
        "run": handwritten.run(started="2026-11-24T10:00:00+00:00", duration_s=2, complete=complete),
        "summary": {"cells": len(cells), "facts": 9, "comparisons": 9} | counts,
        "targets": [handwritten.target(name) for name in dict.fromkeys(each["target"] for each in cells)],
        "cases": [{"id": name, "title": name, "file": f"c/{name}.toml"} for name in {each["case"] for each in cells}],
        "cells": list(cells),
    }
    return Result.model_validate(handwritten.result(**data | more))


def known(severity: str = "security", **more: str) -> dict[str, Any]:
    return handwritten.known("D003", severity, **more)


def row(name: str, quality: str = "measured", verdict: str | None = "pass", **more: Any) -> dict[str, Any]:
    base = {"target": f"t-{name}", "name": name, "guide_row": None, "quality": quality, "verdict": verdict}
    return base | ({} if quality == "not-run" else {"by": "one"}) | more


def cases_of(text: str, folder: Path) -> dict[str, JUnitCase]:
    path = folder / "junit.xml"
    path.write_text(text)
    return {str(each.name): each for suite in JUnitXml.fromfile(str(path)) for each in suite}


EVERY = (
    cell("passes", "pass"),
    cell("known", "known", finding("known", "D003")),
    cell("breaks", "fail", finding("fail", promise="is refused")),
    cell("new", "new", finding("new")),
    cell("hung", "hung"),
    cell("broken", "error", reason="the engine went away"),
    cell("gone", "not-run", reason="no image"),
    cell("cannot", "unsupported", reason="no config"),
)


def test_junit_has_a_test_case_for_each_cell_with_its_outcome(tmp_path: Path) -> None:
    seen = cases_of(junit_of(result(*EVERY, known_differences=[known()])), tmp_path)
    kinds = {name: [type(each) for each in case.result] for name, case in seen.items()}
    assert kinds == {
        "passes": [],
        "known": [],
        "breaks": [Failure],
        "new": [Failure],
        "hung": [Failure],
        "broken": [Error],
        "gone": [Skipped],
        "cannot": [Skipped],
    }
    assert seen["gone"].result[0].message == "not-run: no image"
    assert "exit_status is 0; promised: is refused" in str(seen["breaks"].result[0].text)
    assert "$ openssl breaks" in str(seen["breaks"].result[0].text)


def test_junit_counts_what_it_holds() -> None:
    root = ET.fromstring(junit_of(result(*EVERY)))  # noqa: S314  (our own text)
    for element in (root, *root):
        counts = {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "8", "failures": "3", "errors": "1", "skipped": "2"}


def test_junit_tells_known_differences_as_properties(tmp_path: Path) -> None:
    text = junit_of(result(*EVERY, known_differences=[known()]))
    (tmp_path / "j.xml").write_text(text)
    suites = list(JUnitXml.fromfile(str(tmp_path / "j.xml")))
    assert all(isinstance(suite, JUnitSuite) for suite in suites)
    values = [(p.get("name"), p.get("value")) for p in ET.fromstring(text).iter("property")]  # noqa: S314
    assert values == [("known-difference", "D003 security: says OK")]


def test_a_stale_entry_is_a_failure_though_every_cell_passed(tmp_path: Path) -> None:
    stale = {"proven": [], "unproven": [], "stale": [{"id": "D003", "reason": "it says otherwise"}]}
    wrong = result(cell("passes", "pass"), catalogue=stale)
    seen = cases_of(junit_of(wrong), tmp_path)
    assert [type(each) for each in seen["D003"].result] == [Failure]
    assert ET.fromstring(junit_of(wrong)).get("failures") == "1"  # noqa: S314
    assert "stale" in markdown_of(wrong)
    assert "❌" in markdown_of(wrong)
    assert badge_says(wrong)[1] == "#b3261e"


def test_what_a_run_said_is_text_in_every_rendering(tmp_path: Path) -> None:
    wrong = result(
        cell("c", "fail", finding("fail", value=HOSTILE, promise=HOSTILE), reason=HOSTILE, target="t"),
        readers=[row(HOSTILE, "not-run", None, reason=HOSTILE)],
        known_differences=[known(title=HOSTILE, advice=HOSTILE)],
    )
    xml, markdown, badge = junit_of(wrong), markdown_of(wrong), badge_of(wrong)
    assert list(cases_of(xml, tmp_path)) == ["c"]
    ET.fromstring(badge)  # noqa: S314
    for text in (xml, markdown, badge):
        text.encode()
        assert not {"\x1b", "\x00", "\u202e"} & set(text)
    page = MarkdownIt("commonmark").enable("table").render(markdown)
    assert not {"<b>", "<h1", "href="} & {part for part in ("<b>", "<h1", "href=") if part in page}
    assert page.count("<table>") == 2
    outside_of_code = re.sub(r"<code>.*?</code>", "", page)
    assert "@all" in page
    assert "@all" not in re.sub(r"<code>.*?</code>", "", MarkdownIt().disable("entity").render(markdown))
    assert "`x`" in outside_of_code
    (told,) = [line for line in markdown.splitlines() if line.startswith("| ") and "not run" in line]
    assert told.replace("\\|", "").count("|") == 4


def test_markdown_is_short_however_much_went_wrong() -> None:
    finding_of_all = [finding("new", value="v" * 5000, fact=f"fact{number}") for number in range(100)]
    cells = [cell(f"case-{number}", "new", *finding_of_all) for number in range(300)]
    text = markdown_of(result(*cells))
    assert len(text.encode()) < 1024 * 1024
    assert f"and {300 - MAX_FOUND} cells more" in text
    assert "and 89 lines more" in text


def test_markdown_says_for_whom_it_works_and_what_stands_in() -> None:
    rows = [
        row("Ubuntu 18.04", "stand-in", "known", guide_row="Linux", lacks="their patches", differences={"security": 1}),
        row("Debian", "not-run", None, reason="no image"),
        row("Fedora", verdict="fail"),
    ]
    text = markdown_of(result(cell("a", "fail", finding("fail")), readers=rows))
    assert "| **Ubuntu 18.04** | differs: 1 security | stand-in `one`; does not show their patches |" in text
    assert "| Debian | not run | no image |" in text
    assert "| Fedora | **no: fail** | `one` |" in text
    assert "Works as predicted for 1 of 3 kinds of reader" in text


@pytest.mark.parametrize(
    ("readers", "says", "colour"),
    [
        ([row("a"), row("b", verdict="known")], "2 of 2", "#2a7d2e"),
        ([row("a"), row("b", "stand-in", "known")], "2 of 2 · 1 stand-in", "#2a7d2e"),
        ([row("a"), row("b", "not-run", None)], "1 of 2", "#8a6100"),
    ],
)
def test_the_badge_says_how_many_readers_and_stand_ins(readers: list[Any], says: str, colour: str) -> None:
    assert badge_says(result(cell("a", "pass"), readers=readers)) == (says, colour)
    assert f">{says}<" in badge_of(result(cell("a", "pass"), readers=readers))


def test_the_badge_is_red_when_a_cell_failed_and_yellow_when_nothing_was_compared() -> None:
    assert badge_says(result(cell("a", "hung"))) == ("0 of 1", "#b3261e")
    nothing = result(cell("a", "pass"), summary={"cells": 1, "facts": 0, "comparisons": 0})
    assert badge_says(nothing)[1] == "#8a6100"
    assert badge_says(result(cell("a", "pass"), complete=False))[1] == "#8a6100"


def test_the_summary_of_a_job_is_added_to_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.json").write_text(result(cell("a", "pass")).model_dump_json(by_alias=True))
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    files = [f"--{name}={tmp_path / name}" for name in ("junit", "markdown", "badge", "html")]
    assert main(["report", str(tmp_path / "r.json"), *files]) == 0
    assert summary.read_text() == "before\n" + (tmp_path / "markdown").read_text()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "where"))
    assert main(["report", str(tmp_path / "r.json"), *files]) == 2


def pair(producer: str, consumer: str, verdict: str, *findings: dict[str, Any]) -> dict[str, Any]:
    seen = cell("c", verdict, *findings, target=consumer)
    return {name: value for name, value in seen.items() if name != "target"} | {
        "producer": producer,
        "consumer": consumer,
    }


BAD_PAIR = pair("two", "one", "fail", finding("fail", promise="the command succeeds"))
PAIRS = [pair("one", "one", "pass"), BAD_PAIR, pair("one", "two", "known", finding("known", "D003"))]


def with_pairs(*pairs: dict[str, Any]) -> Result:
    counts = {name: sum(each["verdict"] == name for each in pairs) for name in ("pass", "fail", "known", "not-run")}
    cells = (cell("c", "pass"), cell("c", "pass", target="two"))
    plain = result(*cells, pairs=list(pairs), known_differences=[known()])
    summary = plain.summary.model_dump(by_alias=True) | {"pairs": len(pairs), "pair_verdicts": counts}
    return Result.model_validate(plain.model_dump(by_alias=True) | {"summary": summary})


def test_a_pair_that_failed_is_in_every_rendering_though_every_cell_passed(tmp_path: Path) -> None:
    bad = with_pairs(*PAIRS)
    document = ET.fromstring(junit_of(bad))  # noqa: S314
    assert (document.get("tests"), document.get("failures")) == ("5", "1")
    path = tmp_path / "junit.xml"
    path.write_text(junit_of(bad))
    names = {suite.name: suite.failures for suite in JUnitXml.fromfile(str(path))}
    assert names == {"one": 0, "one, reading": 1, "two": 0, "two, reading": 0}
    assert "❌" in markdown_of(bad)
    assert "- **fail** `c`: one with the files of two" in markdown_of(bad)
    assert badge_says(bad)[1] == "#b3261e"
    assert "1 pair of producer and consumer not as predicted." in html_of(bad)


def test_pairs_as_predicted_leave_every_rendering_good() -> None:
    good = with_pairs(PAIRS[0], PAIRS[2], pair("two", "one", "not-run"))
    document = ET.fromstring(junit_of(good))  # noqa: S314
    assert (document.get("tests"), document.get("failures"), document.get("skipped")) == ("5", "0", "1")
    assert "✅" in markdown_of(good)
    assert "two" in markdown_of(good).partition("D003")[2].splitlines()[0]
    assert badge_says(good)[1] == "#2a7d2e"
    assert "not as predicted" not in html_of(good)


def test_the_page_has_an_open_table_where_it_matters_who_made_the_file() -> None:
    page = html_of(with_pairs(*PAIRS))
    section = page[page.index('<section id="pairs"') : page.index('<section id="targets"')]
    assert section.count('<tr><th scope="row">') == 2
    assert '<details class="pairs" id="p-c" open>' in section
    assert "aria-label=fail>X</a>" in section
    assert "c: one with the files of two" in section
    assert "promised: the command succeeds" in section


def test_the_page_folds_the_table_where_it_does_not_matter_and_has_no_section_without_pairs() -> None:
    page = html_of(with_pairs(PAIRS[0]))
    assert "each version reads what any other made as it reads its own" in page
    assert '<details class="pairs" id="p-c">' in page
    assert 'id="pairs"' not in html_of(result(cell("c", "pass")))


def test_annotations_name_the_line_of_the_step_and_the_targets_together() -> None:
    cells = [cell("a", "new", finding("new"), target=name) for name in ("openssl-3.0.2", "openssl-3.5.5")]
    cases = [{"id": "a", "title": "a", "file": "cases/a,b.toml", "lines": [7]}]
    (line,) = annotations_of(result(*cells, cases=cases))
    said = "a on openssl-3.0.2, 3.5.5: exit_status is 0; nothing is recorded for it"
    assert line == f"::error file=cases/a%2Cb.toml,line=7,title=new%3A openssl a::{said}"


def test_a_cell_without_findings_is_annotated_with_its_reason_and_shipped_cases_have_no_place() -> None:
    lines = list(annotations_of(result(*EVERY, cases=[])))
    assert "::error title=error::broken on one: the engine went away" in lines
    assert len(lines) == 4


def test_annotations_are_as_many_as_are_shown_and_one_line_each() -> None:
    cells = [cell(f"c{number}", "fail", finding("fail", value="a\r\n::error::%")) for number in range(30)]
    lines = list(annotations_of(result(*cells)))
    assert len(lines) == MAX_ANNOTATIONS
    assert lines[-1] == "::error title=opensslrun::and 21 findings more, which the result has"
    assert all("\n" not in line and "\r" not in line and "%25" in line for line in lines[:-1])


def test_annotations_come_only_in_a_job_of_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.json").write_text(result(cell("a", "fail", finding("fail"))).model_dump_json(by_alias=True))
    argv = ["report", str(tmp_path / "r.json"), "--junit", str(tmp_path / "j.xml")]
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert main(argv) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(argv) == 0
    assert capsys.readouterr().out.startswith("::error file=c/a.toml,line=1,title=fail")
