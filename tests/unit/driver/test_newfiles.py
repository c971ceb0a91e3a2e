from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opensslrun.driver.newfiles import PREFIX, NewFiles, check_destination
from opensslrun.errors import CommandFailedError, EnvironmentLacksError, UsageError, WouldOverwriteError

NAMES = ("a.key", "a.crt")


def make(directory: Path, *, force: bool = False, content: str = "new") -> None:
    with NewFiles(directory, NAMES, force=force) as new:
        for name in NAMES:
            (new.private / name).write_text(f"{content} {name}")
        new.publish()


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() if path.is_file() else "?" for path in directory.iterdir()}


def test_all_files_appear_private_and_nothing_else(tmp_path: Path) -> None:
    with NewFiles(tmp_path, NAMES, force=False) as new:
        assert new.private.parent == tmp_path
        assert new.private.stat().st_mode & 0o777 == 0o700
        for name in NAMES:
            (new.private / name).write_text("new")
            (new.private / name).chmod(0o644)
        assert set(contents(tmp_path)) == {new.private.name}
        new.publish()
    assert contents(tmp_path) == {"a.key": "new", "a.crt": "new"}
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in NAMES] == [0o600, 0o600]
    assert [(tmp_path / name).stat().st_nlink for name in NAMES] == [1, 1]


def test_without_publishing_nothing_is_left(tmp_path: Path) -> None:
    with NewFiles(tmp_path, NAMES, force=False) as new:
        (new.private / "a.key").write_text("new")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("existing", NAMES)
def test_one_existing_file_stops_all_before_anything_is_made(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("old")
    with pytest.raises(WouldOverwriteError, match=f"{existing} is there already.*--force"):
        make(tmp_path)
    assert contents(tmp_path) == {existing: "old"}


def test_force_replaces_and_keeps_no_copy(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_text("old")
    make(tmp_path, force=True)
    assert contents(tmp_path) == {"a.key": "new a.key", "a.crt": "new a.crt"}


@pytest.mark.parametrize("left_out", NAMES)
@pytest.mark.parametrize("force", [False, True])
def test_a_missing_or_empty_file_publishes_none(tmp_path: Path, left_out: str, *, force: bool) -> None:
    if force:
        (tmp_path / "a.key").write_text("old")
    before = contents(tmp_path)
    for content in (None, ""):
        with NewFiles(tmp_path, NAMES, force=force) as new:
            for name in NAMES:
                if name != left_out:
                    (new.private / name).write_text("new")
                elif content is not None:
                    (new.private / name).write_text(content)
            with pytest.raises(CommandFailedError, match=left_out):
                new.publish()
        assert contents(tmp_path) == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_failure_between_two_moves_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException, *, force: bool
) -> None:
    """Every system call that moves something fails once, both before and after it has done its work."""
    if force:
        for name in NAMES:
            (tmp_path / name).write_text("old")
    before = contents(tmp_path)
    steps = iter(range(1, 100))

    def breaking(real: object) -> object:
        def call(*args: object, **options: object) -> object:
            step = next(steps)
            if step == at and step % 2:
                raise error
            done = real(*args, **options)  # type: ignore[operator]
            if step == at:
                raise error
            return done

        return call

    with NewFiles(tmp_path, NAMES, force=force) as new:
        for name in NAMES:
            (new.private / name).write_text(f"new {name}")
        with monkeypatch.context() as patch:
            patch.setattr(os, "link", breaking(os.link))
            patch.setattr(Path, "replace", breaking(Path.replace))
            try:
                new.publish()
            except (KeyboardInterrupt, EnvironmentLacksError):
                interrupted = True
            else:
                interrupted = False
    assert contents(tmp_path) == before if interrupted else set(contents(tmp_path)) == set(NAMES)
    assert interrupted or at > 2


def test_a_file_that_another_program_makes_meanwhile_is_kept(tmp_path: Path) -> None:
    with NewFiles(tmp_path, NAMES, force=False) as new:
        for name in NAMES:
            (new.private / name).write_text("ours")
        (tmp_path / "a.crt").write_text("theirs")
        with pytest.raises(WouldOverwriteError):
            new.publish()
    assert contents(tmp_path) == {"a.crt": "theirs"}


def test_of_many_runs_at_once_one_wins_and_its_files_belong_together(tmp_path: Path) -> None:
    def one(number: int) -> bool:
        try:
            make(tmp_path, content=str(number))
        except WouldOverwriteError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(one, range(40)))
    assert wins.count(True) == 1
    winner = wins.index(True)
    assert contents(tmp_path) == {name: f"{winner} {name}" for name in NAMES}


def test_where_there_are_no_hard_links_nothing_is_replaced_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    make(tmp_path)
    assert contents(tmp_path) == {"a.key": "new a.key", "a.crt": "new a.crt"}
    with pytest.raises(WouldOverwriteError):
        make(tmp_path)
    make(tmp_path, force=True, content="newer")
    assert contents(tmp_path) == {"a.key": "newer a.key", "a.crt": "newer a.crt"}


def test_a_directory_a_link_and_a_device_are_refused_even_with_force(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("nothing")
    os.mkfifo(tmp_path / "fifo")
    for name, kind in (
        ("directory", "a directory"),
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
        ("fifo", "not a regular file"),
    ):
        for force in (False, True):
            with pytest.raises(UsageError, match=f"{name} cannot be written: it is {kind}"):
                check_destination(tmp_path / name, force=force)
    with pytest.raises(UsageError, match="not a regular file"):
        check_destination(Path("/dev/null"), force=True)
    assert (tmp_path / "target").read_text() == "old"


def test_a_missing_directory_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the directory .*/none is not there; make it"):
        check_destination(tmp_path / "none" / "a", force=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        check_destination(tmp_path / "file" / "a", force=False)


def test_what_a_killed_run_left_behind_is_removed_by_the_next(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from opensslrun.driver.newfiles import NewFiles\n"
        "with NewFiles(Path(sys.argv[1]), ['a.key'], force=False) as new:\n"
        "    (new.private / 'a.key').write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert [path.name.startswith(PREFIX) for path in tmp_path.iterdir()] == [True]
    make(tmp_path)
    assert set(contents(tmp_path)) == set(NAMES)


def test_the_directory_of_a_run_that_lives_is_left_alone(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from opensslrun.driver.newfiles import NewFiles\n"
        "with NewFiles(Path(sys.argv[1]), ['b.key'], force=False) as new:\n"
        "    print('ready', flush=True); sys.stdin.readline()\n"
        "    (new.private / 'b.key').write_text('whole'); new.publish()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        make(tmp_path)
        other.communicate("go\n")
        assert other.returncode == 0
    assert contents(tmp_path)["b.key"] == "whole"


def test_a_directory_of_the_same_name_that_is_not_ours_to_judge_is_left(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}file").write_text("somebody's")
    make(tmp_path)
    assert contents(tmp_path)[f"{PREFIX}file"] == "somebody's"
