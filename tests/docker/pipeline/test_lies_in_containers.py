"""One lie in one command of one cell of a container: it is told by the right fact, and no other cell changes.

As ``tests/unit/pipeline/test_lies.py`` does on this machine; here are the lies that the container's own shell,
terminal, file system and limits are between. Every liar is an image: the honest one's files, in which a script stands
before the binary. All run in one real ``opensslrun matrix run`` beside the honest image.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from opensslrun.facts.model import FactValue
from opensslrun.targets.engine import Engine
from opensslrun.targets.images import Job
from opensslrun.targets.load import load_targets

TEST_LABEL = "opensslrun.test"
TOP = Path(__file__).parents[3]
ALTER = TOP / "tests" / "unit" / "pipeline" / "alter_certificate.py"
HONEST = "openssl-1.1.1g"

ROOT, KEY, REFUSED, SUBJECT, QUICK = (
    "root-critical-constraints", "read-key-encrypt", "verify-expired", "read-subject", "quick",
)  # fmt: skip
COMMANDS = {
    ROOT: "req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt",
    KEY: "rsa -des3 -in my.key -out safe.key",
    REFUSED: "verify -CAfile root.crt leaf.crt",
    SUBJECT: "x509 -in client.crt -noout -subject",
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

ABSENT: FactValue = {"absent": True}
SLEEP = "while :; do sleep 1; done"
TERMINAL_TRICKS = r"\033[2J\033]0;owned\007\302\233 31m\377\376 \342\200\256evil\177"
PLAIN = "\x1b[2J\x1b]0;owned\x07\x9b 31m\\xff\\xfe \u202eevil\x7f"
ENCRYPT = '"$REAL" rsa -des3 -in my.key -out safe.key -passout "pass:$given"'
FOUND = {"error", "hung", "fail", "new"}


@dataclass(frozen=True)
class Lie:
    """``does`` is what a shell does instead of the case's command; ``shows`` are facts that tell, with what they show.

    ``REAL`` in it is the honest binary, ``OLD`` a certificate of two days ago, and the arguments are the command's.
    """

    case: str
    does: str
    verdict: str
    shows: Mapping[str, Any] = field(default_factory=dict)


LIES = {
    "claims to have failed": Lie(ROOT, '"$REAL" "$@"; exit 1', "fail", {"exit_status": 1}),
    "prints OK below the error": Lie(
        REFUSED, '"$REAL" "$@"; echo "leaf.crt: OK"', "fail", {"exit_status": 0, "verify.claim@leaf.crt": "ok"}
    ),
    # files
    "writes an empty file": Lie(
        QUICK, '"$REAL" "$@"; : >quick.crt', "fail",
        {"files.empty": ["quick.crt"], "file.format@quick.crt": "empty"},
    ),
    "writes a truncated file": Lie(
        ROOT, '"$REAL" "$@"; truncate -s 900 rootCA.crt', "fail", {"certificate.ca@rootCA.crt": ABSENT}
    ),
    "writes an old file": Lie(ROOT, 'cat "$OLD" >rootCA.crt', "new", {"certificate.starts_now@rootCA.crt": False}),
    "writes a file of 100 MB": Lie(
        ROOT, "head -c 100000000 /dev/zero >rootCA.crt", "fail", {"file.format@rootCA.crt": "too large"}
    ),
    "makes the key readable by all": Lie(
        KEY, '"$REAL" "$@"; status=$?; chmod 644 safe.key; exit $status', "new", {"file.mode@safe.key": "0644"}
    ),
    # prompts
    "asks once too few": Lie(
        KEY, f'printf "Enter pass phrase:" >/dev/tty; read -r given </dev/tty; {ENCRYPT}', "new",
        {"prompts": ["Enter pass phrase:"]},
    ),
    "asks once too many": Lie(
        KEY, '"$REAL" "$@"; printf "Enter pass phrase:" >/dev/tty; read -r given </dev/tty', "hung",
        {"ending": "hung", "unanswered": "Enter pass phrase:"},
    ),
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
    # signals and floods
    "dies by a signal": Lie(ROOT, "kill -SEGV $$", "fail", {"ending": "signal SIGSEGV", "exit_status": ABSENT}),
    "kills all that it can reach": Lie(ROOT, "kill -9 -1", "fail", {"ending": "signal SIGKILL", "files.created": []}),
    "prints 100 MB first": Lie(
        ROOT, 'yes flood | head -c 100000000; exec "$REAL" "$@"', "new",
        {"stdout.classes": ["unknown: floo", "unknown: flood", "unknown: more than 1048576 bytes"]},
    ),
    "prints 100 MB of errors first": Lie(
        ROOT, 'yes flood | head -c 100000000 >&2; exec "$REAL" "$@"', "fail", {"ending": "signal SIGXFSZ"}
    ),
    "prints 100 MB on the terminal": Lie(
        ROOT, '(yes flood | head -c 100000000) >/dev/tty; exec "$REAL" "$@"', "hung", {"ending": "hung"}
    ),
    # what a terminal would obey
    "prints control sequences": Lie(
        SUBJECT, f"printf '{TERMINAL_TRICKS}\\n'; printf '{TERMINAL_TRICKS}\\n' >&2; exec \"$REAL\" \"$@\"", "new",
        {"stdout.classes": ["subject", f"unknown: {PLAIN}"], "stderr.classes": [f"unknown: {PLAIN}"]},
    ),
    "names a file with control sequences": Lie(
        ROOT, f"\"$REAL\" \"$@\"; : >\"$(printf '{TERMINAL_TRICKS}')\"", "new",
        {"files.empty": [PLAIN], "files.created": sorted([PLAIN, "rootCA.crt"])},
    ),
    # no lie
    "tells the truth": Lie(ROOT, 'exec "$REAL" "$@"', "pass"),
}  # fmt: skip
IDS = {name: f"liar-{number:02}" for number, name in enumerate(LIES, 1)}

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


def script(lie: Lie) -> str:
    return f'if [ "$*" != "{COMMANDS[lie.case]}" ]; then exec "$REAL" "$@"; fi\n{lie.does}\n'


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


@dataclass(frozen=True)
class Run:
    """A run of all liars beside the honest image: what it printed, what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes
    document: bytes
    cells: Mapping[tuple[str, str], Mapping[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("liars")
    own = ["--cases-dir", "cases"]
    (folder / "cases").mkdir()
    (folder / "cases" / f"{QUICK}.toml").write_text(QUICK_CASE)
    opensslrun(folder, "matrix", "run", "-t", HONEST, *own, "-c", QUICK)
    recorded = opensslrun(folder, "review", *own, "--case", QUICK, "--accept", "--yes")
    assert (folder / "cases" / f"{QUICK}.recorded.json").exists(), recorded.stderr

    scripts = {IDS[name]: script(lie) for name, lie in LIES.items()} | {FORGETFUL: LATER}
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


def shown(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell without what time and chance make of it."""
    steps = [{key: step[key] for key in ("id", "facts", "wording", "findings")} for step in cell["steps"]]
    return {"verdict": cell["verdict"], "reason": cell["reason"], "steps": steps}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_told_by_its_fact(run: Run, name: str) -> None:
    lie = LIES[name]
    cell = run.cells[IDS[name], lie.case]
    told = {each["fact"]: each["value"] for each in cell["steps"][0]["findings"] if each["verdict"] in FOUND}
    assert cell["verdict"] == lie.verdict, told
    assert {fact: told[fact] for fact in lie.shows if fact in told} == lie.shows, told
    assert (told == {}) is (lie.verdict == "pass")


@pytest.mark.parametrize("name", LIES)
def test_a_lie_changes_no_other_cell(run: Run, name: str) -> None:
    for case in COMMANDS.keys() - {LIES[name].case}:
        assert shown(run.cells[IDS[name], case]) == shown(run.cells[HONEST, case])


def test_one_that_shows_another_version_in_the_end_is_an_error_in_all_its_cells(run: Run) -> None:
    cells = [run.cells[FORGETFUL, case] for case in COMMANDS]
    assert {cell["verdict"] for cell in cells} == {"error"}
    assert all("1.1.1w" in cell["reason"] for cell in cells)


def test_the_honest_image_beside_all_liars_is_as_predicted(run: Run) -> None:
    assert {run.cells[HONEST, case]["verdict"] for case in COMMANDS} <= {"pass", "known"}
    assert run.status == 1


CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def test_what_liars_print_does_nothing_to_a_terminal(run: Run) -> None:
    for printed in (run.stdout, run.stderr, run.document):
        assert CONTROLS.findall(printed.decode("utf-8", errors="strict")) == []
