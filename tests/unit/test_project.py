"""What a project keeps of its own, in opensslrun.toml or its pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.cli.main import main
from opensslrun.errors import UsageError
from opensslrun.pipeline.plan import Options, make_plan
from opensslrun.project import read_project

CASE = 'title = "mine"\n[[step]]\nrun = "openssl version"\n'
DIFFERENCE = """[[difference]]
id = "D901"
title = "t"
severity = "cosmetic"
shows = [{ fact = "exit_status", on = "OpenSSL 0.9.8", value = 7 }]
why = "w"
advice = "a"
"""
SETTINGS = 'cases-dir = "own/cases"\ndifferences = "own/d.toml"\n{target}\nid = "own"\npath = "/bin/true"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own" / "cases").mkdir(parents=True)
    (tmp_path / "own" / "cases" / "mine.toml").write_text(CASE)
    (tmp_path / "own" / "d.toml").write_text(DIFFERENCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["opensslrun.toml", "pyproject.toml"])
def test_targets_cases_and_differences_are_added_to_what_is_shipped(project: Path, name: str) -> None:
    own = name == "opensslrun.toml"
    text = SETTINGS.format(target="[[target]]" if own else "[[tool.opensslrun.target]]")
    (project / name).write_text(text if own else f"[tool.opensslrun]\n{text}")
    plan = make_plan(Options())
    assert "own" in {target.id for target in plan.targets}
    assert {"mine", "root-ca"} <= {case.id for case in plan.cases}
    assert {"D901", "D001"} <= {entry.id for entry in plan.catalogue.entries}


def test_an_option_that_names_the_same_adds_nothing_twice(project: Path) -> None:
    (project / "opensslrun.toml").write_text(SETTINGS.format(target="[[target]]"))
    plan = make_plan(Options(cases_dir=Path("own/cases"), differences=Path("own/d.toml")))
    assert [case.id for case in plan.cases].count("mine") == 1


def test_the_option_comes_on_top_of_the_settings(project: Path) -> None:
    (project / "opensslrun.toml").write_text('cases-dir = "own/cases"\n')
    (project / "more").mkdir()
    (project / "more" / "other.toml").write_text(CASE)
    plan = make_plan(Options(cases_dir=Path("more")))
    assert {"mine", "other"} <= {case.id for case in plan.cases}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('cases = "c"\n', "'cases' is not a known key; a project's settings are [[target]], "),
        ("cases-dir = 3\n", "cases-dir is not a path; write it as a text, relative to this file"),
        ('differences = ""\n', "differences is not a path"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_where(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "opensslrun.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_project(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'opensslrun.toml'}: {told}")


def test_a_folder_that_is_not_there_is_wrong_usage(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "opensslrun.toml").write_text('cases-dir = "nowhere"\n')
    assert main(["matrix", "list"]) == 2
    assert "nowhere" in capsys.readouterr().err
