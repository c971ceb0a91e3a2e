from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from opensslrun.bench.tree import Tree, is_plain, script
from opensslrun.errors import EngineError


@pytest.mark.parametrize(
    "line",
    [
        "openssl version",
        "openssl",
        "openssl req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt",
        "openssl x509 -in 'a file.pem' -subject",
        'openssl req -subj "/CN=device-0001/O=A & B" -addext "subjectAltName = DNS:x"',
        "openssl enc -k ''",
    ],
)
def test_one_openssl_with_its_arguments_is_plain(line: str) -> None:
    assert is_plain(line)
    assert script(line) == b"exec " + line.encode() + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "openssl version; echo",
        "openssl version && echo",
        "openssl version | cat",
        "openssl version > out",
        "openssl version <in",
        "openssl version &",
        "openssl version # really",
        "openssl version $HOME",
        'openssl req -subj "/CN=$HOME"',
        'openssl req -subj "/CN=`id`"',
        r'openssl req -subj "/CN=\"x\""',
        "openssl version \\\n -a",
        "openssl version\nopenssl version",
        "openssl x509 -in *.pem",
        "openssl x509 -in ~/a",
        "openssl x509 -in 'a",
        "openssl\tversion",
        "openssl version ",
        "opensslx version",
        " openssl version",
        "A=b openssl version",
        "exec openssl version",
        "openssl ä",
        "(openssl version)",
        "openssl version 'a\nb'",
    ],
)
def test_anything_that_a_shell_might_act_on_is_not_and_stays_verbatim(line: str) -> None:
    assert not is_plain(line)
    assert script(line) == line.encode() + b"\n"


def test_a_long_line_is_decided_at_once() -> None:
    assert not is_plain("openssl " + "a" * 100_000 + "\n")
    assert not is_plain("openssl " + "'a' " * 50_000 + ";")


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_workspaces_are_private_to_us_and_open_within(private: Path) -> None:
    before = os.umask(0o077)
    try:
        tree = Tree(None)
        assert tree.make({"conf/deep/root.conf": b"x"})
        tree.give(1, "1", b"true\n", b"answer\n")
    finally:
        os.umask(before)

    (top,) = private.iterdir()
    assert top.stat().st_mode & 0o777 == 0o700
    modes = {str(path.relative_to(tree.root)): path.stat().st_mode & 0o777 for path in tree.root.rglob("*")}
    assert modes == {
        "1": 0o755,
        "1/c": 0o755,
        "1/h": 0o755,
        "1/s": 0o755,
        "1/c/conf": 0o755,
        "1/c/conf/deep": 0o755,
        "1/c/conf/deep/root.conf": 0o644,
        "1/s/1": 0o644,
        "1/s/1.in": 0o644,
    }
    tree.close()
    assert list(private.iterdir()) == []


def test_a_case_directory_that_a_step_removed_is_there_again_for_the_next(private: Path) -> None:
    tree = Tree(None)
    tree.make({})
    tree.case(1).rmdir()
    assert tree.files(1).files == {}

    tree.give(1, "2", b"true\n", None)
    assert tree.case(1).is_dir()
    tree.close()
    assert list(private.iterdir()) == []


def left_behind(path: Path, how: str) -> None:
    """What a command did to one of the directories of a workspace, or to what is in them."""
    match how:
        case "files and directories":
            (path / "c" / "d" / "e").mkdir(parents=True)
            (path / "c" / "d" / "e" / "file").write_text("x")
            (path / "c" / "link").symlink_to(path.parent)
            (path / "h" / ".rnd").write_text("x")
            (path / "s" / "1.out").write_text("x")
            os.mkfifo(path / "c" / "pipe")
        case "mode":
            (path / "h").chmod(0o700)
        case "another":
            (path / "h").rename(path / "h2")
            (path / "h").mkdir()
            (path / "h").chmod(0o755)
            (path / "h2").rmdir()
        case "link":
            (path / "h").rmdir()
            (path / "h").symlink_to(path.parent)
        case "beside":
            (path / "x").write_text("x")
        case "gone":
            (path / "s").rmdir()
        case "many":
            for number in range(101):
                (path / "c" / str(number)).write_text("x")


