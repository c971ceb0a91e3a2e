"""The matrix against the time that the ``openssl`` processes themselves need: what observing and judging cost on top.

``python tests/bench/bench_matrix.py [--jobs N] [-t GLOB]… [-c GLOB]…``: warm images, no cell from the cache. Linux
targets and Windows ones are measured one after the other, each as

* the wall-clock time of the run (observed and judged) against the processor time of the processes that the steps
  started, divided by the cores: 1.00 would be a run that costs nothing itself on a machine with nothing else to do;
* the processor time of this program against theirs, which tells the same on a machine that is busy.

Then the same again with every cell in the cache, as a new process, and the most memory that this process took.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType

from opensslrun.bench.base import Bench, Command
from opensslrun.bench.connection import Connection
from opensslrun.bench.containerbench import ContainerBench
from opensslrun.driver.outcome import Input
from opensslrun.pipeline import benches
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Options, Plan, make_plan
from opensslrun.pipeline.session import run_plan
from opensslrun.targets.model import Obtained
from opensslrun.targets.obtain import available_all
from opensslrun.targets.obtain import open_bench as really_open
from peak import peak_mb

_TICKS = os.sysconf("SC_CLK_TCK")


class Spent:
    """Seconds of processor time of everything that containers' steps started."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds


class Watched(ContainerBench):
    """A container's bench that says in the end what was spent in it, but for the shell that starts the steps."""

    def __init__(self, obtained: Obtained, spent: Spent) -> None:
        assert obtained.image_id is not None
        super().__init__(obtained.image_id, name=obtained.target.id, windows=obtained.target.platform == "windows")
        self._spent = spent

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._spent.add(self._steps())
        finally:
            super().__exit__(kind, error, trace)

    def _steps(self) -> float:
        with self.workspace({}) as workspace:
            seen = workspace.run(Command("cat /proc/[0-9]*/stat", Input.NONE))
        processes = []
        for line in seen.outcome.stdout_text.splitlines():
            own_user, own_system, user, system = map(int, line.rpartition(")")[2].split()[11:15])
            processes.append((own_user + own_system, user + system))
        shell = max(processes, key=lambda process: process[1])
        return (sum(own + children for own, children in processes) - shell[0]) / _TICKS


@dataclass(frozen=True)
class Measured:
    """Seconds, and how many cells they are for."""

    cells: int
    wall: float
    openssl: float
    ours: float

    def __str__(self) -> str:
        cores = os.cpu_count() or 1
        ideal = self.openssl / cores
        return (
            f"{self.cells} cells in {self.wall:.1f} s; their processes used {self.openssl:.1f} s, on {cores} cores "
            f"{ideal:.1f} s: ratio {self.wall / ideal:.2f}; this program used {self.ours:.1f} s, "
            f"{self.ours / self.openssl:.0%} of theirs"
        )


def measure(plan: Plan, jobs: int | None) -> Measured:
    """Run a plan, every cell of it."""
    spent = Spent()

    def opened(obtained: Obtained, connection: Connection | None = None) -> Bench:
        if obtained.image_id is None:
            return really_open(obtained, connection)
        return Watched(obtained, spent)

    benches.open_bench = opened  # type: ignore[attr-defined]
    here, ours, begin = _children(), time.process_time(), time.monotonic()
    with Interruptions() as interruptions:
        session = run_plan(replace(plan, options=replace(plan.options, jobs=jobs)), Listener(), interruptions)
    wall, ours = time.monotonic() - begin, time.process_time() - ours
    broken = [target for target in session.result.targets if target.outcome != "ran"]
    if broken or not session.result.run.complete:
        raise SystemExit(f"not everything ran, so nothing is measured: {[target.reason for target in broken]}")
    return Measured(session.result.summary.cells, wall, spent.seconds + _children() - here, ours)


def _children() -> float:
    """Of the processes that the local bench starts."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def warm(targets: Sequence[str], cases: Sequence[str]) -> str:
    """The second of two runs as users start them, with a cache of their own."""
    argv = [sys.executable, "-m", "opensslrun", "matrix", "run"]
    argv += [word for name in targets for word in ("-t", name)] + [word for name in cases for word in ("-c", name)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OPENSSLRUN_CACHE_DIR": f"{folder}/cache"}
        for _ in range(2):
            begin, before = time.monotonic(), _children()
            done = subprocess.run(
                [*argv, "--out", f"{folder}/result.json"], env=environment, capture_output=True, text=True, check=False
            )
        wall, used = time.monotonic() - begin, _children() - before
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stderr)
    return f"again, from the cache: {wall:.2f} s, of them {used:.2f} s of processor time"


def main(argv: Sequence[str]) -> int:
    """Print the measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-t", "--target", action="append", default=[])
    parser.add_argument("-c", "--case", action="append", default=[])
    parser.add_argument("--jobs", type=int)
    args = parser.parse_args(argv)
    plan = make_plan(Options(targets=tuple(args.target), cases=tuple(args.case), stand_ins=False))
    ready = [state.target for state in available_all(plan.targets) if state.availability == "ready"]
    for platform in ("linux", "windows"):
        chosen = tuple(target for target in ready if target.platform == platform)
        if chosen:
            sys.stdout.write(f"{len(chosen)} {platform} targets: {measure(replace(plan, targets=chosen), args.jobs)}\n")
    sys.stdout.write(f"memory: at most {peak_mb():.0f} MB\n{warm([target.id for target in ready], args.case)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
