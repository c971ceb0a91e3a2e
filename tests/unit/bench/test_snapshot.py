from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from opensslrun.bench.base import MAX_FILE_CONTENT, SeenFile
from opensslrun.bench.snapshot import shown_name, snapshot, snapshot_of_tar


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    top.mkdir()
    (top / "d" / "e").mkdir(parents=True)
    (top / "d" / "e" / "f").write_bytes(b"deep")
    (top / "a").write_bytes(b"12345")
    (top / "a").chmod(0o640)
    (top / "hard").hardlink_to(top / "a")
    (top / "link").symlink_to("/etc/passwd")
    (top / "up").symlink_to("..")
    os.mkfifo(top / "pipe", 0o600)
    Path(os.fsdecode(bytes(top) + b"/\xff\n")).write_bytes(b"odd")
    for path in (top / "d", top / "d" / "e"):
        path.chmod(0o755)
    for name in ("d/e/f", os.fsdecode(b"\xff\n")):
        (top / name).chmod(0o644)
    return top


EXPECTED = {
    "\\xff\n": SeenFile("file", 0o644, 3, b"odd"),
    "a": SeenFile("file", 0o640, 5, b"12345"),
    "d": SeenFile("directory", 0o755, 0, None),
    "d/e": SeenFile("directory", 0o755, 0, None),
    "d/e/f": SeenFile("file", 0o644, 4, b"deep"),
    "hard": SeenFile("file", 0o640, 5, b"12345"),
    "link": SeenFile("link", 0o777, 11, None),
    "pipe": SeenFile("other", 0o600, 0, None),
    "up": SeenFile("link", 0o777, 2, None),
}


def test_a_directory_is_seen_without_following_or_waiting(tree: Path) -> None:
    seen = snapshot(tree)

    assert seen == EXPECTED
    assert list(seen) == sorted(seen)


def test_a_tar_of_it_gives_the_same(tree: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        made.add(tree, "7/c")
        made.add(tree / "a", "7/s/1.out")
    buffer.seek(0)
    with tarfile.open(fileobj=buffer, errors="surrogateescape") as archive:
        assert snapshot_of_tar(archive, "7/c/") == EXPECTED


def test_sockets_are_named_beside_the_tar_as_a_directory_shows_them(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s\nx"))
        (tmp_path / "s\nx").chmod(0o700)
        seen = snapshot(tmp_path)
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    empty.seek(0)
    with tarfile.open(fileobj=empty) as archive:
        assert snapshot_of_tar(archive, "7/c/", b"700\n./s\nx\0") == seen == {"s\nx": SeenFile("other", 0o700, 0, None)}


@pytest.mark.parametrize(("more", "carried"), [(0, True), (1, False)])
def test_content_is_carried_up_to_a_limit(tmp_path: Path, more: int, *, carried: bool) -> None:
    size = MAX_FILE_CONTENT + more
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    seen = snapshot(tmp_path)["large"]

    assert (seen.size, seen.content is not None) == (size, carried)


def test_rights_given_back_for_reading_are_taken_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is refused, so the refusal is made here; that it happens is tested as another user elsewhere."""
    (tree / "d").chmod(0)
    (tree / "a").chmod(0)
    real_open, real_scandir = os.open, os.scandir

    def refused(path: bytes) -> bool:
        return os.lstat(path).st_mode & 0o400 == 0

    def guarded_open(path: bytes, flags: int) -> int:
        if refused(path):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, flags)

    def guarded_scandir(path: bytes) -> os._ScandirIterator[bytes]:
        if refused(path):
            raise PermissionError(13, "Permission denied", path)
        return real_scandir(path)

    monkeypatch.setattr(os, "open", guarded_open)
    monkeypatch.setattr(os, "scandir", guarded_scandir)
    seen = snapshot(tree)
    monkeypatch.undo()

    assert seen["d"].mode == seen["a"].mode == 0
    assert (seen["a"].content, seen["d/e/f"].content) == (b"12345", b"deep")
    assert ((tree / "d").stat().st_mode | (tree / "a").stat().st_mode) & 0o777 == 0


def test_a_directory_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert snapshot(tmp_path / "gone") == {}


def test_shown_names_can_be_written_anywhere() -> None:
    assert shown_name("ü".encode() + b"\x80") == "ü\\x80"
    shown_name(bytes(range(1, 256))).encode("utf-8")
