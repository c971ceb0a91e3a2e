"""One lie in one command of one cell of a container: it is told by the right fact, and no other cell changes.

As ``tests/unit/pipeline/test_lies.py`` does on this machine; here are the lies that the container's own shell,
terminal, file system and limits are between. Every liar is an image: the honest one's files, in which a script stands
before the binary. All run in one real ``opensslrun matrix run`` beside the honest image.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import lying
from lying import ABSENT, ALTER, ROOT, SLEEP, Lie, Run
from opensslrun.targets.engine import Engine
from opensslrun.targets.images import Job
from opensslrun.targets.load import load_targets

TEST_LABEL = "opensslrun.test"
TOP = Path(__file__).parents[3]
HONEST = "openssl-1.1.1g"

QUICK = "quick"
COMMANDS = lying.COMMANDS | {
    QUICK: "req -x509 -new -key my.key -subj /CN=quick -days 30 -out quick.crt",
}
"""In each of these cases one command may be lied in."""

QUICK_CASE = f"""
title = "A certificate in little time"
[fixture]
"my.key" = ["key:rsa-1"]
[[step]]
run = "openssl {COMMANDS[QUICK]}"
timeout = 4
expect = {{ creates = ["quick.crt"] }}
"""

LIES = lying.EVERYWHERE | {
    # files
    "writes an empty file": Lie(
        QUICK, '"$REAL" "$@"; : >quick.crt', "fail",
        {"files.empty": ["quick.crt"], "file.format@quick.crt": "empty"},
    ),
    "writes a truncated file": Lie(
        ROOT, '"$REAL" "$@"; truncate -s 900 rootCA.crt', "fail", {"certificate.ca@rootCA.crt": ABSENT}
    ),
    "writes an old file": Lie(ROOT, 'cat "$OLD" >rootCA.crt', "new", {"certificate.starts_now@rootCA.crt": False}),
    # hangs
    "hangs before output": Lie(QUICK, SLEEP, "hung", {"ending": "hung", "unanswered": "", "files.created": []}),
    "hangs during output": Lie(
        QUICK, f"printf 'half a li'; printf -- '-----BEGIN CERT' >quick.crt; {SLEEP}", "hung",
        {"ending": "hung", "file.format@quick.crt": "text"},
    ),
    "hangs during output on the terminal": Lie(
        QUICK, f"printf 'half a li' >/dev/tty; {SLEEP}", "hung", {"ending": "hung", "unanswered": "half a li"}
    ),
    "hangs after output and will not be ended": Lie(
        QUICK, f'"$REAL" "$@"; trap "" HUP INT QUIT TERM; exec >&- 2>&-; {SLEEP}', "hung",
        {"ending": "hung", "exit_status": ABSENT},
    ),
    # signals
    "kills all that it can reach": Lie(ROOT, "kill -9 -1", "fail", {"ending": "signal SIGKILL", "files.created": []}),
}  # fmt: skip
IDS = lying.numbered(LIES)

FORGETFUL = "forgetful"
"""The liar that shows another version when it is asked again. It has no place to remember that it was asked: it tells
from the numbers of processes, of which it uses up many in a case."""
LATER = f"""
if [ "$*" = version ] && [ $$ -gt 1000 ]; then echo "OpenSSL 1.1.1w  11 Sep 2023"; exit 0; fi
if [ "$*" = "{COMMANDS[ROOT]}" ]; then n=0; while [ $n -lt 1500 ]; do (:); n=$((n+1)); done; fi
exec "$REAL" "$@"
"""


def table(name: str) -> str:
    """A liar as a target. Its route is none that could be gone: its image is there."""
    routes = f'[{{ image = "registry.invalid/{name}:1" }}]'
    return f'[[target]]\nid = "{name}"\nimplementation = "OpenSSL"\nversion = "1.1.1g"\nroutes = {routes}\n'


def honest_files(engine: Engine) -> bytes:
    """All files of the honest image, as a tar."""
    target = next(each for each in load_targets() if each.id == HONEST)
    image = Job.of_target(target, engine.architecture).tag
    container = engine.client.api.create_container(image, ["/bin/sh"], labels={TEST_LABEL: "liar"})["Id"]
    try:
        return b"".join(engine.client.api.export(container))
    finally:
        engine.client.api.remove_container(container, force=True)


def old_certificate(folder: Path) -> bytes:
    """What the root case would have made two days ago."""
    case = tomllib.loads((TOP / "matrix" / "cases" / f"{ROOT}.toml").read_text())
    (folder / "root.conf").write_text(case["text"]["root.conf"])
    shutil.copy(TOP / "matrix" / "fixtures" / "keys" / "rsa-1.pem", folder / "rootCA.key")
    for argv in (["openssl", *COMMANDS[ROOT].split()], [sys.executable, str(ALTER), "old", "rootCA.crt", "rootCA.key"]):
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return (folder / "rootCA.crt").read_bytes()


def with_script(files: bytes, text: str, old: bytes) -> bytes:
    """The same files with a script that is found before the binary."""
    lines = f"#!/bin/sh\nREAL=/usr/local/bin/openssl OLD=/usr/local/old.crt\n{text}"
    buffer = io.BytesIO(files)
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        for name, content in (("sbin/openssl", lines.encode()), ("old.crt", old)):
            entry = tarfile.TarInfo(f"usr/local/{name}")
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def opensslrun(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-m", "opensslrun", *args]
    done = subprocess.run(argv, cwd=folder, capture_output=True, timeout=600, check=False, stdin=subprocess.DEVNULL)
    assert b"Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("liars")
    own = ["--cases-dir", "cases"]
    (folder / "cases").mkdir()
    (folder / "cases" / f"{QUICK}.toml").write_text(QUICK_CASE)
    opensslrun(folder, "matrix", "run", "-t", HONEST, *own, "-c", QUICK)
    recorded = opensslrun(folder, "review", *own, "--case", QUICK, "--accept", "--yes")
    assert (folder / "cases" / f"{QUICK}.recorded.json").exists(), recorded.stderr

    scripts = {IDS[name]: lying.but_for_one_command(COMMANDS[lie.case], lie.does) for name, lie in LIES.items()} | {
        FORGETFUL: LATER
    }
    (folder / "targets.toml").write_text("\n".join(map(table, scripts)))
    known = {target.id: target for target in load_targets(folder / "targets.toml", folder=folder)}
    old = old_certificate(folder)
    with Engine() as engine, ExitStack() as images:
        files = honest_files(engine)
        for name, text in scripts.items():
            job = Job.of_target(known[name], engine.architecture)
            (folder / "image.tar").write_bytes(with_script(files, text, old))
            engine.import_root(folder / "image.tar", job.tag, {**job.labels, TEST_LABEL: "liar"})
            images.callback(engine.forget, job.tag)
        chosen = ["-t", HONEST, "-t", "liar-*", "-t", FORGETFUL, "--targets-file", "targets.toml"]
        for case in COMMANDS:
            chosen += ["-c", case]
        done = opensslrun(folder, "matrix", "run", *chosen, *own, "--no-cache", "--out", "result.json")
        document = (folder / "result.json").read_bytes()
        cells = {(cell["target"], cell["case"]): cell for cell in json.loads(document)["cells"]}
        yield Run(done.returncode, done.stdout, done.stderr, document, cells)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_told_by_its_fact(run: Run, name: str) -> None:
    lying.expect_told(LIES[name], run.cells[IDS[name], LIES[name].case])


@pytest.mark.parametrize("name", LIES)
def test_a_lie_changes_no_other_cell(run: Run, name: str) -> None:
    lying.expect_alike(run.cells, IDS[name], HONEST, *(COMMANDS.keys() - {LIES[name].case}))


def test_one_that_shows_another_version_in_the_end_is_an_error_in_all_its_cells(run: Run) -> None:
    cells = [run.cells[FORGETFUL, case] for case in COMMANDS]
    assert {cell["verdict"] for cell in cells} == {"error"}
    assert all("1.1.1w" in cell["reason"] for cell in cells)


def test_the_honest_image_beside_all_liars_is_as_predicted(run: Run) -> None:
    assert {run.cells[HONEST, case]["verdict"] for case in COMMANDS} <= {"pass", "known"}
    assert run.status == 1


def test_what_liars_print_does_nothing_to_a_terminal(run: Run) -> None:
    lying.expect_plain_text(run.stdout, run.stderr, run.document)
