"""Write how long each case takes, from the result of a whole run, into ``matrix/durations.json``.

Usage: ``python ci/write_durations.py RESULT.json``. Run the matrix with ``--no-cache`` for it. ``--shard`` divides the
cases by these seconds, so they need to be right only in proportion.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from opensslrun.report.read import read_result

DURATIONS = Path(__file__).parents[1] / "matrix" / "durations.json"


def main() -> int:
    """Write the file."""
    result = read_result(Path(sys.argv[1]))
    seconds: defaultdict[str, float] = defaultdict(float)
    steps = 0
    for cell in result.cells:
        seconds[cell.case] += cell.duration_s
        steps += len(cell.steps)
    targets = len({cell.target for cell in result.cells if cell.steps})
    a_step = sum(seconds.values()) / max(1, steps) * targets
    lines = {"": round(a_step, 2), **{case: round(total, 2) for case, total in sorted(seconds.items())}}
    DURATIONS.write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    print(f"{len(seconds)} cases, {sum(seconds.values()):.0f} s in all: {DURATIONS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
