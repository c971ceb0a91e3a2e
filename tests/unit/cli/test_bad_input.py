"""Bad input gets one sentence and the documented exit status, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def opensslrun(*args: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opensslrun", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def refused(done: subprocess.CompletedProcess[str], status: int, *says: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    for text in says:
        assert text in done.stderr


@pytest.mark.parametrize(
    ("option", "glob", "says"),
    [("-t", "openssl-9*", "no target matches 'openssl-9*'"), ("-c", "root-cb", "did you mean 'root-ca'?")],
)
def test_a_selection_that_matches_nothing(tmp_path: Path, option: str, glob: str, says: str) -> None:
    refused(opensslrun("matrix", "run", option, glob, folder=tmp_path), 2, says)
    assert not (tmp_path / "opensslrun-results.json").exists()


@pytest.mark.parametrize("command", ["matrix list", "matrix run", "targets list", "targets build"])
def test_a_reader_that_nobody_is(tmp_path: Path, command: str) -> None:
    done = opensslrun(*command.split(), "--readers", "macos>=13, plan9>=4", folder=tmp_path)
    refused(done, 2, "--readers: 'plan9>=4' picks no reader; there are the systems alpine, amazonlinux, debian, ")
    assert "the profiles guide, current, linux" in done.stderr
    assert not (tmp_path / "opensslrun-results.json").exists()


def test_a_profile_of_ones_own_picks_readers_and_one_that_promises_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[[profile]]\nid = "shop"\nreaders = "macos>=13, host"\n[[profile]]\nid = "half"\nreaders = "macos, plan9"\n'
    )
    arguments = ("targets", "list", "--format", "json", "--targets-file", "mine.toml", "--readers")
    done = opensslrun(*arguments, "shop", folder=tmp_path)
    assert [target["id"] for target in json.loads(done.stdout)["targets"]] == ["host", "libressl-3.3.6"]
    refused(opensslrun(*arguments, "half", folder=tmp_path), 2, "profile 'half': 'plan9' picks no reader")


@pytest.mark.parametrize("option", ["--targets-file", "--differences"])
def test_a_malformed_toml_file_is_refused_with_line_and_column(tmp_path: Path, option: str) -> None:
    (tmp_path / "bad.toml").write_text("# one\nx = = 1\n")
    refused(opensslrun("matrix", "run", option, "bad.toml", folder=tmp_path), 2, "bad.toml", "line 2, column 5")


def test_a_malformed_case_is_refused_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "bad.toml").write_text('title = "t\n')
    done = opensslrun("matrix", "run", "--cases-dir", "cases", folder=tmp_path)
    refused(done, 2, "bad.toml", "line 1, column")


def test_a_result_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    refused(opensslrun("matrix", "run", "--out", str(tmp_path), folder=tmp_path), 2, "it is a directory")
    done = opensslrun("matrix", "run", "--out", "gone/result.json", folder=tmp_path)
    refused(done, 2, "its directory does not exist")


def test_an_unknown_difference_is_refused_with_those_there_are(tmp_path: Path) -> None:
    refused(opensslrun("explain", "D999", folder=tmp_path), 2, "no known difference has the id 'D999'", "D001")


def test_a_review_without_a_result_says_how_to_make_one(tmp_path: Path) -> None:
    refused(opensslrun("review", folder=tmp_path), 2, "opensslrun matrix run")


def test_no_openssl_on_path_is_said(tmp_path: Path) -> None:
    done = opensslrun("verify", "--ca-file", "a", "b", folder=tmp_path, PATH=str(tmp_path))
    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr


def test_a_run_without_the_host_s_openssl_names_what_is_missing(tmp_path: Path) -> None:
    arguments = ("matrix", "run", "-t", "host", "-c", "verify-expired")
    done = opensslrun(*arguments, folder=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 3
    assert "host is named with -t and did not run" in done.stderr


def test_a_wrong_option_exits_2(tmp_path: Path) -> None:
    assert opensslrun("matrix", "run", "--nonsense", folder=tmp_path).returncode == 2
    assert opensslrun(folder=tmp_path).returncode == 2


def test_lists_are_json_when_asked(tmp_path: Path) -> None:
    for arguments in (("targets", "list"), ("matrix", "list"), ("explain",), ("doctor",)):
        done = opensslrun(*arguments, "--format", "json", folder=tmp_path)
        assert json.loads(done.stdout), arguments


def test_colour_is_for_terminals_only(tmp_path: Path) -> None:
    done = opensslrun("explain", folder=tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    line = f"{sys.executable} -m opensslrun schema | head -c 10"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
