from __future__ import annotations

import io
import os
import socket
import tarfile
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensslrun.bench.base import MAX_CONTENT, MAX_FILES, SeenFile, carried
from opensslrun.bench.snapshot import MAX_PATH, Listing, read_tar, shown_name, snapshot
from opensslrun.bench.sockets import Pieces


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
    seen = snapshot(tree).files

    assert seen == EXPECTED
    assert list(seen) == sorted(seen)


def read_as_it_comes(
    tree: Path, printed: dict[str, bytes] | None = None, limit: int = 1000
) -> tuple[dict[str, bytes], Listing]:
    """An engine's archive of a workspace, from something that cannot be read twice."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        made.add(tree, "7/c")
        for name, content in (printed or {}).items():
            made.addfile(of_size(name, len(content)), io.BytesIO(content))
    pieces = [buffer.getvalue()[start : start + 1000] for start in range(0, len(buffer.getvalue()), 1000)]
    with tarfile.open(fileobj=io.BufferedReader(Pieces(iter(pieces))), mode="r|", errors="surrogateescape") as archive:
        return read_tar(archive, "7/c/", list(printed or {}), limit, "7/s/1.sockets")


def of_size(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    return info


def test_a_tar_of_it_gives_the_same(tree: Path) -> None:
    assert read_as_it_comes(tree) == ({}, Listing(EXPECTED))
    assert list(read_as_it_comes(tree)[1].files) == sorted(EXPECTED)


def test_what_lies_too_deep_is_named_as_far_as_a_path_goes(tmp_path: Path) -> None:
    deepest = tmp_path / "tree"
    for _ in range(400):
        deepest /= "dd"
    deepest.mkdir(parents=True)
    (deepest / "file").write_bytes(b"deep")
    seen = snapshot(tmp_path / "tree").files
    assert list(seen) == ["/".join(["dd"] * depth) for depth in range(1, len(seen) + 1)]
    assert MAX_PATH < len(list(seen)[-1]) <= MAX_PATH + len("/dd")
    sockets = b"755\n./" + b"dd/" * 300 + b"socket\x00755\n./dd/socket\x00"
    again = read_as_it_comes(tmp_path / "tree", {"7/s/1.sockets": sockets}, 2000)[1].files
    assert list(again) == sorted([*seen, "dd/socket"])


def test_of_a_stream_in_a_tar_the_beginning_is_read(tree: Path) -> None:
    assert read_as_it_comes(tree, {"7/s/1.out": b"12345"}, 3) == ({"7/s/1.out": b"123"}, Listing(EXPECTED))


def test_sockets_are_named_beside_the_tar_as_a_directory_shows_them(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s\nx"))
        (tmp_path / "s\nx").chmod(0o700)
        seen = snapshot(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    _, again = read_as_it_comes(empty, {"7/s/1.sockets": b"700\n./s\nx\0"})
    assert again == seen == Listing({"s\nx": SeenFile("other", 0o700, 0, None)})


@pytest.mark.parametrize(("more", "carried"), [(0, True), (1, False)])
def test_content_is_carried_up_to_a_limit(tmp_path: Path, more: int, *, carried: bool) -> None:
    size = MAX_CONTENT + more
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    seen = snapshot(tmp_path).files["large"]

    assert (seen.size, seen.content is not None) == (size, carried)


def test_of_all_files_together_the_smallest_are_carried(tmp_path: Path) -> None:
    """Read from a directory or from a tar, which names them in another order."""
    sizes = {"0": MAX_CONTENT // 2, "a/1": MAX_CONTENT // 2, "a.2": MAX_CONTENT // 2, "z": 100, "zz": 0, "y": 100}
    (tmp_path / "a").mkdir()
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(b"x" * size)
    seen = snapshot(tmp_path).files

    assert {name for name, each in seen.items() if each.content is not None} == {"z", "zz", "y", "0"}
    assert {name: each.size for name, each in seen.items() if each.kind == "file"} == sizes
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for path in sorted(tmp_path.rglob("*"), reverse=True):
            made.add(path, f"7/c/{path.relative_to(tmp_path)}", recursive=False)
        made.add(tmp_path / "a.2", "7/h/other")
        made.add(tmp_path / "0", "7/s/1.out")
    buffer.seek(0)
    with tarfile.open(fileobj=buffer, mode="r|") as archive:
        printed, again = read_tar(archive, "7/c/", ("7/s/1.out",), 1000)
    assert again == Listing(seen)
    assert len(printed["7/s/1.out"]) == 1000


def files_in(directory: Path, number: int) -> None:
    """Some of them in directories, which count."""
    (directory / "0").mkdir()
    for each in range(number - 1):
        (directory / f"{'0/' if each % 2 else ''}{each:05}").write_bytes(b"content")


@pytest.mark.parametrize("too_many", [0, 1, MAX_FILES, 3 * MAX_FILES])
def test_of_very_many_files_the_first_by_name_are_named(tmp_path: Path, too_many: int) -> None:
    """From a directory and from a tar, which has them in another order; beyond the limit no content is carried."""
    files_in(tmp_path, MAX_FILES + too_many)
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    seen = snapshot(tmp_path)
    assert (list(seen.files), seen.more) == (names[:MAX_FILES], too_many)
    carries = {each.content for each in seen.files.values() if each.kind == "file"}
    assert carries == ({b"content"} if too_many == 0 else {None})
    assert read_as_it_comes(tmp_path)[1] == seen


def test_very_many_files_take_little_memory(tmp_path: Path) -> None:
    for directory in ("c", "h"):
        (tmp_path / directory).mkdir()
        files_in(tmp_path / directory, 20_000)
    tar = tmp_path / "tar"
    with tarfile.open(tar, mode="w") as made:
        made.add(tmp_path / "h", "7/h")
        made.add(tmp_path / "c", "7/c")

    def from_tar() -> Listing:
        with tarfile.open(tar, mode="r|") as archive:
            return read_tar(archive, "7/c/", (), 0)[1]

    def from_directory() -> Listing:
        return snapshot(tmp_path / "c")

    for look in (from_directory, from_tar):
        tracemalloc.start()
        assert look().more == 20_000 - MAX_FILES
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert taken < 4 * 1024 * 1024


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([1, 100, 300, 700, 1024, 2048, 4096]), min_size=8, max_size=20),
    st.randoms(use_true_random=False),
)
def test_what_is_carried_does_not_depend_on_the_order_of_a_tar(kib: list[int], random: Random) -> None:
    sizes = {f"{number}": size * 1024 for number, size in enumerate(kib)}
    order = list(sizes)
    random.shuffle(order)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name in order:
            made.addfile(of_size(f"7/c/{name}", sizes[name]), io.BytesIO(bytes(sizes[name])))
    buffer.seek(0)
    with tarfile.open(fileobj=buffer, mode="r|") as archive:
        _, listing = read_tar(archive, "7/c/", (), 0)
    kept = {name for name, each in listing.files.items() if each.content is not None}
    assert kept == carried(sizes)


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
    seen = snapshot(tree).files
    monkeypatch.undo()

    assert seen["d"].mode == seen["a"].mode == 0
    assert (seen["a"].content, seen["d/e/f"].content) == (b"12345", b"deep")
    assert ((tree / "d").stat().st_mode | (tree / "a").stat().st_mode) & 0o777 == 0


def test_a_directory_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert snapshot(tmp_path / "gone") == Listing({})


def test_shown_names_can_be_written_anywhere() -> None:
    assert shown_name("ü".encode() + b"\x80") == "ü\\x80"
    shown_name(bytes(range(1, 256))).encode("utf-8")
