"""What a reader does with the report: read the answer, open cells, compare versions, filter, send an address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

Document = dict[str, Any]
Opener = Callable[..., Page]

CELL = "#root-ca@debian-12"


def shown(page: Page, selector: str) -> list[str]:
    """The text of each such element that can be seen."""
    texts: list[str] = page.evaluate(
        "s => [...document.querySelectorAll(s)].filter(e => e.checkVisibility()).map(e => e.innerText.trim())", selector
    )
    return texts


def cell_of(document: Document, case: str, target: str) -> dict[str, Any]:
    return next(each for each in document["cells"] if (each["case"], each["target"]) == (case, target))


def test_the_answer_is_the_first_thing_seen(visit: Opener, few: Document) -> None:
    page = visit()
    (heading,) = shown(page, "h1")
    assert heading.startswith("Works for ")
    assert heading in page.title()
    assert page.evaluate("document.querySelector('h1').getBoundingClientRect().bottom") < 300
    guide = [row["guide_row"] for row in few["readers"] if row["guide_row"]]
    assert [text for text in shown(page, ".readers tbody:first-of-type small") if text in guide] == guide
    for row in few["readers"]:
        if row["quality"] == "stand-in":
            assert row["lacks"] in page.locator(".readers").inner_text()


@pytest.mark.parametrize("script", [True, False])
def test_a_cell_opens_its_steps(visit: Opener, few: Document, script: bool) -> None:
    page = visit(script=script)
    page.click(f".grid a[href='{CELL}']")
    assert page.url.endswith(CELL)
    (case,) = shown(page, ".case h3")
    assert case.startswith("root-ca")
    cell = cell_of(few, "root-ca", "debian-12")
    assert shown(page, ".case .run") == [step["run"] for step in cell["steps"]]
    seen = few["observations"][cell["steps"][0]["observation"]]
    text = page.locator(".case:visible").inner_text()
    for prompt in seen["prompts"]:
        assert prompt in text
    assert f"exit status {seen['status']}" in text
    facts = shown(page, ".case .facts th")
    assert facts == sorted_by_page(cell)
    assert len(shown(page, ".case .took i")) == len(cell["steps"])
    assert "opensslrun matrix run -c root-ca -t debian-12" in shown(page, ".case .again code")


def sorted_by_page(cell: dict[str, Any]) -> list[str]:
    """The facts of a cell step by step, those that are not as recorded first."""
    names = []
    for step in cell["steps"]:
        found = {finding["fact"] for finding in step["findings"]}
        names += sorted({*step["facts"], *found}, key=lambda name: (name not in found, name))
    return names


@pytest.mark.parametrize("script", [True, False])
def test_every_cell_shows_what_its_target_did_and_nothing_else(visit: Opener, few: Document, script: bool) -> None:
    page = visit(script=script)
    for cell in [cell for cell in few["cells"] if cell["steps"]][::23]:
        page.goto(page.url.split("#")[0] + f"#{cell['case']}@{cell['target']}")
        assert shown(page, ".case .run") == [step["run"].strip() for step in cell["steps"]]
        assert shown(page, ".case .facts th") == sorted_by_page(cell)
        observations = [few["observations"][step["observation"]] for step in cell["steps"]]
        printed = [text for seen in observations for text in (seen["stdout"], seen["stderr"]) if text]
        headings = [each.split("\n")[0].split(" ")[0] for each in shown(page, ".case .steps h4")]
        assert sum(name in {"stdout", "stderr"} for name in headings) == len(printed)


@pytest.mark.parametrize("script", [True, False])
def test_a_case_shows_all_versions_with_their_names(visit: Opener, script: bool) -> None:
    page = visit("#case-root-ca", script=script)
    names = page.evaluate(
        "() => [...document.querySelectorAll('.case .who')].filter(e => e.checkVisibility())"
        ".map(e => getComputedStyle(e, '::after').content)"
    )
    assert any("all of OpenSSL 1.1.1" in name for name in names)


Shown = dict[tuple[str, str, str], tuple[str, str]]


def differing(document: Document, old: str, new: str) -> set[str]:
    """The entries that say a value of the one of two targets which the other does not show, from the cells alone."""
    sides = [shown_by(document, old), shown_by(document, new)]
    found: set[str] = set()
    for place in sides[0].keys() | sides[1].keys():
        (one, by_one), (other, by_other) = (side.get(place, ("as recorded", "")) for side in sides)
        if one != other:
            found |= {by_one, by_other} - {""}
    return found


def shown_by(document: Document, target: str) -> Shown:
    """What a target shows that is not as recorded, and the entry that says why."""
    return {
        (cell["case"], step["id"], finding["fact"]): (
            repr(finding["predicted"] if "between" in str(finding["predicted"]) else finding["value"]),
            finding["by"],
        )
        for cell in document["cells"]
        if cell["target"] == target
        for step in cell["steps"]
        for finding in step["findings"]
    }


PAIRS = [
    ("openssl-1.1.1", "debian-13"),
    ("debian-12", "openssl-1.1.1f"),
    ("debian-13", "debian-experimental"),
    ("windows-openssl-1.1.1g", "openssl-1.1.1g"),
    ("debian-sid", "libressl-3.0.2-here"),
    ("openssl-3.0.2", "windows-openssl-1.1.1g"),
]


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_what_changes_between_two_versions(visit: Opener, few: Document, old: str, new: str, script: bool) -> None:
    page = visit("#versions", script=script)
    page.select_option("select[name=from]", old)
    page.select_option("select[name=to]", new)
    entries = set(shown(page, ".change h3 a"))
    assert differing(few, old, new)
    assert entries == differing(few, old, new)
    values = [(row[0], row[1]) for row in _rows(page)]
    assert values
    assert all(one and other and one != other for one, other in values)


def _rows(page: Page) -> list[list[str]]:
    rows: list[list[str]] = page.evaluate(
        "() => [...document.querySelectorAll('.change tbody tr')].filter(e => e.checkVisibility())"
        ".map(e => [...e.querySelectorAll('td')].map(c => c.innerText.trim()))"
    )
    return rows


def test_between_a_version_and_itself_nothing_changes(visit: Opener) -> None:
    page = visit("#versions")
    for name in ("from", "to"):
        page.select_option(f"select[name={name}]", "debian-12")
    assert shown(page, ".change") == []
    assert shown(page, ".alike") != []


@pytest.mark.parametrize("script", [True, False])
def test_a_case_that_one_of_the_two_did_not_run_is_not_compared(
    visit: Opener, few: Document, make: Callable[[Document], Path], script: bool
) -> None:
    case = "device-request-der"
    cells = [
        cell | {"steps": [], "verdict": "unsupported", "reason": "as in a test"}
        if (cell["case"], cell["target"]) == (case, "debian-13")
        else cell
        for cell in few["cells"]
    ]
    page = visit("#versions", make(few | {"cells": cells}), script=script)
    for old, new in (("debian-13", "openssl-1.1.1f"), ("openssl-1.1.1f", "debian-13")):
        page.select_option("select[name=from]", old)
        page.select_option("select[name=to]", new)
        (told,) = shown(page, ".uncompared")
        assert (told.startswith("Not compared"), told.endswith(f": {case}")) == (True, True)
        assert set(shown(page, ".change h3 a")) == differing(few | {"cells": without(cells, case)}, old, new)
        assert all(all(row) for row in _rows(page))
    page.select_option("select[name=to]", "debian-12")
    assert shown(page, ".uncompared") == []


def without(cells: list[Any], case: str) -> list[Any]:
    return [cell for cell in cells if cell["case"] != case]


def test_the_two_versions_are_in_the_address(visit: Opener) -> None:
    page = visit("#versions")
    page.select_option("select[name=from]", "windows-openssl-1.1.1g")
    page.select_option("select[name=to]", "debian-experimental")
    again = visit("#" + page.url.split("#")[1])
    assert again.input_value("select[name=from]") == "windows-openssl-1.1.1g"
    assert shown(again, ".change h3") == shown(page, ".change h3")
    page.click("#swap")
    assert page.input_value("select[name=to]") == "windows-openssl-1.1.1g"


def test_filters_are_in_the_address_and_come_back(visit: Opener) -> None:
    page = visit()
    page.fill("#filter [name=q]", "root")
    page.fill("#filter [name=c]", "root-*")
    page.click("#filter summary")
    page.check("#filter [value='debian-12']")
    page.check("#filter [value='windows-openssl-1.1.1g']")
    page.check("#filter [value='security']")
    rows = shown(page, ".main tbody th a")
    assert rows
    assert all(row.startswith("root-") for row in rows)
    assert len(shown(page, ".main thead tr:last-child th")) == 3
    again = visit("#" + page.url.split("#")[1])
    assert shown(again, ".main tbody th a") == rows
    assert shown(again, ".difference h4") == shown(page, ".difference h4")
    assert again.input_value("#filter [name=q]") == "root"
    again.click("#filter [type=reset]")
    again.wait_for_function("!location.hash.includes('?')")
    assert len(shown(again, ".main tbody th a")) > len(rows)


def test_a_cell_opened_with_filters_keeps_them(visit: Opener) -> None:
    page = visit("#grid?c=root-*")
    page.click(f".grid a[href='{CELL}']")
    page.wait_for_function("document.querySelector('.case.open')")
    assert page.url.endswith(f"{CELL}?c=root-*")
    again = visit("#" + page.url.split("#")[1])
    assert shown(again, ".case .run") == shown(page, ".case .run") != []
    assert all(row.startswith("root-") for row in shown(again, ".main tbody th a"))


def test_severities_and_verdicts_can_be_picked(visit: Opener, few: Document) -> None:
    page = visit("#grid?s=security")
    severities = {entry["id"]: entry["severity"] for entry in few["known_differences"]}
    expected = {entry for entry, severity in severities.items() if severity == "security"}
    assert set(shown(page, ".difference h4 a")) == expected
    assert shown(page, ".main tbody th a")
    assert page.locator(".grid a.security.dim").count() == 0
    assert page.locator(".grid a.pass.dim").count() > 0


def test_the_command_of_a_cell_can_be_copied(visit: Opener) -> None:
    page = visit(CELL)
    page.click(".case.open .copy")
    page.keyboard.press("Escape")
    page.focus("#filter [name=q]")
    page.keyboard.press("Control+V")
    assert page.input_value("#filter [name=q]") == "opensslrun matrix run -c root-ca -t debian-12"


@pytest.mark.parametrize("script", [True, False])
def test_a_pair_opens_what_one_version_did_with_the_files_of_another(
    visit: Opener, few: Document, script: bool
) -> None:
    page = visit("#pairs", script=script)
    page.click("#p-pair-pkcs12 tbody tr:has(th:text-is('openssl-1.1.1')) td:nth-child(9) a")
    consumer = page.locator("#p-pair-pkcs12 .names th").nth(8).inner_text().strip()
    pair = next(
        each
        for each in few["pairs"]
        if (each["case"], each["producer"], each["consumer"]) == ("pair-pkcs12", "openssl-1.1.1", consumer)
    )
    assert shown(page, ".case .run") == [step["run"].strip() for step in pair["steps"]]
    assert shown(page, ".case .facts th") == sorted_by_page(pair)
    assert len(shown(page, ".pairgroup")) == 1
