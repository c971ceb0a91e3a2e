"""Review: what a run found that nothing predicts, shown and recorded, on the openssl of this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from opensslrun.judge.schema import CatalogueTable

CASE = """
title = "What a digest prints"
text = { "in.txt" = "hello" }
[[step]]
run = "openssl dgst -sha256 in.txt"
gate = ["stdout"]
"""
RANDOM = """
title = "A number by chance"
[[step]]
run = "openssl rand -hex 4"
gate = ["stdout"]
"""
REWORDS = f"""#!/bin/sh
case "$1" in dgst) echo "a \\"digest\\"\\177";; *) exec {shutil.which("openssl")} "$@";; esac
"""


def opensslrun(folder: Path, *args: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "opensslrun", *args]
    given: dict[str, Any] = {"input": answer} if answer is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False, **given)
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    return done


def matrix(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return opensslrun(folder, "matrix", "run", "-t", "host", "--cases-dir", "cases", "-c", "mine", *args)


def review(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return opensslrun(folder, "review", "--cases-dir", "cases", *args)


def recorded(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "cases" / "mine.recorded.json").read_text())
    return document


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "mine.toml").write_text(CASE)
    return tmp_path


def test_a_case_with_nothing_recorded_fails_and_passes_once_it_is_accepted(project: Path) -> None:
    assert matrix(project).returncode == 1
    assert review(project).returncode == 1
    done = review(project, "--accept", "--yes")
    assert done.returncode == 0, done.stderr
    assert recorded(project)["seen_on"] == ["host"]
    assert recorded(project)["steps"]["1"]["exit_status"] == 0
    assert matrix(project).returncode == 0
    assert "nothing to review" in review(project).stderr


def test_nothing_is_recorded_without_an_explicit_yes(project: Path) -> None:
    matrix(project)
    done = review(project, "--accept")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert not (project / "cases" / "mine.recorded.json").exists()


def test_a_value_that_varies_is_not_recorded_and_the_review_does_not_succeed(project: Path) -> None:
    (project / "cases" / "mine.toml").write_text(RANDOM)
    matrix(project)
    done = review(project, "--accept", "--yes")
    assert done.returncode == 1
    assert "varies from run to run" in done.stderr
    assert "stdout" not in recorded(project)["steps"]["1"]


def test_bounds_written_by_hand_survive_an_accept(project: Path) -> None:
    matrix(project)
    review(project, "--accept", "--yes")
    path = project / "cases" / "mine.recorded.json"
    path.write_text(path.read_text().replace('"exit_status": 0', '"exit_status": {"between": [3, 9]}'))
    path.write_text(path.read_text().replace('"prompts": []', '"prompts": ["x"]'))
    assert matrix(project).returncode == 1
    done = review(project, "--accept", "--yes")
    assert done.returncode == 1
    assert "bounded by hand" in done.stdout
    steps = recorded(project)["steps"]["1"]
    assert (steps["exit_status"], steps["prompts"]) == ({"between": [3, 9]}, [])


def test_a_value_that_breaks_a_promise_is_not_recorded(project: Path) -> None:
    (project / "cases" / "mine.toml").write_text(CASE + "expect = { fails = true }\n")
    matrix(project)
    done = review(project, "--accept", "--yes")
    assert done.returncode == 1
    assert "breaks a promise" in done.stdout
    assert "exit_status" not in recorded(project)["steps"]["1"]


def test_a_result_of_other_cases_is_refused_and_not_taken_for_nothing_to_review(project: Path) -> None:
    matrix(project)
    done = opensslrun(project, "review")
    assert done.returncode == 2
    assert "'mine', which is not here" in done.stderr


def test_a_result_of_a_case_that_was_changed_since_is_refused(project: Path) -> None:
    matrix(project)
    (project / "cases" / "mine.toml").write_text(RANDOM)
    done = review(project)
    assert done.returncode == 2
    assert "changed since" in done.stderr


def test_a_run_that_broke_down_is_not_called_predicted(project: Path) -> None:
    binary = project / "openssl"
    binary.write_text("#!/bin/sh\nexit 0\n")
    binary.chmod(0o755)
    (project / "t.toml").write_text('[[target]]\nid = "liar"\npath = "./openssl"\n')
    arguments = ("--targets-file", "t.toml", "-t", "liar", "--cases-dir", "cases", "-c", "mine")
    assert opensslrun(project, "matrix", "run", *arguments).returncode == 1
    done = review(project)
    assert done.returncode == 1
    assert "error" in done.stderr
    assert "predicted" not in done.stderr


def test_a_draft_is_toml_once_its_blanks_are_filled(project: Path) -> None:
    binary = project / "other"
    binary.write_text(REWORDS)
    binary.chmod(0o755)
    (project / "t.toml").write_text('[[target]]\nid = "other"\npath = "other"\n')
    matrix(project, "--targets-file", "t.toml", "-t", "other")
    more = ("--targets-file", "t.toml")
    assert "1. mine, step 1\n" in review(project, *more).stdout
    assert not (project / "opensslrun-drafts.toml").exists(), "without a yes nothing is drafted"
    assert review(project, *more, "--accept", "--yes").returncode == 1
    text = (project / "opensslrun-drafts.toml").read_text()
    text = text.replace('"D" ', '"D900" ').replace('severity = ""', 'severity = "format"').replace('= ""', '= "x"')
    (entry,) = CatalogueTable.model_validate(tomllib.loads(text)).difference
    (place,) = entry.places
    assert place.is_in("mine")
    assert place.is_at("1", "openssl dgst -sha256 in.txt")
    shown = {shown.fact: shown.value for shown in entry.shows}
    assert shown["stdout"] == 'a "digest"\x7f\n'
    assert len(shown) > 1, "facts of one step that differ on the same targets are one entry"


def test_one_cause_in_several_cases_is_one_item(project: Path) -> None:
    binary = project / "other"
    binary.write_text(REWORDS)
    binary.chmod(0o755)
    (project / "t.toml").write_text('[[target]]\nid = "other"\npath = "other"\n')
    (project / "cases" / "mine-too.toml").write_text(CASE)
    matrix(project, "-c", "mine-too", "--targets-file", "t.toml", "-t", "other")
    out = review(project, "--targets-file", "t.toml").stdout
    items = [line for line in out.splitlines() if line[:1].isdigit()]
    assert [item.partition(". ")[2] for item in items] == [
        "mine, step 1",
        "mine, step 1; mine-too, step 1",
        "mine-too, step 1",
    ], "what every target shows alike is an item of its case"
    assert out.count("   stdout\n") == 1


def test_what_the_catalogue_explains_already_needs_no_draft(project: Path) -> None:
    binary = project / "other"
    binary.write_text(REWORDS)
    binary.chmod(0o755)
    (project / "t.toml").write_text('[[target]]\nid = "other"\npath = "other"\n')
    (project / "d.toml").write_text(
        '[[difference]]\nid = "D900"\ntitle = "x"\nseverity = "cosmetic"\nwhy = "x"\nadvice = "x"\n'
        'where = { case = "mine" }\nshows = [{ fact = "stdout", on = "OpenSSL", value = "a \\"digest\\"\\u007f\\n" }]\n'
    )
    more = ("--targets-file", "t.toml", "--differences", "d.toml")
    matrix(project, "-t", "other", *more)
    before = review(project, *more)
    assert "   stdout\n" in before.stdout
    review(project, *more, "--accept", "--yes")
    drafts = project / "opensslrun-drafts.toml"
    assert 'fact = "stdout"' not in (drafts.read_text() if drafts.exists() else "")
