"""Ctrl-C at any moment: nothing that was finished is lost, nothing that was there before is replaced by nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensslrun.pipeline.interruption import SIGNALS, Interruptions

QUICK = 'title = "quick"\n[[step]]\nrun = "openssl version"\n'
NAP = f"sleep {100_000 + os.getpid()}"
"""What the processes of this run of the tests, and of no other, can be found by."""
SLOW = f'title = "slow"\n[[step]]\nrun = "exec {NAP}"\ntimeout = 100\n'


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Whoever runs the tests may ignore a signal (``nohup``); here, and in what is started here, none is ignored."""
    outside = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if outside[number] is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    after = [signal.getsignal(number) for number in SIGNALS]
    for number, handler in outside.items():
        signal.signal(number, handler)
    assert after == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_is_noticed_and_tears_nothing(number: signal.Signals) -> None:
    with Interruptions() as interruptions:
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert interruptions.seen.is_set()


def test_code_that_waits_for_it_is_interrupted() -> None:
    with Interruptions() as interruptions, pytest.raises(KeyboardInterrupt), interruptions.raising():
        signal.raise_signal(signal.SIGINT)


def test_an_interruption_just_before_code_that_waits_for_it_is_not_forgotten() -> None:
    with Interruptions() as interruptions:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interruptions.raising():
            pytest.fail("it went on")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruptions() as interruptions:
            signal.raise_signal(signal.SIGINT)
            assert not interruptions.seen.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_changes() -> None:
    seen: list[bool] = []

    def elsewhere() -> None:
        with Interruptions() as interruptions:
            seen.append(interruptions.seen.is_set())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert seen == [False]


def start(folder: Path, *cases: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "opensslrun", "matrix", "run", "-t", "host", "--cases-dir", "cases"]
    for case in cases:
        argv += ["-c", case]
    return subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.toml").write_text(QUICK)
    (tmp_path / "cases" / "b.toml").write_text(SLOW)
    return tmp_path


def processes_in(folder: Path, text: str) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if text in line and str(folder) not in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_sending_it_again_and_again_loses_nothing_that_was_finished(project: Path, number: signal.Signals) -> None:
    process = start(project, "a", "b")
    assert process.stderr is not None
    assert any("[1/2]" in line for line in process.stderr)
    for _ in range(12):
        process.send_signal(number)
        time.sleep(0.02)
        if process.poll() is not None:
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    result = json.loads((project / "opensslrun-results.json").read_text())
    assert result["run"]["complete"] is False
    assert {cell["case"]: cell["verdict"] for cell in result["cells"]} == {"a": "new", "b": "not-run"}
    assert not processes_in(project, NAP)
    assert sorted(path.name for path in project.iterdir()) == ["cases", "opensslrun-results.json"]


def test_an_interruption_before_anything_was_finished_leaves_the_earlier_result(project: Path) -> None:
    (project / "opensslrun-results.json").write_text("earlier")
    process = start(project, "b")
    deadline = time.monotonic() + 60
    while not processes_in(project, NAP) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "opensslrun-results.json is as it was" in err
    assert (project / "opensslrun-results.json").read_text() == "earlier"
