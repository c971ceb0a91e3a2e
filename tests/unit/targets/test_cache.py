"""The cache folder: whole files or none, locks between processes, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.cache import CACHE_VARIABLE, Cache, StoppedError, Work

HOLD = """
import sys
from pathlib import Path
from opensslrun.targets.cache import Cache, Work
cache = Cache(Path(sys.argv[1]))
with cache.lock("one", Work(cache, lambda *_: None)):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock ``one`` until its stdin ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def work_in(folder: Path) -> tuple[Work, list[str]]:
    stages: list[str] = []
    return Work(Cache(folder), lambda stage, _: stages.append(stage)), stages


def test_the_environment_names_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "other"))
    assert Cache.of_user().root == tmp_path / "other"
    assert not (tmp_path / "other").exists(), "made only when it is needed"


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    cache, final = Cache(tmp_path), tmp_path / "roots/x.tar"
    with pytest.raises(ZeroDivisionError), cache.writing(final) as handle:
        handle.write(b"half" * (1 // len(list(tmp_path.glob("roots/*")))))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with cache.writing(final) as handle:
        handle.write(b"whole")
    assert final.read_bytes() == b"whole"


def test_a_failed_rewrite_keeps_the_old_file(tmp_path: Path) -> None:
    cache, final = Cache(tmp_path), tmp_path / "roots/x.tar"
    with cache.writing(final) as handle:
        handle.write(b"old")
    with pytest.raises(EnvironmentLacksError, match="No space left"), cache.writing(final):
        raise OSError(28, "No space left on device")
    assert final.read_bytes() == b"old"


def test_a_cache_folder_that_cannot_be_made_is_told_with_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentLacksError, match=CACHE_VARIABLE):
        Cache(tmp_path / "file").folder("roots")


def test_a_second_process_waits_says_so_and_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        work, stages = work_in(tmp_path)
        entered = threading.Event()

        def enter() -> None:
            with work.cache.lock("one", work):
                entered.set()

        thread = threading.Thread(target=enter)
        thread.start()
        while not stages:
            time.sleep(0.01)
        assert not entered.is_set()
        first.communicate("")
        thread.join()
    assert entered.is_set()
    assert stages == ["waiting for another opensslrun"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.kill()
    work, stages = work_in(tmp_path)
    with work.cache.lock("one", work):
        assert stages == []


def test_a_waiting_process_can_be_interrupted(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        work, _ = work_in(tmp_path)
        timer = threading.Timer(0.1, work.stop.set)
        timer.start()
        with pytest.raises(StoppedError), work.cache.lock("one", work):
            pytest.fail("the lock is held by another process")
        timer.join()
        first.communicate("")


def test_threads_of_one_process_wait_for_each_other_in_other_words(tmp_path: Path) -> None:
    work, stages = work_in(tmp_path)
    with work.cache.lock("one", work):
        thread = threading.Thread(target=lambda: work.cache.lock("one", work).__enter__())
        thread.start()
        while not stages:
            time.sleep(0.01)
    thread.join()
    assert stages == ["waiting for its turn"]


def test_clearing_leaves_nothing_but_what_others_keep(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with cache.writing(cache.folder("roots") / "x.tar") as handle:
        handle.write(b"x")
    assert cache.clear()
    assert not cache.root.exists()
    cache.folder("results")
    cache.folder("roots")
    assert cache.clear()
    assert os.listdir(cache.root) == ["results"]  # noqa: PTH208


def test_clearing_stops_before_a_working_opensslrun(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        kept = Cache(tmp_path).folder("tmp") / "build"
        kept.touch()
        assert not Cache(tmp_path).clear()
        assert kept.exists()
        first.communicate("")


def test_a_lock_taken_away_while_waiting_is_taken_anew(tmp_path: Path) -> None:
    work, _ = work_in(tmp_path)
    path = tmp_path / "locks/one.lock"
    with holder(tmp_path) as first:
        path.unlink()
        first.communicate("")
    with work.cache.lock("one", work):
        assert path.exists()


def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    old, new = cache.folder("tmp") / "old", cache.folder("tmp") / "new"
    for folder in (old, new):
        folder.mkdir()
    long_ago = time.time() - 3 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    cache.sweep()
    assert not old.exists()
    assert new.exists()