@pytest.mark.parametrize(
    ("how", "again"),
    [("files and directories", True), *((how, False) for how in ("mode", "another", "link", "beside", "gone", "many"))],
)
def test_directories_are_used_again_only_as_they_were_made(private: Path, how: str, *, again: bool) -> None:
    expect_used_again(private, partial(left_behind, how=how), again=again)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of attributes by these calls")
def test_directories_with_other_attributes_are_not_used_again(private: Path) -> None:
    def marked(path: Path) -> None:
        if sys.platform == "linux":
            os.setxattr(path / "c", "user.mark", b"x")

    expect_used_again(private, marked, again=False)


def expect_used_again(private: Path, leave: Callable[[Path], None], *, again: bool) -> None:
    """The next workspace is empty either way."""
    (private / "kept").write_text("x")
    tree = Tree(None, again=True)
    first = tree.make({"a": b"x"})
    inodes = {path.name: path.stat().st_ino for path in (tree.root / str(first)).iterdir()}
    leave(tree.root / str(first))
    tree.remove(first)
    second = tree.make({"b": b"y"})
    assert (second == first) is again
    top = tree.root / str(second)
    assert sorted(str(path.relative_to(top)) for path in top.rglob("*")) == ["c", "c/b", "h", "s"]
    assert [path.name for path in tree.root.iterdir()] == [str(second)]
    assert {path.stat().st_mode & 0o777 for path in (top, *top.iterdir())} == {0o755}
    if again:
        assert {path.name: path.stat().st_ino for path in top.iterdir()} == inodes
    tree.close()
    assert [path.name for path in private.iterdir()] == ["kept"]


@pytest.mark.usefixtures("private")
def test_directories_in_which_something_was_killed_are_not_used_again() -> None:
    tree = Tree(None, again=True)
    first = tree.make({})
    tree.remove(first, again=False)
    assert tree.make({}) != first
    assert not (tree.root / str(first)).exists()
    tree.close()


@pytest.mark.usefixtures("private")
def test_two_workspaces_at_once_are_two() -> None:
    tree = Tree(None, again=True)
    first, second = tree.make({"a": b"1"}), tree.make({"b": b"2"})
    tree.remove(first)
    third = tree.make({"c": b"3"})
    assert (list(tree.files(second).files), list(tree.files(third).files)) == (["b"], ["c"])
    tree.close()


HOLDER = """
import sys, tempfile
from opensslrun.bench.tree import Tree
tempfile.tempdir = sys.argv[1]
tree = Tree(None)
tree.make({"key.pem": b"x"})
print(tree.root, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not(private: Path) -> None:
    living = Tree(None)
    living.make({"a": b"x"})
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(private)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        left = Path(holder.stdout.readline().strip())
        Tree(None).close()
        assert (left / "1" / "c" / "key.pem").is_file()
        holder.kill()
        holder.wait()
    assert left.is_dir()

    Tree(None).close()
    assert not left.parent.exists()
    assert set(living.files(1).files) == {"a"}
    living.close()
    assert list(private.iterdir()) == []


def test_no_room_for_a_private_directory_is_an_error_in_words(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(private / "gone"))
    with pytest.raises(EngineError, match=r"Could not make a private directory in .*gone.*TMPDIR"):
        Tree(None)


def put_deep(directory: Path) -> None:
    """3,000 directories in each other: deeper than Python calls itself, and than a path may be long."""
    inner = os.open(directory, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=inner)
        outer, inner = inner, os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)


def test_directories_in_directories_are_removed_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tree = Tree(None)
    for workspace in (1, 2):
        tree.make({})
        put_deep(tree.case(workspace))
    assert len(tree.files(1).files) > 1
    tree.remove(1)
    assert [path.name for path in tree.root.iterdir()] == ["2"]
    tree.close()
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_removed_is_found_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = """
import os
import sys
import opensslrun.bench.tree as under_test
tree = under_test.Tree(None)
under_test._remove_tree = lambda path: os._exit(int(path == tree.root))
tree.close()
"""
    ended = subprocess.run([sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    assert ended.returncode == 1
    assert len(list(tmp_path.iterdir())) == 1
    Tree(None).close()
    assert list(tmp_path.iterdir()) == []
