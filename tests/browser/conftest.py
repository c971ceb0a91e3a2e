"""The report in a real Chromium, with the result of a real run.

A test that needs a browser fails where there is none; it is never skipped. ``ci/need_chromium.py`` says how to get one.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from opensslrun.report.html.page import html_of
from opensslrun.report.model import Result

ROOT = Path(__file__).resolve().parents[2]
FEW_CASES = 24
Document = dict[str, Any]
Opener = Callable[..., Page]
Maker = Callable[[Document], Path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    sought = subprocess.run(
        [sys.executable, ROOT / "ci" / "need_chromium.py"], capture_output=True, text=True, check=False
    )
    if sought.returncode:
        pytest.fail(sought.stderr.strip(), pytrace=False)
    with sync_playwright() as playwright:
        # Neither a container nor root has what Chromium's own sandbox needs; the page under test is ours.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        launched = playwright.chromium.launch(executable_path=sought.stdout.strip(), args=arguments)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def whole() -> Document:
    """What a run of everything that could be had once wrote."""
    document: Document = json.loads(lzma.decompress(Path(__file__).with_name("result.json.xz").read_bytes()))
    return document


@pytest.fixture(scope="session")
def few(whole: Document) -> Document:
    """The same with every so many of its cases, so that a page is quick to look through."""
    every = len(whole["cases"]) // FEW_CASES
    cases = {case["id"] for case in whole["cases"][::every]} | {"root-ca", "chain-expired-client", "pair-pkcs12"}
    return only_cases(whole, cases)


def only_cases(document: Document, cases: set[str]) -> Document:
    """The part of a result that is about these cases."""
    cells = [cell for cell in document["cells"] if cell["case"] in cases]
    pairs = [pair for pair in document["pairs"] if pair["case"] in cases]
    explained = {finding["by"] for each in cells + pairs for step in each["steps"] for finding in step["findings"]}
    return document | {
        "cases": [case for case in document["cases"] if case["id"] in cases],
        "cells": cells,
        "pairs": pairs,
        "pair_differences": [each for each in document["pair_differences"] if each["case"] in cases],
        "differences": [each for each in document["differences"] if each["case"] in cases],
        "known_differences": [each for each in document["known_differences"] if each["id"] in explained],
    }


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Writes the page of a result and says where."""

    def write(document: Document) -> Path:
        path = tmp_path_factory.mktemp("report") / "report.html"
        path.write_text(html_of(Result.model_validate(document)), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def report(few: Document, make: Maker) -> Path:
    """The page of the few cases."""
    return make(few)


@pytest.fixture(scope="session")
def two_cases(few: Document, make: Maker) -> Path:
    """Every element there is, but not a thousand of each: axe looks at all of them."""
    return make(only_cases(few, {"root-ca", "chain-expired-client", "pair-pkcs12"}))


@pytest.fixture
def visit(browser: Browser, report: Path) -> Iterator[Opener]:
    """Opens the report, as a reader's browser would. In the end it must have loaded nothing, and been content."""
    complaints: list[str] = []
    contexts = []
    requests: list[str] = []

    def start(
        fragment: str = "",
        path: Path = report,
        *,
        script: bool = True,
        scheme: Any = "light",
        width: int = 1400,
        height: int = 900,
    ) -> Page:
        context = browser.new_context(
            java_script_enabled=script, color_scheme=scheme, viewport={"width": width, "height": height}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri() + fragment)
        return page

    yield start
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url.split("#")[0].rpartition("/")[2] for url in requests} <= {"report.html"}
