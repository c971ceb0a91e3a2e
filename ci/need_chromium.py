"""Find the Chromium that the tests of the HTML report run in, and print its path.

Usage: ``python ci/need_chromium.py [--install]``. It is the program named by ``OPENSSLRUN_CHROMIUM``, or a Chromium or
Chrome on the PATH. With ``--install`` a missing one is installed by ``apt-get``, where that exists and this user is
root; nothing is installed otherwise.

Exit status: 0 when it was found or installed, 1 when there is none, with a sentence that says how to get one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "chromium"
TIMEOUT_S = 900


def find() -> str | None:
    """The path of a Chromium, or None."""
    named = os.environ.get("OPENSSLRUN_CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


def install() -> None:
    """Install the distribution's Chromium. What apt-get says goes to stderr. Raises OSError or CalledProcessError."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", PACKAGE]):
        command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
        subprocess.run(command, check=True, stdout=sys.stderr, env=environment, timeout=TIMEOUT_S)


def main() -> int:
    """Find it, or install it, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--install", action="store_true", help="as root, install it with apt-get where it is missing")
    wanted = parser.parse_args().install
    found = find()
    reason = ""
    if found is None and wanted and "OPENSSLRUN_CHROMIUM" not in os.environ:
        reason = _try_to_install()
        found = find()
    if found is None:
        print(
            f"the tests of the HTML report need a Chromium, and there is none on the PATH{reason}; install the package "
            f"{PACKAGE!r}, or name the program in OPENSSLRUN_CHROMIUM",
            file=sys.stderr,
        )
        return 1
    print(found)
    return 0


def _try_to_install() -> str:
    """Why it could not be installed, as the end of a clause; empty when it was."""
    if os.geteuid() != 0:
        return " (and only root may install it)"
    if shutil.which("apt-get") is None:
        return " (and there is no apt-get to install it)"
    try:
        install()
    except (OSError, subprocess.SubprocessError) as error:
        return f" (and apt-get could not install it: {error})"
    return ""


if __name__ == "__main__":
    sys.exit(main())
