"""A result of 120 cases on 30 targets: how large its page is, and how long a reader waits.

Times are those of the page's own thread, so that a busy machine does not count.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

ROOT = Path(__file__).resolve().parents[2]
LIMIT_BYTES = 3_000_000
LIMIT_S = 1.0
Document = dict[str, Any]


@pytest.fixture(scope="module")
def large(whole: Document, make: Callable[[Document], Path]) -> Path:
    enlarged = runpy.run_path(str(ROOT / "tests" / "bench" / "bench_renderings.py"))["enlarged"](whole)
    assert len(enlarged["cases"]) == 120
    assert len({cell["target"] for cell in enlarged["cells"] if cell["steps"]}) == 30
    return make(enlarged)


def test_the_page_is_small(large: Path) -> None:
    assert large.stat().st_size < LIMIT_BYTES


def test_nobody_waits_for_a_second(visit: Callable[..., Page], large: Path) -> None:
    page = visit()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    steps: dict[str, Callable[[], object]] = {
        "load": lambda: page.goto(large.as_uri()),
        "open": lambda: page.click(".grid a[href='#root-ca@debian-12']"),
        "close": lambda: page.keyboard.press("Escape"),
        "search": lambda: page.fill("#filter [name=q]", "verify"),
        "filter": lambda: page.check("#filter [value=security]"),
        "show all": lambda: page.click("#filter [type=reset]"),
        "versions": lambda: page.select_option("select[name=from]", "debian-12"),
    }
    took = {}
    for name, step in steps.items():
        before = _busy(session)
        step()
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        took[name] = _busy(session) - before
    assert {name: seconds for name, seconds in took.items() if seconds > LIMIT_S} == {}


def _busy(session: CDPSession) -> float:
    """Seconds that the page's thread has worked."""
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    seconds: float = metrics["TaskDuration"]
    return seconds
