"""The most memory that a process had."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak_mb() -> float:
    """Of this one, in MB, since its program began.

    ``ru_maxrss`` begins with what the process had that started it, on Linux; ``VmHWM`` does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    counted = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return counted / (1024 * 1024 if sys.platform == "darwin" else 1024)
