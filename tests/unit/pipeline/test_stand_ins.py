"""A stand-in runs for what cannot be had: under its own name, said to be one, and never hiding a failure."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from opensslrun.errors import ExitStatus
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import BenchChoice, Options, make_plan
from opensslrun.pipeline.session import run_plan
from opensslrun.pipeline.status import Conclusion, conclude
from opensslrun.report.model import ReaderResult, Result, TargetResult

REAL = shutil.which("openssl") or "openssl"
GONE = """
[[target]]
id = "gone"
path = "/nowhere/openssl"
reader = { name = "a lost tribe", system = "tribe", first = "1" }
stand_in = { target = "near", lacks = "their own patches" }
"""
NEAR = f'[[target]]\nid = "near"\npath = "{REAL}"\n'


def run(folder: Path, described: str, **options: object) -> tuple[Result, Conclusion]:
    path = folder / "targets.toml"
    path.write_text(described)
    given = {"cases": ("verify-expired",), "targets_file": path, "readers": "tribe"} | options
    with Interruptions() as interruptions:
        result = run_plan(make_plan(Options(**given)), Listener(), interruptions).result  # type: ignore[arg-type]
    return Result.model_validate_json(result.model_dump_json(by_alias=True)), conclude(result)


def target_in(result: Result, name: str) -> TargetResult:
    (found,) = (target for target in result.targets if target.id == name)
    return found


def row(result: Result) -> ReaderResult:
    (found,) = result.readers
    assert (found.target, found.name) == ("gone", "a lost tribe")
    return found


def lying(folder: Path, version: str = f'exec {REAL} "$@"') -> str:
    """A stand-in that tells its version, and says OK to everything else."""
    path = folder / "openssl"
    path.write_text(f'#!/bin/sh\ncase "$1" in version) {version};; esac\nfor last; do :; done; echo "$last: OK"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return NEAR.replace(REAL, str(path))


def test_the_stand_in_runs_under_its_own_name_and_is_said_to_be_one(tmp_path: Path) -> None:
    result, conclusion = run(tmp_path, GONE + NEAR)
    assert conclusion.status is ExitStatus.OK, conclusion.reasons
    gone, near = target_in(result, "gone"), target_in(result, "near")
    assert (gone.outcome, gone.chosen, gone.stand_in, gone.lacks) == (
        "not-run",
        "readers",
        "near",
        "their own patches",
    )
    assert "/nowhere/openssl" in gone.reason
    assert (near.outcome, near.chosen, near.stand_in_for, near.stand_in) == ("ran", "stand-in", ["gone"], None)
    assert {(cell.target, cell.verdict) for cell in result.cells} == {("gone", "not-run"), ("near", "pass")}
    covered = row(result)
    assert (covered.quality, covered.by, covered.lacks) == ("stand-in", "near", "their own patches")
    assert covered.verdict == "pass"
    assert "/nowhere/openssl" in covered.reason


def test_a_target_that_is_there_needs_none(tmp_path: Path) -> None:
    result, conclusion = run(tmp_path, GONE.replace("/nowhere/openssl", REAL) + NEAR)
    assert conclusion.status is ExitStatus.OK
    assert [target.id for target in result.targets] == ["gone"]
    assert target_in(result, "gone").stand_in is None
    assert (row(result).quality, row(result).by, row(result).lacks) == ("measured", "gone", None)


def test_a_stand_in_that_was_chosen_itself_runs_once(tmp_path: Path) -> None:
    result, _ = run(tmp_path, GONE + NEAR, readers="tribe, near")
    assert [(target.id, target.chosen) for target in result.targets] == [("gone", "readers"), ("near", "readers")]
    assert target_in(result, "near").stand_in_for == ["gone"]


def test_stand_ins_can_be_refused(tmp_path: Path) -> None:
    result, conclusion = run(tmp_path, GONE + NEAR, stand_ins=False)
    assert conclusion.status is ExitStatus.ENVIRONMENT
    assert conclusion.reasons[0].startswith("gone is picked by --readers and did not run: ")
    assert [target.id for target in result.targets] == ["gone"]
    assert target_in(result, "gone").stand_in is None
    assert (row(result).quality, row(result).by, row(result).verdict) == ("not-run", None, None)


@pytest.mark.parametrize("readers", [None, "tribe"])
def test_a_target_that_was_named_is_not_replaced_though_its_stand_in_is_shown(
    tmp_path: Path, readers: str | None
) -> None:
    result, conclusion = run(tmp_path, GONE + NEAR, targets=("gon*",), readers=readers)
    assert conclusion.status is ExitStatus.ENVIRONMENT
    (reason,) = conclusion.reasons
    assert reason.startswith("gone is named with -t and did not run: ")
    assert reason.endswith("; near ran as its stand-in, which is not the thing itself")
    assert (row(result).quality, row(result).by) == ("stand-in", "near")


def test_what_readers_picked_may_be_stood_in_for_though_another_was_named(tmp_path: Path) -> None:
    _, conclusion = run(tmp_path, GONE + NEAR, targets=("host",))
    assert conclusion.status is ExitStatus.OK, conclusion.reasons


def test_a_stand_in_that_fails_makes_its_row_fail(tmp_path: Path) -> None:
    result, conclusion = run(tmp_path, GONE + lying(tmp_path))
    assert conclusion.status is ExitStatus.FOUND
    assert (row(result).quality, row(result).by, row(result).verdict) == ("stand-in", "near", "fail")


def test_a_stand_in_that_is_not_what_it_says_covers_nobody(tmp_path: Path) -> None:
    near = NEAR + 'implementation = "OpenSSL"\nversion = "1.0.2u"\n'
    result, conclusion = run(tmp_path, GONE + near)
    assert conclusion.status is ExitStatus.FOUND
    assert target_in(result, "near").outcome == "error"
    assert (row(result).quality, row(result).by, row(result).verdict) == ("stand-in", "near", "error")
    assert "1.0.2u" in row(result).reason


def test_a_stand_in_that_cannot_be_had_either_is_told_with_both_reasons(tmp_path: Path) -> None:
    result, conclusion = run(tmp_path, GONE + NEAR.replace(REAL, "/nor/here"))
    assert conclusion.status is ExitStatus.ENVIRONMENT
    assert conclusion.reasons[0].endswith("; nor did its stand-in near")
    assert len(conclusion.reasons) == 1, "the stand-in was not asked for"
    assert target_in(result, "near").outcome == "not-run"
    assert target_in(result, "near").stand_in_for == []
    assert (row(result).quality, row(result).by, row(result).verdict) == ("not-run", None, None)
    assert "/nowhere/openssl" in row(result).reason
    assert "its stand-in near: " in row(result).reason
    assert "/nor/here" in row(result).reason


def test_what_the_chosen_bench_cannot_run_may_be_stood_in_for(tmp_path: Path) -> None:
    routes = 'implementation = "OpenSSL"\nversion = "3.0.2"\nroutes = [{ image = "ubuntu:22.04" }]'
    image = GONE.replace('path = "/nowhere/openssl"', routes)
    result, conclusion = run(tmp_path, image + NEAR, bench=BenchChoice.LOCAL)
    assert conclusion.status is ExitStatus.OK, conclusion.reasons
    assert "--bench local" in target_in(result, "gone").reason
    assert (row(result).quality, row(result).by) == ("stand-in", "near")


def test_a_required_target_with_neither_itself_nor_a_stand_in_is_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(REAL).parent) + "/nowhere")  # no compiler, so nothing is built here
    own = GONE.replace("[[target]]", '[[target]]\nneed = "required"')
    options = {"readers": None, "bench": BenchChoice.LOCAL}
    _, covered = run(tmp_path, own + NEAR, **options)
    _, refused = run(tmp_path, own + NEAR, **options, stand_ins=False)
    assert not any(reason.startswith("gone ") for reason in covered.reasons)
    assert any(reason.startswith("gone is required and did not run: ") for reason in refused.reasons)
    assert refused.status is ExitStatus.ENVIRONMENT


def test_severities_of_known_differences_are_counted_for_the_reader(tmp_path: Path) -> None:
    catalogue = tmp_path / "differences.toml"
    catalogue.write_text(
        '[[difference]]\nid = "D999"\ntitle = "t"\nseverity = "format"\nwhy = "w"\nadvice = "a"\n'
        'where = { case = "own", step = "1" }\n'
        'shows = [{ fact = "exit_status", on = "OpenSSL >= 1", value = 0 }]\n'
    )
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "own.toml").write_text('title = "t"\n[[step]]\nrun = "openssl version"\n')
    result, _ = run(tmp_path, GONE + NEAR, cases=("own",), cases_dir=cases, differences=catalogue)
    assert row(result).differences == {"format": 1}
    assert row(result).untried == 0
