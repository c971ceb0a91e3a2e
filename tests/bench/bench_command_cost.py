"""Measure what a bench adds to a command, as ratios of one run; not a test.

Usage: ``python tests/bench/bench_command_cost.py [IMAGE [PATH-OF-THE-SAME-BINARY-HERE]]``. Without arguments an image
of this machine's openssl is made for the measurement and removed again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pexpect.socket_pexpect import SocketSpawn

from opensslrun.bench.base import Bench, Command, Workspace
from opensslrun.bench.confinement import Options
from opensslrun.bench.container import Container
from opensslrun.bench.containerbench import ContainerBench
from opensslrun.bench.engine import connect
from opensslrun.bench.localbench import LocalBench

ROUNDS = 400
BLOCK = 20
CASES = 20
MAX_OVER_BARE_MS = 1.5
MIN_TIMES_FASTER = 20
BARE = "bare subprocess"
LOOP_HERE = "a shell's loop, here"
LOOP_IMAGE = "a shell's loop, a container as it is"
LOOP_BENCH = "a shell's loop, the bench's container"
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


def spent_ms(calls: Mapping[str, Callable[[], object]], loops: Mapping[str, Loop]) -> dict[str, list[list[float]]]:
    """Milliseconds by way, block and call. All take turns in blocks, so that a busy moment of the machine is shared by
    all and each is measured as it is used, one after another. Of a loop's block only the mean is known."""
    spent: dict[str, list[list[float]]] = {name: [] for name in (*calls, *loops)}
    for _ in range(ROUNDS // BLOCK):
        for name, call in calls.items():
            call()
            block = []
            for _ in range(BLOCK):
                started = time.perf_counter()
                call()
                block.append((time.perf_counter() - started) * 1000)
            spent[name].append(block)
        for name, loop in loops.items():
            spent[name].append([loop.block_ms()])
    return spent


def quiet_ms(blocks: list[list[float]]) -> float:
    """The lower quartile of the blocks' means: what a loop can be compared with, as its single starts are not known."""
    return statistics.quantiles(map(statistics.fmean, blocks), n=4)[0]


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


class Loop:
    """A shell that starts ``openssl version`` :data:`BLOCK` times by itself each time it is told to, its output in
    files: what starting the binary costs where the shell runs, with no connection and no Python in it."""

    def __init__(self, argv: list[str], directory: str) -> None:
        script = (
            f"mkdir {directory}/loop && cd {directory}/loop && exec 3</dev/null || exit; while read -r go; do "
            f"n={BLOCK}; while [ $n -gt 0 ]; do openssl version <&3 >out 2>err || exit; n=$((n-1)); done; echo; done"
        )
        self.process = subprocess.Popen([*argv, "/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def block_ms(self) -> float:
        """Milliseconds a start, of one block."""
        if self.process.stdin is None or self.process.stdout is None:
            raise AssertionError("both are pipes")
        started = time.perf_counter()
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != b"\n":
            raise SystemExit("the shell that was to start openssl has ended")
        return (time.perf_counter() - started) * 1000 / BLOCK

    def close(self) -> None:
        """End the shell."""
        self.process.communicate()


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
    """Seconds that a shell loop of ``docker run --rm`` takes for the same commands, without a network as the bench's
    container is (with one it takes longer)."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        Path(directory, "given").write_bytes(b"some text\n")
        lines = "\n".join(
            f"docker run --rm --network none -v {directory}:/d -w /d {image} {line} >/dev/null" for line in MATRIX
        )
        started = time.perf_counter()
        subprocess.run(["sh", "-e", "-c", lines], check=True)
        return time.perf_counter() - started


def in_workspace(workspace: Workspace) -> Callable[[], object]:
    """One ``openssl version`` in an open workspace."""
    return lambda: workspace.run(Command("openssl version"))


def measure(client: Any, image: str, openssl: Path) -> None:
    """Print the tables."""
    measure_commands(client, image, openssl)
    measure_matrix(client, image)


def measure_commands(client: Any, image: str, openssl: Path) -> None:
    """One command by each way, and what its parts cost."""
    with contextlib.ExitStack() as stack:
        local = stack.enter_context(LocalBench(openssl))
        contained = stack.enter_context(ContainerBench(image, client=client))
        plain = stack.enter_context(Container(client, image, Options(tmpfs={"/tmp": "mode=1777"})))
        inside = ["docker", "exec", "--interactive", "--user", "12346:12346"]  # the bench ends what its user runs
        loops = {
            LOOP_HERE: Loop([], stack.enter_context(tempfile.TemporaryDirectory())),
            LOOP_IMAGE: Loop([*inside, plain.id], "/tmp"),
            LOOP_BENCH: Loop([*inside, contained.container_id], "/tmp"),
        }
        for loop in loops.values():
            stack.callback(loop.close)
        bench = f"container bench ({contained.transfer})"
        calls: dict[str, Callable[[], object]] = {
            BARE: lambda: subprocess.run([openssl, "version"], capture_output=True, check=True),
            "subprocess of sh": lambda: subprocess.run(
                ["/bin/sh", "-c", f"{openssl} version; :"], capture_output=True, check=True
            ),
            "shell on the engine's socket": PlainShell(plain),
            bench: in_workspace(stack.enter_context(contained.workspace({}))),
            "local bench": in_workspace(stack.enter_context(local.workspace({}))),
        }
        spent = spent_ms(calls, loops)
    medians = {name: statistics.median(itertools.chain(*spent[name])) for name in calls}
    bare = medians[BARE]
    sys.stdout.write(f"one `openssl version`, medians of {ROUNDS}, all ways taking turns\n")
    for name, value in medians.items():
        sys.stdout.write(f"  {name:41} {value:6.2f} ms  {value - bare:+6.2f} ms  {value / bare:5.2f} x bare\n")
    quiet = {name: quiet_ms(blocks) for name, blocks in spent.items()}
    parts = {
        "started by a shell's loop, here": quiet[LOOP_HERE],
        "what a subprocess call adds to that": quiet[BARE] - quiet[LOOP_HERE],
        "by a loop in the bench's container": quiet[LOOP_BENCH],
        "what the bench adds to that": quiet[bench] - quiet[LOOP_BENCH],
        "by a loop, all from the engine's storage": quiet[LOOP_IMAGE],
    }
    sys.stdout.write(f"its parts, lower quartiles of {ROUNDS // BLOCK} means of {BLOCK}\n")
    for name, value in parts.items():
        sys.stdout.write(f"  {name:41} {value:6.2f} ms  {value / quiet[LOOP_HERE]:14.2f} x the loop here\n")
    over = medians[bench] - bare
    reached = "reached" if over <= MAX_OVER_BARE_MS else "NOT reached"
    sys.stdout.write(f"  container bench over bare {over:+.2f} ms: at most {MAX_OVER_BARE_MS} ms, {reached}\n")


def measure_matrix(client: Any, image: str) -> None:
    """A matrix of cheap commands against a shell loop of ``docker run --rm``."""
    looped_s = min(loop_of_docker_run(image) for _ in range(2))
    started = time.perf_counter()
    with ContainerBench(image, client=client) as bench:
        run = matrix_on(bench)
        for _ in range(CASES):
            run()
    matrix_s = (time.perf_counter() - started) / CASES
    faster = looped_s / matrix_s
    reached = "reached" if faster >= MIN_TIMES_FASTER else "NOT reached"
    sys.stdout.write(
        f"a matrix of {CASES} cases of {len(MATRIX)} cheap commands, the container's start and end included, a case\n"
        f"  shell loop of docker run --rm    {looped_s * 1000:7.0f} ms  (one case, the quicker of two)\n"
        f"  container bench                  {matrix_s * 1000:7.0f} ms  {faster:5.1f} x faster: at least "
        f"{MIN_TIMES_FASTER} x, {reached}\n"
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
