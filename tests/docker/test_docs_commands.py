"""The commands that the documentation shows, run in the order in which each page shows them.

They are typed on a terminal, in a folder that holds what their names speak of. A run of everything is a run of two
targets here, and a file name that stands for a result is one; nothing else is changed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGETS = ["-t", "host", "-t", "openssl-1.1.1g"]

WRAPPER = f"""#!{sys.executable}
import sys
from opensslrun.cli.main import run

words = sys.argv[1:]
named = {{"-t", "--readers", "--help"}} & set(words)
if words[:2] == ["matrix", "run"] and not named:
    sys.argv[3:3] = {TARGETS!r}
elif words[:1] == ["try"] and not named:
    sys.argv[2:2] = {TARGETS!r}
run()
"""

ENDS = {
    "matrix run --cases-dir cases -c my-": 1,  # everything is new
    "review --cases-dir cases --case my-guide --accept": 0,
    "review --cases-dir cases --case my-guide": 1,  # there is something to review
    "try -- openssl genrsa -noenc": 1,  # the answers differ
}
"""The exit status of those that do not end with 0, by how they begin."""

RUN_ELSEWHERE = ("python3 -m venv", "pytest --openssl-targets", "opensslrun matrix run -c 'guide-*'")
"""Both of README's own are what runs these tests; the plugin's and the example's have tests of their own."""

CASE = """
title = "A key and what it is"
answers = { ca = "correct horse" }

[[step]]
run = "openssl genrsa -des3 -out my.key 2048"
answer = ["ca", "ca"]
expect = { creates = ["my.key"] }
"""


def commands(page: Path) -> list[str]:
    found = [line for block in CONSOLE.findall(page.read_text(encoding="utf-8")) for line in block.splitlines()]
    shown = [re.sub(r"\s+#.*$", "", line[2:]) for line in found if line.startswith("$ ")]
    return [command for command in shown if not command.startswith(RUN_ELSEWHERE)]


WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the commands speak of."""
    from opensslrun.cases.load import load_case
    from opensslrun.data import shipped

    bins = tmp_path / "bin"
    bins.mkdir()
    (bins / "opensslrun").write_text(WRAPPER)
    (bins / "opensslrun").chmod(0o755)
    work = tmp_path / "work"
    (work / "cases").mkdir(parents=True)
    for name in ("my-guide", "my-case"):
        (work / "cases" / f"{name}.toml").write_text(CASE)
    (work / "root.conf").write_bytes((shipped("cases") / "files" / "root.conf").read_bytes())
    files = load_case(shipped("cases") / "chain-good.toml").files
    (work / "chain.pem").write_bytes(files["client.crt"] + files["chain.pem"] + files["root.crt"])
    return work


def typed(command: str, folder: Path) -> tuple[int, str]:
    """Type it, answering every prompt as a person would, and give its exit status and what was shown."""
    path = f"{folder.parent / 'bin'}:{os.environ['PATH']}"
    env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    child: pexpect.spawn[str] = pexpect.spawn(
        "bash",
        ["-c", command],
        cwd=folder,
        env=env | {"PATH": path},
        encoding="utf-8",
        timeout=300,
        dimensions=(50, 120),
    )
    shown = ""
    while True:
        prompt = child.expect(
            [r"(?i)(?:pass phrase|the same again)[^\n]*: ?$", r"(?i)\byes\b[^\n]*[:?\]] ?$", pexpect.EOF]
        )
        shown += child.before or ""
        if prompt == 2:
            child.wait()
            child.close()
            return int(child.exitstatus if child.exitstatus is not None else -1), shown
        child.sendline("correct horse" if prompt == 0 else "yes")


def prepared(command: str, folder: Path) -> Iterator[str]:
    """What has to be there before: results of earlier runs, the other parts of a run, a CA, a certificate."""
    result = folder / "opensslrun-results.json"
    if command.startswith(("opensslrun report", "opensslrun matrix diff")) and not result.exists():
        yield "opensslrun matrix run -c 'verify-*' -c 'pair-plain-key'"
    if "results.json --html" in command or "last-week.json" in command:
        yield "cp opensslrun-results.json results.json; cp opensslrun-results.json last-week.json"
    if "--from openssl-1.1.1w --to openssl-3.5" in command:
        yield "opensslrun matrix run -c 'verify-*' -t openssl-1.1.1w -t openssl-3.5.5"
    if "matrix merge" in command:
        yield from (f"opensslrun matrix run --shard {number}/3 --out part-{number}.json" for number in (2, 3))
    if "--out-dir ca" in command and "mkdir" not in command:
        yield "mkdir -p ca devices out"
    if "device.crt" in command:
        yield "mkdir -p made && opensslrun issue --profile client --ca ca --subject /CN=device --out-dir made"
        yield "cp made/device.crt device.crt"


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=[page.name for page in WITH_COMMANDS])
def test_the_commands_of_a_page_do_what_they_are_shown_to_do(page: Path, folder: Path) -> None:
    for command in commands(page):
        for before in prepared(command, folder):
            status, shown = typed(before, folder)
            assert status == 0, f"{before}: {shown[-2000:]}"
        status, shown = typed(command, folder)
        words = command.removeprefix("opensslrun ")
        expected = next((status for begins, status in ENDS.items() if words.startswith(begins)), 0)
        assert status == expected, f"{page.name}: {command}: {shown[-2000:]}"
        assert "Traceback" not in shown


def test_there_are_commands_to_run() -> None:
    assert {page.name for page in WITH_COMMANDS} >= {"README.md", "cases.md", "ci.md", "issue.md", "report.md"}
