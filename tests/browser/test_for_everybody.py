"""Keyboard, screen reader, light and dark, phone and paper; and whatever a run printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Document = dict[str, Any]
Maker = Callable[[Document], Path]
Opener = Callable[..., Page]

PLACES = ["", "#root-ca@libressl-3.0.2-here", "#case-root-ca", "#pair-pkcs12+2"]
PHONE = 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_nothing(visit: Opener, two_cases: Path, scheme: str, place: str) -> None:
    found = Axe().run(visit(place, two_cases, scheme=scheme)).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_nothing_on_a_phone(visit: Opener, two_cases: Path, place: str) -> None:
    found = Axe().run(visit(place, two_cases, width=PHONE)).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def focused(page: Page) -> str:
    """What has the focus: its fragment, or its text."""
    said: str = page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.textContent")
    return said


def test_the_grid_is_one_stop_and_arrows_go_from_cell_to_cell(visit: Opener) -> None:
    page = visit()
    page.focus(".grid tbody td a[tabindex='0']")
    start = focused(page)
    page.keyboard.press("ArrowRight")
    right = focused(page)
    assert right.split("@")[0] == start.split("@")[0]
    assert right != start
    page.keyboard.press("ArrowDown")
    assert focused(page).split("@")[1] == right.split("@")[1]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == start
    page.keyboard.press("Tab")
    assert "@" not in focused(page)


def test_a_cell_is_opened_and_closed_by_keys_and_the_focus_comes_back(visit: Opener) -> None:
    page = visit()
    page.focus(".grid a[href='#root-ca@debian-12']")
    before = page.evaluate("[scrollY, document.querySelector('.tall').scrollTop]")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('.case h3')")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("!location.hash.endsWith('@debian-12')")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("location.hash.endsWith('@debian-12')")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('.case.open')")
    page.wait_for_timeout(100)
    assert focused(page) == "#root-ca@debian-12"
    assert page.evaluate("[scrollY, document.querySelector('.tall').scrollTop]") == before


def test_the_focus_can_be_seen(visit: Opener) -> None:
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


@pytest.mark.parametrize("place", PLACES)
def test_a_phone_scrolls_down_and_never_sideways(visit: Opener, place: str) -> None:
    page = visit(place, width=PHONE, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    wide = page.evaluate(
        "w => [...document.querySelectorAll('h1,h2,h3,h4,.readers td,dd,.case.open pre')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().right > w + 1).length",
        PHONE,
    )
    assert wide == 0


def test_marks_can_be_hit_by_a_finger(visit: Opener) -> None:
    box = visit(width=PHONE).locator(".grid td a").first.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, 2.5.8


def test_on_paper_nothing_is_cut_and_nothing_is_only_for_a_mouse(visit: Opener) -> None:
    page = visit()
    page.emulate_media(media="print")
    hidden = page.evaluate(
        "() => [...document.querySelectorAll('.scroll')].filter(e => e.checkVisibility()"
        " && getComputedStyle(e).overflowY !== 'visible').length"
    )
    assert hidden == 0
    assert not page.locator("#filter").is_visible()
    assert not page.locator(".top nav").is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize("script", [True, False])
def test_what_a_run_says_is_shown_and_not_obeyed(visit: Opener, few: Document, make: Maker, script: bool) -> None:
    evil = "<img src=x onerror=\"document.title='obeyed'\"><script>document.title='obeyed'</script>\u202e\x1b[2J</pre>"
    page = visit(path=make(spoiled(few, evil)), script=script)
    cell = next(each for each in few["cells"] if each["steps"])
    page.goto(page.url.split("#")[0] + f"#{cell['case']}@{cell['target']}")
    assert page.locator("img").count() == 0
    assert "obeyed" not in page.title().replace(evil, "")
    text = page.locator(".case:visible").inner_text()
    assert "<script>document.title='obeyed'</script>\\u202e\\x1b[2J</pre>" in text
    assert "\u202e" not in page.content()


def spoiled(document: Document, evil: str) -> Document:
    """The result with evil words wherever a run's own words are kept, and in the catalogue's and the readers' too."""

    def words(part: dict[str, Any], *names: str) -> dict[str, Any]:
        return part | dict.fromkeys(names, evil)

    cells = [
        cell
        | {"reason": evil}
        | {"steps": [step | {"run": evil, "facts": step["facts"] | {evil: evil}} for step in cell["steps"]]}
        for cell in document["cells"]
    ]
    return document | {
        "cells": cells,
        "cases": [words(case, "title") for case in document["cases"]],
        "readers": [words(row, "name", "lacks", "reason") for row in document["readers"]],
        "targets": [words(target, "reader", "reason", "origin", "version_line") for target in document["targets"]],
        "known_differences": [words(each, "title", "why", "advice", "since") for each in document["known_differences"]],
        "observations": {
            key: words(seen, "stdout", "stderr") | {"prompts": [evil]} for key, seen in document["observations"].items()
        },
    }
