"""Helper programs of this machine (apt-get, dpkg-deb, cargo): run to their end, or killed when the user stops."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from opensslrun.driver.system import here
from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.cache import Work

_POLL_S = 0.05
_KEPT_OUTPUT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """How a helper program ended: its exit status (negative: a signal) and what it printed, both streams mixed."""

    status: int
    output: str

    @property
    def last_line(self) -> str:
        """The last line that says something, for a one-sentence message; an ``E:`` or ``error`` line if any."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("E:", "error"))]
        return (telling or lines or [f"exit status {self.status}"])[-1][:300]


def require_program(name: str, purpose: str, package: str) -> str:
    """The path of a program. Raises EnvironmentLacksError naming exactly what to install when it is not there."""
    found = shutil.which(name)
    if found is None:
        raise EnvironmentLacksError(
            f"{name} is not installed, and it is needed {purpose}; install {package} and try again"
        )
    return found


def run_program(
    argv: Sequence[str],
    work: Work,
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout_s: float,
    log: IO[bytes] | None = None,
) -> Finished:
    """Run a program in a process group of its own, with no input, until it ends.

    What it prints goes into ``log`` when one is given, and is then not in what is returned. Raises StoppedError when
    the user stops, EnvironmentLacksError when it takes longer than ``timeout_s``; in both cases the whole group is
    killed first.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log or output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        try:
            _wait(process, work, timeout_s)
        finally:
            if process.returncode is None:
                here.kill_tree(process)
                process.wait()
        output.seek(max(0, output.seek(0, os.SEEK_END) - _KEPT_OUTPUT))
        return Finished(process.returncode, output.read().decode("utf-8", "backslashreplace"))


def _wait(process: subprocess.Popen[bytes], work: Work, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while process.poll() is None:
        work.check()
        if time.monotonic() > deadline:
            raise EnvironmentLacksError(
                f"{Path(str(process.args[0])).name if isinstance(process.args, list) else 'a helper'} "
                f"did not end within {timeout_s:.0f} s and was killed; check the network and try again"
            )
        work.stop.wait(_POLL_S)
