"""``opensslrun report``, in process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import handwritten
from opensslrun.cli.main import main
from opensslrun.errors import ExitStatus

RESULT = handwritten.result(summary={"cells": 1, "facts": 1, "comparisons": 1, "pass": 1})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(RESULT))
    return path


def test_without_options_it_is_shown_as_a_run_shows_it(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(results)]) == ExitStatus.OK
    assert "1 cell as predicted" in capsys.readouterr().out


def test_the_page_is_written_where_it_is_wanted(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(results), "--html", str(page)]) == ExitStatus.OK
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    said = capsys.readouterr()
    assert said.out == ""
    assert "report.html" in said.err


def test_a_result_that_is_not_there_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "gone.json"), "--html", str(page)]) == ExitStatus.USAGE
    assert "there is no result" in capsys.readouterr().err
    assert not page.exists()
