"""Sources out of a Rust crate, by the real cargo with the settings of its user (a mirror in a folder here)."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opensslrun.errors import ChecksumError, EnvironmentLacksError
from opensslrun.targets import crate as crate_module
from opensslrun.targets.cache import Cache, Work
from opensslrun.targets.crate import fetch_crate_member, tree_sha256, why_not_crate
from opensslrun.targets.model import CrateRoute

ROUTE = CrateRoute("carrier", "1.2.3", "openssl")


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's CARGO_HOME whose settings replace the registry by a folder with one crate in it."""
    crate = tmp_path / "mirror/carrier-1.2.3"
    files = {
        "Cargo.toml": '[package]\nname = "carrier"\nversion = "1.2.3+1.1.1g"\nedition = "2021"\n',
        "src/lib.rs": "",
        "openssl/config": "#!/bin/sh\n",
        "openssl/apps/openssl.cnf": "[req]\n",
        "libressl.tar.gz": "an archive",
    }
    for name, text in files.items():
        (crate / name).parent.mkdir(parents=True, exist_ok=True)
        (crate / name).write_text(text)
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    (crate / ".cargo-checksum.json").write_text(json.dumps({"files": sums, "package": "0" * 64}))
    home = tmp_path / "cargo-home"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\ndirectory = "{tmp_path}/mirror"\n'
    )
    monkeypatch.setenv("CARGO_HOME", str(home))
    return crate


def work_in(folder: Path) -> Work:
    return Work(Cache(folder), lambda *_: None)


def test_a_folder_comes_as_a_tar_by_the_mirror_of_the_users_settings(mirror: Path, tmp_path: Path) -> None:
    path, sha256 = fetch_crate_member(ROUTE, 0, work_in(tmp_path / "cache"))
    listed = subprocess.run(["tar", "-tf", path], capture_output=True, text=True, check=True).stdout.split()
    assert listed == ["source/apps/", "source/apps/openssl.cnf", "source/config"]
    assert sha256 == tree_sha256(mirror / "openssl")


def test_the_users_own_cargo_folder_is_left_as_it_was(mirror: Path, tmp_path: Path) -> None:
    fetch_crate_member(ROUTE, 0, work_in(tmp_path / "cache"))
    assert mirror.exists()
    assert [path.name for path in (tmp_path / "cargo-home").iterdir()] == ["config.toml"]
    assert list((tmp_path / "cache/tmp").iterdir()) == []


def test_the_hash_of_a_tree_is_what_common_tools_print(mirror: Path) -> None:
    line = "find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    printed = subprocess.run(line, shell=True, cwd=mirror, capture_output=True, text=True, check=True).stdout  # noqa: S602
    assert tree_sha256(mirror) == printed.split()[0]


@pytest.mark.usefixtures("mirror")
def test_an_archive_comes_as_it_is(tmp_path: Path) -> None:
    route = CrateRoute("carrier", "1.2.3", "libressl.tar.gz", hashlib.sha256(b"an archive").hexdigest())
    path, sha256 = fetch_crate_member(route, 0, work_in(tmp_path / "cache"))
    assert path.read_bytes() == b"an archive"
    assert sha256 == route.sha256


@pytest.mark.usefixtures("mirror")
def test_sources_with_another_checksum_are_refused_with_both_sums(tmp_path: Path) -> None:
    route = CrateRoute("carrier", "1.2.3", "libressl.tar.gz", "1" * 64)
    with pytest.raises(ChecksumError) as caught:
        fetch_crate_member(route, 0, work_in(tmp_path / "cache"))
    assert hashlib.sha256(b"an archive").hexdigest() in str(caught.value)
    assert "1" * 64 in str(caught.value)
    assert list((tmp_path / "cache/crates").iterdir()) == []


@pytest.mark.usefixtures("mirror")
def test_a_damaged_cache_entry_is_made_again(tmp_path: Path) -> None:
    work = work_in(tmp_path / "cache")
    path, _ = fetch_crate_member(ROUTE, 0, work)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert fetch_crate_member(ROUTE, 0, work)[0].read_bytes() == whole


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize(
    ("route", "told"),
    [
        (CrateRoute("carrier", "9.9.9", "openssl"), "cargo could not fetch carrier 9.9.9: error"),
        (CrateRoute("nobody", "1.2.3", "openssl"), "cargo could not fetch nobody 1.2.3: error"),
        (CrateRoute("carrier", "1.2.3", "absent"), "carrier 1.2.3 was fetched but has no 'absent' in it"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(route: CrateRoute, told: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacksError) as caught:
        fetch_crate_member(route, 0, work_in(tmp_path / "cache"))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_versions_of_one_crate_are_fetched_at_once(mirror: Path, tmp_path: Path) -> None:
    for number in range(4, 7):
        other = mirror.with_name(f"carrier-1.2.{number}")
        shutil.copytree(mirror, other)
        manifest = (other / "Cargo.toml").read_text().replace("1.2.3", f"1.2.{number}")
        (other / "Cargo.toml").write_text(manifest)
        archive = f"the archive of {number}"
        (other / "libressl.tar.gz").write_text(archive)
        sums = json.loads((other / ".cargo-checksum.json").read_text())
        sums["files"] |= {
            "Cargo.toml": hashlib.sha256(manifest.encode()).hexdigest(),
            "libressl.tar.gz": hashlib.sha256(archive.encode()).hexdigest(),
        }
        (other / ".cargo-checksum.json").write_text(json.dumps(sums))
    work = work_in(tmp_path / "cache")
    routes = [CrateRoute("carrier", f"1.2.{number}", "libressl.tar.gz") for number in range(3, 7)]
    with ThreadPoolExecutor(4) as pool:
        paths = [path for path, _ in pool.map(lambda route: fetch_crate_member(route, 0, work), routes)]
    assert [path.read_text() for path in paths] == ["an archive", *(f"the archive of {n}" for n in range(4, 7))]


def test_a_registry_that_gives_no_answer_is_not_asked_for_the_next_crate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crate_module, "_SILENCE_S", 1)
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "no settings"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{silent.getsockname()[1]}")
        asked: list[str] = []
        work = Work(Cache(tmp_path / "cache"), lambda stage, _: asked.append(stage))
        for number, said in ((1, "1.0.1 was not to be had: .*[Tt]imed? ?out"), (2, "1.0.2 was not to be had")):
            with pytest.raises(EnvironmentLacksError, match=said):
                fetch_crate_member(CrateRoute("nobody", f"1.0.{number}", "x"), 0, work)
        assert asked == ["fetching the crate nobody 1.0.1"]


def test_without_cargo_the_message_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = why_not_crate(ROUTE)
    assert reason is not None
    assert "apt-get install cargo" in reason
    with pytest.raises(EnvironmentLacksError, match="apt-get install cargo"):
        fetch_crate_member(ROUTE, 0, work_in(tmp_path / "cache"))
