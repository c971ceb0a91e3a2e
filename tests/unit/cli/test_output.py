"""A reader of the output that goes away, and a place for the result that is full: the exit status stays true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN = [sys.executable, "-m", "opensslrun", "matrix", "run", "-t", "host", "-c", "mine", "--cases-dir", "."]
CASE = 'title = "t"\n[[step]]\nrun = "openssl version"\nexpect = { fails = true }\n'


def test_a_failed_run_fails_although_nobody_reads_its_report(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(CASE)
    with subprocess.Popen(RUN, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert process.returncode == 1
    assert "result: opensslrun-results.json" in err


def test_a_successful_command_succeeds_although_nobody_reads_it(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "opensslrun", "schema"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, err) == (0, "")


def test_a_result_that_cannot_be_written_is_shown_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(CASE)
    argv = [*RUN, "--out", "/dev/full"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "the command fails" in done.stdout
