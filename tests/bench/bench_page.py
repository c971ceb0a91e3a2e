"""Measure what a reader waits for on the page of a result of 120 cases on 30 targets.

Usage: ``python tests/bench/bench_page.py``. The seconds are those that the page's own thread works, in the Chromium of
this machine. Exit status 1 when a step takes longer than the report promises.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 1.0
Metrics = dict[str, float]


def walk(page: Page, path: Path) -> dict[str, Metrics]:
    """What each step of a reader adds to the counters of the page, by the step's name."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto("about:blank")
    steps: dict[str, Callable[[], object]] = {
        "load": lambda: page.goto(path.as_uri()),
        "open": lambda: page.click(".grid a[href='#root-ca@debian-12']"),
        "close": lambda: page.keyboard.press("Escape"),
        "search": lambda: page.fill("#filter [name=q]", "verify"),
        "filter": lambda: page.check("#filter [value=security]"),
        "show all": lambda: page.click("#filter [type=reset]"),
        "versions": lambda: page.select_option("select[name=from]", "debian-12"),
    }

    def counted() -> Metrics:
        return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}

    added = {}
    for name, step in steps.items():
        before = counted()
        step()
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        added[name] = {each: value - before[each] for each, value in counted().items()}
    return added


def main() -> int:
    """Print the measurements and hold them against the limit."""
    from opensslrun.report.html.page import html_of
    from opensslrun.report.model import Result

    renderings = runpy.run_path(str(ROOT / "tests" / "bench" / "bench_renderings.py"))
    sought = subprocess.run([sys.executable, ROOT / "ci" / "need_chromium.py"], stdout=subprocess.PIPE, check=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        document: dict[str, Any] = renderings["enlarged"](renderings["real"]())
        path.write_text(html_of(Result.model_validate(document)), encoding="utf-8")
        # Neither a container nor root has what Chromium's own sandbox needs; the page is ours.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=sought.stdout.decode().strip(), args=arguments)
        walks = [walk(browser.new_context().new_page(), path) for _ in range(3)]
        browser.close()
    best = {name: min(each[name]["TaskDuration"] for each in walks) for name in walks[0]}
    print(f"The page of {renderings['CASES']} cases on {renderings['TARGETS']} targets, best of {len(walks)}:")
    for name, seconds in best.items():
        print(f"  {name:9} {seconds:5.2f} s, {seconds / LIMIT_S:.2f} of what a reader should wait at most")
    return int(max(best.values()) > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
