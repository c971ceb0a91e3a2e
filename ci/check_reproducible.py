"""Build source-built targets twice from nothing, and compare the images' root file systems byte for byte.

    python ci/check_reproducible.py openssl-1.1.1g libressl-3.0.2

Exits 0 when both builds of every target are identical, 1 when one is not. The images of these targets are removed
first and are there afterwards. Takes two builds' time for each target.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def build(target: str, cache: Path) -> str:
    """Remove the target's image, build it with an empty cache, and return its root file system's sha256."""
    environment = {**os.environ, "OPENSSLRUN_CACHE_DIR": str(cache)}
    for action in ("remove", "build"):
        argv = [sys.executable, "-m", "opensslrun", "targets", action, "-t", target]
        subprocess.run(argv, env=environment, check=True)
    (root,) = (cache / "roots").glob(f"{target}-*.tar")
    return hashlib.sha256(root.read_bytes()).hexdigest()


def main(targets: list[str]) -> int:
    """Check each target; say the two sums where they differ."""
    differing = 0
    for target in targets:
        sums = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as cache:
                sums.append(build(target, Path(cache)))
        same = sums[0] == sums[1]
        differing += not same
        print(f"{target}: {'identical, ' + sums[0] if same else 'differs: ' + ' and '.join(sums)}")
    return 1 if differing or not targets else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["openssl-1.1.1g", "libressl-3.0.2"]))
