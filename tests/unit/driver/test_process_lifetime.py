"""However our own process ends, no process of a command is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opensslrun.driver.outcome import Input

PROGRAM = """
import sys
from pathlib import Path
from opensslrun.driver.outcome import Input
from opensslrun.driver.process import run_program
run_program(["sh", "-c", sys.argv[2]], cwd=Path(sys.argv[3]), input=Input(sys.argv[1]), answers=["an answer"])
"""
# A command that ignores every polite signal, with a child that does too.
STUBBORN = "trap '' HUP INT TERM; (while :; do sleep 1; done) & echo started >started; while :; do sleep 1; done"


def members(directory: Path) -> list[int]:
    """Processes that stand in the directory, zombies left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.joinpath("cwd").readlink() == directory:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("how", list(Input))
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_outlives_ours(tmp_path: Path, how: Input, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how, STUBBORN, str(tmp_path)], stderr=subprocess.DEVNULL
    ) as ours:
        wait_until((tmp_path / "started").exists)
        assert members(tmp_path)
        ours.send_signal(number)
    wait_until(lambda: not members(tmp_path))


@pytest.mark.parametrize("how", list(Input))
def test_killed_at_any_moment_of_the_start_we_leave_nothing(tmp_path: Path, how: Input) -> None:
    for delay_ms in range(0, 24, 3):
        script = (
            "import os, signal, threading\n"
            f"threading.Timer({delay_ms / 1000}, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        )
        lines = PROGRAM.strip().split("\n")
        whole = "\n".join([*lines[:-1], script, lines[-1]])
        subprocess.run([sys.executable, "-c", whole, how, STUBBORN, str(tmp_path)], check=False)
    wait_until(lambda: not members(tmp_path))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within 20 seconds"
        time.sleep(0.01)


def test_the_members_of_a_directory_are_found(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as sleeper:
        wait_until(lambda: members(tmp_path) == [sleeper.pid])
        os.kill(sleeper.pid, signal.SIGKILL)
