"""Measure all renderings of a result of 120 cases on 30 targets: time, memory, and the size of the page.

Usage: ``python tests/bench/bench_renderings.py``. The result is a real one, made larger: targets are repeated under
other names, and what only one target had printed is not repeated letter by letter. Exit status 1 when a limit that
the report promises is not kept.
"""

from __future__ import annotations

import io
import json
import lzma
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from peak import peak_mb

CASES = 120
TARGETS = 30
LIMIT_S = 2.0
LIMIT_MB = 200
LIMIT_PAGE_MB = 3.0
REAL = Path(__file__).resolve().parents[1] / "browser" / "result.json.xz"
Document = dict[str, Any]


def enlarged(document: Document, cases: int = CASES, targets: int = TARGETS) -> Document:
    """The result with so many cases and so many targets that ran."""
    kept = [case["id"] for case in document["cases"]]
    kept = [kept[number * len(kept) // cases] for number in range(cases)]
    ran = [target for target in document["targets"] if target["outcome"] == "ran"]
    cells = [cell for cell in document["cells"] if cell["case"] in kept]
    used = Counter((cell["case"], step["observation"]) for cell in cells for step in cell["steps"])
    observations = dict(document["observations"])
    more_targets = []
    for number in range(targets - len(ran)):
        model = ran[number % len(ran)]
        twin = model | {"id": f"{model['id']}-twin{number}"}
        more_targets.append(twin)
        for cell in [cell for cell in cells if cell["target"] == model["id"]]:
            steps = []
            for step in cell["steps"]:
                key = step["observation"]
                if used[cell["case"], key] == 1 and observations[key]["stderr"]:
                    seen = observations[key]
                    key = f"{key}-{number}"
                    observations[key] = seen | {"stderr": "." * (number + 1) + seen["stderr"]}
                steps.append(step | {"observation": key, "duration_s": step["duration_s"] * (1 + number / 7)})
            cells.append(cell | {"target": twin["id"], "steps": steps})
    twins: dict[str, list[str]] = {}
    for twin in more_targets:
        twins.setdefault(twin["id"].rpartition("-twin")[0], []).append(twin["id"])
    differences = [
        view
        | {
            "groups": [
                group | {"targets": [each for name in group["targets"] for each in (name, *twins.get(name, ()))]}
                for group in view["groups"]
            ]
        }
        for view in document["differences"]
        if view["case"] in kept
    ]
    return document | {
        "cases": [case for case in document["cases"] if case["id"] in kept],
        "targets": [*document["targets"], *more_targets],
        "cells": cells,
        "observations": observations,
        "differences": differences,
        "pairs": [pair for pair in document["pairs"] if pair["case"] in kept],
        "pair_differences": [each for each in document["pair_differences"] if each["case"] in kept],
    }


def real() -> Document:
    """The result of a real run."""
    document: Document = json.loads(lzma.decompress(REAL.read_bytes()))
    return document


def measure(path: Path) -> None:
    """In a process of its own: read the result, render it in every way, and say what it took."""
    from rich.console import Console

    from opensslrun.cli.report import RENDERINGS
    from opensslrun.report.read import read_result
    from opensslrun.report.terminal import show_result

    took: dict[str, float] = {}
    sizes: dict[str, int] = {}
    before = time.process_time()
    result = read_result(path)
    took["reading"] = time.process_time() - before
    for name, rendering in RENDERINGS.items():
        before = time.process_time()
        sizes[name] = len(rendering(result).encode())
        took[name] = time.process_time() - before
    before = time.process_time()
    show_result(result, Console(file=io.StringIO(), width=160))
    took["terminal"] = time.process_time() - before
    print(json.dumps({"took": took, "sizes": sizes, "memory": peak_mb()}))


def main() -> int:
    """Print the measurements and hold them against the limits."""
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        path.write_text(json.dumps(enlarged(real())), encoding="utf-8")
        size = path.stat().st_size
        done = subprocess.run([sys.executable, __file__, path], check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)
    page = measured["sizes"]["html"] / 1e6
    total = sum(measured["took"].values())
    print(f"{CASES} cases on {TARGETS} targets, {size / 1e6:.1f} MB of JSON, seconds of one processor:")
    for name, seconds in measured["took"].items():
        made = f", {measured['sizes'][name] / 1e6:.2f} MB" if name in measured["sizes"] else ""
        print(f"  {name:9} {seconds:5.2f} s{made}")
    print(f"  together  {total:5.2f} s of {LIMIT_S:.0f} s; {measured['memory']:.0f} MB of {LIMIT_MB} MB of memory")
    print(f"  the page  {page:.2f} MB of {LIMIT_PAGE_MB:.0f} MB")
    return int(total > LIMIT_S or measured["memory"] > LIMIT_MB or page > LIMIT_PAGE_MB)


if __name__ == "__main__":
    sys.exit(main())
