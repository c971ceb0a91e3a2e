"""What is wrong is told while a run goes on, with its verdict, once a cell."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from opensslrun.judge import cell
from opensslrun.judge.model import JudgedCell, StepJudgement
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Options, make_plan
from opensslrun.pipeline.session import run_plan
from opensslrun.report.progress import LiveProgress, PlainProgress

REAL = shutil.which("openssl") or "openssl"
CASE = """
title = "One step that breaks a promise, and one as promised"
[[step]]
run = "openssl version"
expect = { exit_status = 3 }
"""


def options_in(folder: Path, *targets: str) -> Options:
    """Both cases on targets that are all the same binary."""
    (folder / "own.toml").write_text("".join(f'[[target]]\nid = "{name}"\npath = "{REAL}"\n' for name in targets))
    cases = folder / "cases"
    cases.mkdir()
    (cases / "zz-broken.toml").write_text(CASE)
    return Options(
        targets=targets,
        cases=("zz-broken", "verify-expired"),
        targets_file=folder / "own.toml",
        cases_dir=cases,
        jobs=1,
    )


def lines(folder: Path, listener_of: type[PlainProgress | LiveProgress]) -> list[str]:
    options, stream = options_in(folder, "one"), io.StringIO()
    console = Console(file=stream, width=200, force_terminal=listener_of is LiveProgress)
    with Interruptions() as interruptions, listener_of(console) as listener:
        run_plan(make_plan(options), listener, interruptions)
    return stream.getvalue().splitlines()


def test_a_failure_is_a_line_of_its_own_as_soon_as_it_is_seen(tmp_path: Path) -> None:
    said = lines(tmp_path, PlainProgress)
    (line,) = [line for line in said if line.startswith("fail: one: zz-broken: ")]
    assert said.index(line) < said.index("[2/2] one: zz-broken")
    assert not [line for line in said if line.startswith(("new", "fail")) and "verify-expired" in line]


def test_on_a_terminal_the_line_stays_above_the_bar(tmp_path: Path) -> None:
    assert any("one: zz-broken: " in line and "fail" in line for line in lines(tmp_path, LiveProgress))


def test_a_step_is_judged_when_it_is_seen_and_not_once_more_for_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two targets of one binary show the same: of eight steps four are judged. The result has what was told."""
    judged: list[str] = []
    real = cell._judge_step

    def judging(seen: JudgedCell, *arguments: Any) -> StepJudgement:
        judged.append(seen.case)
        return real(seen, *arguments)

    monkeypatch.setattr(cell, "_judge_step", judging)
    with Interruptions() as interruptions:
        result = run_plan(make_plan(options_in(tmp_path, "one", "two")), Listener(), interruptions).result
    assert judged == ["verify-expired", "verify-expired", "verify-expired", "zz-broken"]
    assert [(each.target, each.case, each.verdict) for each in result.cells] == [
        ("one", "verify-expired", "pass"),
        ("one", "zz-broken", "fail"),
        ("two", "verify-expired", "pass"),
        ("two", "zz-broken", "fail"),
    ]
