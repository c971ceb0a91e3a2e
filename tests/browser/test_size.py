"""A result of 120 cases on 30 targets: how large its page is, and how much a browser has to do for it.

Work is counted, not timed: ``tests/bench/bench_page.py`` measures the seconds.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "tests" / "bench"
LIMIT_BYTES = 3_000_000
LIMIT_NODES = 130_000
LIMIT_MADE_BY_A_STEP = 1_000
LIMIT_LAYOUTS = 8
LIMIT_STYLINGS = 20
Document = dict[str, Any]


@pytest.fixture(scope="module")
def large(whole: Document, make: Callable[[Document], Path]) -> Path:
    enlarged = runpy.run_path(str(BENCH / "bench_renderings.py"))["enlarged"](whole)
    assert len(enlarged["cases"]) == 120
    assert len({cell["target"] for cell in enlarged["cells"] if cell["steps"]}) == 30
    return make(enlarged)


def test_the_page_is_small(large: Path) -> None:
    assert large.stat().st_size < LIMIT_BYTES


def test_what_a_reader_does_is_little_work(visit: Callable[..., Page], large: Path) -> None:
    done = runpy.run_path(str(BENCH / "bench_page.py"))["walk"](visit(), large)
    load = done.pop("load")
    assert 0 < load["Nodes"] < LIMIT_NODES
    assert {name: step for name, step in done.items() if step["Nodes"] > LIMIT_MADE_BY_A_STEP} == {}
    often = {
        name: step
        for name, step in (done | {"load": load}).items()
        if step["LayoutCount"] > LIMIT_LAYOUTS or step["RecalcStyleCount"] > LIMIT_STYLINGS
    }
    assert often == {}
    assert min(step["RecalcStyleCount"] for step in done.values()) > 0, "a step that changes nothing shows nothing"
