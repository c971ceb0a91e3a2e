from __future__ import annotations

import os
import subprocess
import sys
import tempfile
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
        tree.make(1, {"conf/deep/root.conf": b"x"})
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
    tree.make(1, {})
    tree.case(1).rmdir()
    assert tree.files(1).files == {}

    tree.give(1, "2", b"true\n", None)
    assert tree.case(1).is_dir()
    tree.close()
    assert list(private.iterdir()) == []


HOLDER = """
import sys, tempfile
from opensslrun.bench.tree import Tree
tempfile.tempdir = sys.argv[1]
tree = Tree(None)
tree.make(1, {"key.pem": b"x"})
print(tree.root, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not(private: Path) -> None:
    living = Tree(None)
    living.make(1, {"a": b"x"})
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
        tree.make(workspace, {})
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
