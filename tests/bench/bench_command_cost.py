"""Measure what a bench adds to a command, as ratios of one run; not a test.

Usage: ``python tests/bench/bench_command_cost.py [IMAGE [PATH-OF-THE-SAME-BINARY-HERE]]``. Without arguments an image
of this machine's openssl is made for the measurement and removed again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pexpect.socket_pexpect import SocketSpawn

from opensslrun.bench.base import Bench, Command, Workspace
from opensslrun.bench.container import Container, Options
from opensslrun.bench.containerbench import ContainerBench
from opensslrun.bench.engine import connect
from opensslrun.bench.localbench import LocalBench

ROUNDS = 400
BLOCK = 20
CASES = 20
MATRIX = (
    "openssl version",
    "openssl version -a",
    "openssl rand -hex 16",
    "openssl dgst -sha256 given",
    "openssl enc -base64 -in given",
    "openssl list -digest-commands",
    "openssl asn1parse -genstr UTF8:hello",
    "openssl prime 17",
)


def fixtures() -> ModuleType:
    """The module that knows how to make the image of the engine tests."""
    path = Path(__file__).resolve().parent.parent / "docker" / "conftest.py"
    spec = importlib.util.spec_from_file_location("opensslrun_engine_fixtures", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def own_image(client: Any, openssl: Path) -> Iterator[str]:
    """An image with ``openssl``, removed again."""
    made = fixtures()
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["apt-get", "download", "busybox-static"], cwd=directory, check=True, capture_output=True)
        (package,) = Path(directory).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, f"{directory}/root"], check=True)
        busybox = next(path for path in Path(directory, "root").rglob("busybox") if path.stat().st_mode & 0o111)
        yield from made.imported_image(client, made.root_with_openssl(busybox, openssl))


def median_ms(*calls: Callable[[], object]) -> list[float]:
    """Medians in milliseconds. The calls take turns in blocks, so that a busy moment of the machine is shared by all
    and each is measured as it is used, one after another."""
    spent: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS // BLOCK):
        for call, times in zip(calls, spent, strict=True):
            call()
            for _ in range(BLOCK):
                started = time.perf_counter()
                call()
                times.append((time.perf_counter() - started) * 1000)
    return [statistics.median(times) for times in spent]


class PlainShell:
    """A shell in a container with nothing around it: what the connection alone costs."""

    def __init__(self, container: Container) -> None:
        script = (
            'stty -echo -onlcr 2>/dev/null || busybox stty -echo -onlcr; while read -r m; do %s; echo "$m $?"; done'
        )
        script %= "openssl version </dev/null >/tmp/out 2>/tmp/err"
        self.stream = container.open_terminal(["/bin/sh", "-c", script], user="12345:12345")
        self.spawn: SocketSpawn[bytes] = SocketSpawn(self.stream.socket, timeout=10)

    def __call__(self) -> None:
        mark = secrets.token_hex(8)
        self.spawn.send(f"{mark}\n".encode())
        self.spawn.expect(re.compile(rb"%s 0\n" % mark.encode()))


def matrix_on(bench: Bench) -> Callable[[], None]:
    """The matrix of cheap commands on an open bench."""

    def run() -> None:
        with bench.workspace({"given": b"some text\n"}) as workspace:
            for line in MATRIX:
                seen = workspace.run(Command(line))
                if seen.outcome.status != 0:
                    raise SystemExit(f"{line}: {seen.outcome}")

    return run


def loop_of_docker_run(image: str) -> float:
    """Seconds that a shell loop of ``docker run --rm`` takes for the same commands."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        Path(directory, "given").write_bytes(b"some text\n")
        lines = "\n".join(f"docker run --rm -v {directory}:/d -w /d {image} {line} >/dev/null" for line in MATRIX)
        started = time.perf_counter()
        subprocess.run(["sh", "-e", "-c", lines], check=True)
        return time.perf_counter() - started


def looped_ms(run: Callable[[str], object]) -> float:
    """Milliseconds of one command in a shell's own loop, its start left out: what starting the binary costs there."""
    line = "n=%d; while [ $n -gt 0 ]; do openssl version >/dev/null; n=$((n-1)); done"
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        run(line % 20)
        between = time.perf_counter()
        run(line % 120)
        spent.append(((time.perf_counter() - between) - (between - started)) / 100 * 1000)
    return statistics.median(spent)


def in_workspace(workspace: Workspace) -> Callable[[], object]:
    """One ``openssl version`` in an open workspace."""
    return lambda: workspace.run(Command("openssl version"))


def measure(client: Any, image: str, openssl: Path) -> None:
    """Print the table."""
    with (
        LocalBench(openssl) as local,
        ContainerBench(image, client=client) as contained,
        Container(client, image, Options(tmpfs={"/tmp": "mode=1777"})) as plain,
        local.workspace({}) as here,
        contained.workspace({}) as there,
    ):
        calls: dict[str, Callable[[], object]] = {
            "bare subprocess": lambda: subprocess.run([openssl, "version"], capture_output=True, check=True),
            "subprocess of sh": lambda: subprocess.run(
                ["/bin/sh", "-c", f"{openssl} version; :"], capture_output=True, check=True
            ),
            "shell on the engine's socket": PlainShell(plain),
            f"container bench ({contained.transfer})": in_workspace(there),
            "local bench": in_workspace(here),
        }
        medians = median_ms(*calls.values())
        sys.stdout.write(f"one `openssl version`, medians of {ROUNDS}\n")
        for name, value in zip(calls, medians, strict=True):
            sys.stdout.write(
                f"  {name:32} {value:7.2f} ms  {value - medians[0]:+6.2f} ms  {value / medians[0]:5.2f} x bare\n"
            )
        here_ms = looped_ms(lambda line: subprocess.run(["/bin/sh", "-c", line], check=True))
        there_ms = looped_ms(lambda line: plain.exec(["/bin/sh", "-c", line], user="12345:12345", timeout_s=60))
    added = medians[3] - medians[0]
    sys.stdout.write(
        f"the same in a shell's loop: {here_ms:.2f} ms here, {there_ms:.2f} ms in the container: the engine's file "
        f"system and confinement cost {there_ms - here_ms:+.2f} ms, the bench the rest, "
        f"{added - (there_ms - here_ms):+.2f} ms\n"
    )
    started = time.perf_counter()
    with ContainerBench(image, client=client) as bench:
        run = matrix_on(bench)
        for _ in range(CASES):
            run()
    matrix_s = (time.perf_counter() - started) / CASES
    looped_s = loop_of_docker_run(image)
    sys.stdout.write(
        f"a matrix of {CASES} cases of {len(MATRIX)} cheap commands, the container's start and end included, a case\n"
        f"  shell loop of docker run --rm    {looped_s * 1000:7.0f} ms  (one case measured)\n"
        f"  container bench                  {matrix_s * 1000:7.0f} ms  {looped_s / matrix_s:5.1f} x faster\n"
    )


def main(argv: list[str]) -> int:
    """Measure, and say so when there is nothing to measure with."""
    found = argv[2] if len(argv) > 2 else shutil.which("openssl")
    if found is None:
        raise SystemExit("there is no openssl on PATH to measure; install one")
    with contextlib.closing(connect()) as client:
        if len(argv) > 1:
            measure(client, argv[1], Path(found))
            return 0
        with own_image(client, Path(found)) as image:
            measure(client, image, Path(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
