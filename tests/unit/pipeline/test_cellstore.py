"""The files in which cells are kept: believed only as they were written, private, bounded, shared by runs at once."""

from __future__ import annotations

import os
import resource
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensslrun.pipeline import cellstore
from opensslrun.pipeline.cellstore import NotKeptError, Store
from opensslrun.targets.cache import Cache

KEY = "k" * 64
OTHER = "o" * 64


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Cache(tmp_path / "cache"))


def test_what_was_added_is_there_for_the_next_who_asks(store: Store) -> None:
    assert store.read("t.cells").get(KEY) is None
    store.add("t.cells", {KEY: b'{"one": 1}'})
    store.add("t.cells", {OTHER: b'{"two": "a b c"}'})
    pack = store.read("t.cells")
    assert (pack.get(KEY), pack.get(OTHER)) == (b'{"one": 1}', b'{"two": "a b c"}')
    store.add("t.cells", {KEY: b"newer"})
    assert store.read("t.cells").get(KEY) == b"newer"


def test_only_this_user_can_read_it(store: Store) -> None:
    store.add("t.cells", {KEY: b"{}"})
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()} == {0o600}
    store.folder.chmod(0o755)
    store.read("t.cells")
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_changed_byte_is_believed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    store = Store(Cache(tmp_path_factory.mktemp("cache")))
    documents = {KEY: b'{"exit_status": 0}', OTHER: b'{"exit_status": 1}'}
    store.add("t.cells", documents)
    path = store.folder / "t.cells"
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != content[place]))
    content[place] = byte
    path.write_bytes(content)
    pack = store.read("t.cells")
    got = {key: pack.get(key) for key in documents}
    assert all(document in {None, documents[key]} for key, document in got.items())
    if bytes([byte]) != b"\n":
        assert list(got.values()).count(None) >= 1 or place == len(content) - 1


@pytest.mark.parametrize(
    "damage", [b"", b"\n\n", b"\0" * 50, b"no line at all", b"a b c d\n", KEY.encode() + b" x y z"]
)
def test_a_damaged_file_is_as_if_it_were_not_there(store: Store, damage: bytes) -> None:
    store.add("t.cells", {KEY: b"{}"})
    (store.folder / "t.cells").write_bytes(damage)
    assert store.read("t.cells").get(KEY) is None
    store.add("t.cells", {KEY: b"{}"})
    assert store.read("t.cells").get(KEY) == b"{}"


def test_a_line_is_believed_in_its_own_file_under_its_own_key_only(store: Store) -> None:
    store.add("t.cells", {KEY: b"{}"})
    content = (store.folder / "t.cells").read_bytes()
    (store.folder / "u.cells").write_bytes(content)
    assert store.read("u.cells").get(KEY) is None
    (store.folder / "t.cells").write_bytes(content.replace(KEY.encode(), OTHER.encode()))
    assert store.read("t.cells").get(OTHER) is None


def test_a_key_that_others_can_read_is_replaced_and_what_it_sealed_is_lost(store: Store) -> None:
    store.add("t.cells", {KEY: b"{}"})
    key = store.folder / "key"
    old = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    assert store.read("t.cells").get(KEY) is None
    assert (stat.S_IMODE(key.stat().st_mode), key.read_bytes() == old) == (0o600, False)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_key_of_the_wrong_length_is_replaced(store: Store, content: bytes) -> None:
    store.add("t.cells", {KEY: b"{}"})
    (store.folder / "key").write_bytes(content)
    assert store.read("t.cells").get(KEY) is None
    assert len((store.folder / "key").read_bytes()) == 32


def test_a_key_that_is_a_link_is_not_followed(store: Store, tmp_path: Path) -> None:
    store.add("t.cells", {KEY: b"{}"})
    key = store.folder / "key"
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotKeptError):
        store.read("t.cells")


def test_an_old_entry_and_one_of_the_future_are_not_believed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    store.add("t.cells", {KEY: b"{}"})
    for later, believed in ((cellstore.MAX_AGE_S - 100, True), (cellstore.MAX_AGE_S + 100, False), (-4000, False)):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert (store.read("t.cells").get(KEY) is not None) is believed, later


def test_runs_at_once_lose_nothing_of_one_another(store: Store) -> None:
    keys = [f"{number:064d}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: Store(store.cache).add("t.cells", {key: b"{}"}), keys))
    pack = store.read("t.cells")
    assert [key for key in keys if pack.get(key) is None] == []


def test_a_file_keeps_the_newest_lines_that_fit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cellstore, "MAX_PACK", 600)
    now = time.time()
    for number in range(5):
        monkeypatch.setattr(time, "time", lambda number=number: now + number)
        store.add("t.cells", {f"{number:064d}": b"x" * 100})
    pack = store.read("t.cells")
    assert [pack.get(f"{number:064d}") is not None for number in range(5)] == [False, False, False, True, True]
    assert (store.folder / "t.cells").stat().st_size <= 600


def test_the_folder_keeps_what_was_used_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cellstore, "MAX_TOTAL", 1100)
    for number, name in enumerate("abc"):
        store.add(f"{name}.cells", {KEY: b"x" * 200})
        os.utime(store.folder / f"{name}.cells", (time.time() - 100 + number,) * 2)
    store.read("a.cells")
    store.add("d.cells", {KEY: b"x" * 200})
    assert sorted(path.name for path in store.folder.iterdir()) == ["a.cells", "c.cells", "d.cells", "key"]


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", Path("/proc/nothing")):
        with pytest.raises(NotKeptError, match=r"\w+"):
            Store(Cache(root)).read("t.cells")
        with pytest.raises(NotKeptError, match=r"\w+"):
            Store(Cache(root)).add("t.cells", {KEY: b"{}"})


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: a write fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_there_is_no_room_the_old_entries_stay_and_nothing_else(store: Store) -> None:
    store.add("t.cells", {KEY: b"{}"})
    with no_room(1000), pytest.raises(NotKeptError, match=r"cannot write .*t\.cells"):
        store.add("t.cells", {OTHER: b"x" * 5000})
    assert store.read("t.cells").get(KEY) == b"{}"
    assert sorted(path.name for path in store.folder.iterdir()) == ["key", "t.cells"]
    assert list((store.cache.root / "tmp").iterdir()) == []


def test_the_cells_of_a_removed_target_go(store: Store) -> None:
    from opensslrun.targets.remove import _remove_files

    name = cellstore.pack_name("openssl-1.1.1", "sha256:0")
    store.add(name, {KEY: b"{}"})
    store.add(cellstore.pack_name("openssl-1.1.1g", "sha256:0"), {KEY: b"{}"})
    assert _remove_files(store.cache, {"openssl-1.1.1"}) == [f"file {store.folder / name}"]
    assert store.cache.clear()
    assert not store.folder.exists()
