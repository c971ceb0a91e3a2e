"""Having targets on a real engine: obtained, proven, removed, brought back; and every way it can go wrong."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from opensslrun.bench.base import Command
from opensslrun.driver.outcome import Input
from opensslrun.driver.version import Implementation
from opensslrun.errors import BuildFailedError, ChecksumError, EnvironmentLacksError, TargetNotProvenError
from opensslrun.targets.cache import Cache, sha256_of
from opensslrun.targets.engine import LABEL_BUILDER, LABEL_TARGET, Engine
from opensslrun.targets.images import Job, find_image
from opensslrun.targets.model import (
    Availability,
    CrateRoute,
    ImageRoute,
    Need,
    Obtained,
    Reader,
    SuiteRoute,
    TarballRoute,
    Target,
)
from opensslrun.targets.obtain import available, obtain, obtain_many, open_bench
from opensslrun.targets.prove import prove
from opensslrun.targets.remove import remove
from opensslrun.targets.roottar import _APPLETS

REQUIRED = ("debian-12", "openssl-1.1.1g", "libressl-3.0.2")


PROGRAM = r"""
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    puts("VERSION_LINE");
    if (argc > 2 && !strcmp(argv[2], "-a")) puts("OPENSSLDIR: \"/usr/local/ssl\"");
    return 0;
}
"""

CONFIG = """\
#!/bin/sh
echo "configured with $*"
printf 'build_generated:\\n\\nbuild_programs:\\n\\tgcc -static -o apps/openssl apps/openssl.c\\n' > Makefile
"""


@dataclass(frozen=True)
class Shelf:
    """A folder that an HTTP server of this machine serves."""

    folder: Path
    url: str

    def source(
        self, name: str, version_line: str = "OpenSSL 1.1.1g  21 Apr 2020", config: str = CONFIG
    ) -> TarballRoute:
        """A source archive in the shape of OpenSSL's whose program prints this version line."""
        files = {
            "config": config,
            "apps/openssl.c": PROGRAM.replace("VERSION_LINE", version_line),
            "apps/openssl.cnf": "[req]\n",
        }
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for path, text in files.items():
                info = tarfile.TarInfo(f"{name}/{path}")
                info.size, info.mode, info.uid = len(text), 0o755, 4711
                tar.addfile(info, io.BytesIO(text.encode()))
        (self.folder / f"{name}.tar.gz").write_bytes(buffer.getvalue())
        return TarballRoute(f"{self.url}/{name}.tar.gz", hashlib.sha256(buffer.getvalue()).hexdigest())


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    folder = tmp_path / "shelf"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Shelf(folder, f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def small_target(shipped: dict[str, Target], name: str, *routes: TarballRoute, version: str = "1.1.1g") -> Target:
    """A target of a test's own, compiled by the shipped builder. Its id begins with ``test-``."""
    return Target(
        id=f"test-{name}",
        implementation=Implementation.OPENSSL,
        version=version,
        platform="linux",
        need=Need.INFORMATIONAL,
        reader=Reader("a test"),
        routes=routes,
        source=Path("test.toml"),
        released=date(2020, 4, 21),
        builder=shipped["openssl-1.1.1g"].builder,
    )


class Stages:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, _target: str, stage: str, part: float | None) -> None:
        assert part is None or 0 <= part <= 1
        if stage not in self.seen:
            self.seen.append(stage)


def drop_image(engine: Engine, target: Target) -> None:
    image = find_image(engine, Job.of_target(target, engine.architecture))
    if image is not None:
        engine.remove(image)


def test_all_shipped_targets_are_had_here_and_are_what_they_are_declared_to_be(shipped: dict[str, Target]) -> None:
    had = obtain_many(list(shipped.values()), 2, Stages())
    assert list(had) == list(shipped)
    debian = {name for name in shipped if name.startswith("debian-")}
    crates = {name for name, each in shipped.items() if any(isinstance(way, CrateRoute) for way in each.routes)}
    for name in ["host", *sorted(debian | crates)]:
        obtained = had[name]
        assert isinstance(obtained, Obtained), obtained
        with open_bench(obtained) as bench:
            proof = prove(bench, shipped[name])
            assert prove(bench, shipped[name]) == proof
        # The crates of OpenSSL 3.5.5 and later carry no apps/openssl.cnf; release tarballs do.
        bare = "crate" in obtained.origin and shipped[name].version in {"3.5.5", "3.6.3", "4.0.3"}
        assert (proof.config_sha256 is None) == bare
        alone = name in crates and shipped[name].runtime is None
        assert bool(proof.libraries) != alone, "source builds are static, but wine's libraries are below a Windows one"
        assert available(shipped[name]).availability is Availability.READY


def test_what_is_there_is_had_again_without_doing_anything(
    shipped: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = obtain_many([shipped[name] for name in REQUIRED], 2, Stages())
    stages = Stages()
    monkeypatch.setenv("PATH", "/nonexistent")
    assert obtain_many([shipped[name] for name in REQUIRED], 2, stages) == first
    assert stages.seen == []


def test_images_are_small_and_have_no_compiler(shipped: dict[str, Target], engine: Engine) -> None:
    obtain_many([shipped[name] for name in REQUIRED], 2, Stages())
    for name in REQUIRED:
        image = find_image(engine, Job.of_target(shipped[name], engine.architecture))
        assert image is not None
        listed = engine.client.containers.run(
            image.id,
            ["sh", "-c", "command -v gcc cc make cmake perl; busybox --list; id"],
            user="12345",
            read_only=True,
            network_mode="none",
            cap_drop=["ALL"],
            remove=True,
        ).decode()
        assert "gcc" not in listed
        assert "uid=12345(opensslrun)" in listed
        assert set(_APPLETS.split()) <= set(listed.split()), "every link to busybox leads to a command"
        if name != "debian-12":
            assert image.size < 15_000_000, "the whole of a distribution's image is larger when it is pulled"


@pytest.mark.usefixtures("own_cache")
def test_a_removed_image_comes_back_from_the_cache_with_no_route_at_all(
    shipped: dict[str, Target], shelf: Shelf, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shelf.source("openssl")
    target = small_target(shipped, "removed", source)
    before = obtain(target, Stages())
    drop_image(engine, target)
    seen = available(target)
    assert (seen.availability, seen.reason) == (Availability.OBTAINABLE, "from the cache")
    monkeypatch.setenv("PATH", "/nonexistent")
    (shelf.folder / "openssl.tar.gz").unlink()
    stages = Stages()
    after = obtain(target, stages)
    assert stages.seen == ["importing the image"]
    assert after.origin == before.origin
    monkeypatch.undo()
    with open_bench(after) as bench:
        assert prove(bench, target).version_line == "OpenSSL 1.1.1g  21 Apr 2020"


@pytest.mark.parametrize("damage", ["tar", "note", "no note"])
def test_a_damaged_cache_entry_is_made_again_and_never_trusted(
    damage: str, shipped: dict[str, Target], shelf: Shelf, engine: Engine, own_cache: Path
) -> None:
    target = small_target(shipped, "damaged", shelf.source("openssl"))
    obtain(target, Stages())
    root = Job.of_target(target, engine.architecture).root_in(Cache(own_cache))
    whole = sha256_of(root)
    match damage:
        case "tar":
            content = bytearray(root.read_bytes())
            content[len(content) // 2] ^= 1
            root.write_bytes(content)
        case "note":
            root.with_suffix(".json").write_text("{")
        case _:
            root.with_suffix(".json").unlink()
    drop_image(engine, target)
    stages = Stages()
    obtain(target, stages)
    assert "compiling" in stages.seen
    assert sha256_of(root) == whole, "two builds of one recipe are the same, byte for byte"


def of_packages(shipped: dict[str, Target], *packages: str) -> Target:
    return Target(
        **{name: getattr(shipped["debian-12"], name) for name in Target.__slots__}
        | {"id": "test-suite", "routes": (SuiteRoute("bookworm", packages),)}
    )


def test_the_distributions_packages_give_the_same_bytes_twice(
    shipped: dict[str, Target], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = of_packages(shipped, "openssl", "libc-bin", "busybox-static")
    sums = set()
    for name in ("one", "two"):
        monkeypatch.setenv("OPENSSLRUN_CACHE_DIR", str(tmp_path / name))
        drop_image(engine, target)
        obtained = obtain(target, Stages())
        assert "openssl 3.0." in obtained.origin
        sums.add(sha256_of(Job.of_target(target, engine.architecture).root_in(Cache(tmp_path / name))))
    assert len(sums) == 1
    with open_bench(obtained) as bench, bench.workspace({}) as workspace:
        known = workspace.run(Command("ldconfig -p && ls /usr/lib/*/libcrypto.so.3", Input.NONE)).outcome.stdout_text
    assert re.search(r"libcrypto\.so\.3 .*=> /lib/\S+/libcrypto\.so\.3", known), "libraries are found by their cache"
    for image in engine.own_images(LABEL_TARGET):
        assert image.labels[LABEL_TARGET] != "test-suite" or image.id == obtained.image_id, "made on the way, and left"


@pytest.mark.usefixtures("own_cache")
def test_a_distribution_whose_libraries_cannot_be_looked_up_is_not_had(
    shipped: dict[str, Target], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensslrun.targets.libraries.LIBRARIES_COMMAND", ("ldconfig", "--no-such-option"))
    target = of_packages(shipped, "openssl", "libc-bin", "busybox-static")
    drop_image(engine, target)
    with pytest.raises(BuildFailedError, match="ldconfig --no-such-option failed with status") as caught:
        obtain(target, Stages())
    assert "no-such-option" in Path(str(caught.value).rpartition("its log is ")[2]).read_text()
    assert not [image for image in engine.own_images(LABEL_TARGET) if image.labels[LABEL_TARGET] == "test-suite"]


@pytest.mark.usefixtures("own_cache")
def test_a_failing_build_names_its_log_and_the_others_go_on(shipped: dict[str, Target], shelf: Shelf) -> None:
    bad = small_target(shipped, "bad", shelf.source("bad", config="#!/bin/sh\necho this compiler is odd\nexit 3\n"))
    good = small_target(shipped, "good", shelf.source("good"))
    had = obtain_many([bad, good], 2, Stages())
    assert isinstance(had["test-good"], Obtained)
    error = had["test-bad"]
    assert isinstance(error, BuildFailedError)
    log = Path(str(error).rpartition("its log is ")[2])
    assert "this compiler is odd" in log.read_text()


@pytest.mark.usefixtures("own_cache")
def test_a_wrong_checksum_stops_the_target_and_no_further_route_is_tried(
    shipped: dict[str, Target], shelf: Shelf
) -> None:
    right = shelf.source("openssl")
    target = small_target(shipped, "sum", TarballRoute(right.tarball, "1" * 64), right)
    with pytest.raises(ChecksumError) as caught:
        obtain(target, Stages())
    assert right.sha256 in str(caught.value)
    assert "1" * 64 in str(caught.value)


@pytest.mark.usefixtures("own_cache")
def test_the_next_route_is_tried_and_the_origin_says_which_one_worked(shipped: dict[str, Target], shelf: Shelf) -> None:
    right = shelf.source("openssl")
    target = small_target(shipped, "next", TarballRoute(f"{shelf.url}/gone.tar.gz", right.sha256), right)
    assert right.tarball in obtain(target, Stages()).origin


@pytest.mark.usefixtures("own_cache")
def test_when_no_route_works_every_reason_is_told_in_one_sentence(shipped: dict[str, Target], shelf: Shelf) -> None:
    target = small_target(
        shipped,
        "none",
        TarballRoute(f"{shelf.url}/a.tar.gz", "1" * 64),
        TarballRoute("http://b.invalid/b.gz", "1" * 64),
    )
    with pytest.raises(EnvironmentLacksError) as caught:
        obtain(target, Stages())
    assert "a.tar.gz answered 404" in str(caught.value)
    assert "b.invalid/b.gz was not to be had: b.invalid gave no answer (its host is not known here)" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("own_cache")
def test_a_binary_of_another_version_than_declared_is_not_proven(shipped: dict[str, Target], shelf: Shelf) -> None:
    target = small_target(shipped, "lying", shelf.source("lying", "OpenSSL 1.1.1w  11 Sep 2023"))
    obtained = obtain(target, Stages())
    with open_bench(obtained) as bench, pytest.raises(TargetNotProvenError, match=r"declared to be OpenSSL 1\.1\.1g"):
        prove(bench, target)


@pytest.mark.usefixtures("own_cache")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves a refused socket open
def test_a_target_that_cannot_be_had_is_listed_with_the_reason(
    shipped: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(
        **{name: getattr(shipped["debian-12"], name) for name in Target.__slots__}
        | {"id": "test-other", "routes": (SuiteRoute("jammy", ("openssl",), "ubuntu"),)}
    )
    seen = available(target)
    assert seen.availability is Availability.UNOBTAINABLE
    assert "come through apt on a ubuntu machine" in seen.reason
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    seen = available(shipped["debian-13"])
    assert seen.availability is Availability.UNOBTAINABLE
    assert "No container engine answers" in seen.reason
    seen = available(shipped["openssl-1.1.1g"])
    assert seen.availability is Availability.OBTAINABLE
    assert "by compiling it on this machine, with --bench local" in seen.reason
    assert available(shipped["host"]).availability is Availability.READY


@pytest.mark.usefixtures("own_cache")
def test_removing_takes_what_was_made_for_the_target_and_nothing_else(
    shipped: dict[str, Target], shelf: Shelf, engine: Engine, own_cache: Path
) -> None:
    kept, gone = (small_target(shipped, name, shelf.source(name)) for name in ("kept", "gone"))
    obtain_many([kept, gone], 2, Stages())
    removed = remove([gone])
    assert len(removed) == 4, "an image, its root tar with a note, a log"
    assert all("test-gone" in each for each in removed)
    assert {image.labels[LABEL_TARGET] for image in engine.own_images(LABEL_TARGET)} >= {"test-kept"}
    assert not [path for path in own_cache.rglob("*") if "test-gone" in path.name and path.suffix != ".lock"]
    assert remove([gone]) == []


@pytest.mark.usefixtures("own_cache")
def test_an_image_in_use_is_told_after_the_others_are_removed(
    shipped: dict[str, Target], shelf: Shelf, engine: Engine
) -> None:
    used, idle = (small_target(shipped, name, shelf.source(name)) for name in ("used", "idle"))
    had = obtain_many([used, idle], 2, Stages())["test-used"]
    assert isinstance(had, Obtained)
    with open_bench(had), pytest.raises(EnvironmentLacksError, match="opensslrun/test-used:"):
        remove([used, idle])
    assert find_image(engine, Job.of_target(idle, engine.architecture)) is None
    assert available(used).availability is Availability.READY


def test_an_image_without_our_label_is_never_removed(engine: Engine, tmp_path: Path) -> None:
    tar = tmp_path / "empty.tar"
    tar.write_bytes(bytes(10240))
    engine.client.api.import_image(src=str(tar), repository="somebody/else", tag="1")
    image = engine.find("somebody/else:1")
    assert image is not None
    try:
        with pytest.raises(EnvironmentLacksError, match="was not made by opensslrun"):
            engine.remove(image)
        assert engine.find("somebody/else:1") is not None
    finally:
        engine.client.images.remove("somebody/else:1")


OBTAIN = """
import sys
from datetime import date
from pathlib import Path
from opensslrun.bench.base import Command
from opensslrun.driver.outcome import Input
from opensslrun.driver.version import Implementation
from opensslrun.targets.load import load_targets
from opensslrun.targets.model import Need, Reader, Target, TarballRoute
from opensslrun.targets.obtain import obtain_many
builder = next(t.builder for t in load_targets(folder=Path("/")) if t.builder)
target = Target("test-process", Implementation.OPENSSL, "1.1.1g", "linux", Need.INFORMATIONAL, Reader("a test"),
                (TarballRoute(sys.argv[1], sys.argv[2]),), Path("t"), released=date(2020, 4, 21), builder=builder)
seen = []
def progress(name, stage, part):
    if stage not in seen:
        seen.append(stage)
        print(stage, flush=True)
try:
    print(obtain_many([target], 1, progress)["test-process"].image_id)
except KeyboardInterrupt:
    sys.exit(130)
"""


def obtaining(route: TarballRoute) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OBTAIN, route.tarball, route.sha256], stdout=subprocess.PIPE, text=True
    )


def containers_of_builders(engine: Engine) -> list[str]:
    ids = {image.id for image in engine.own_images(LABEL_BUILDER)}
    return [each["Id"] for each in engine.client.api.containers(all=True) if each["ImageID"] in ids]


def wait_until_gone(engine: Engine, before: list[str]) -> None:
    deadline = time.monotonic() + 20
    while set(containers_of_builders(engine)) - set(before):
        assert time.monotonic() < deadline, "a container was left behind"
        time.sleep(0.1)


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_container_and_is_resumed_later(
    how: signal.Signals, shipped: dict[str, Target], shelf: Shelf, engine: Engine, own_cache: Path
) -> None:
    slow = shelf.source("slow", config="#!/bin/sh\necho building\nsleep 600\n")
    before = containers_of_builders(engine)
    with obtaining(slow) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "compiling\n":
            assert process.poll() is None
        while not any("building" in log.read_text() for log in own_cache.glob("logs/test-process-*")):
            assert process.poll() is None
            time.sleep(0.05)
        assert set(containers_of_builders(engine)) - set(before)
        os.kill(process.pid, how)
        assert process.wait(timeout=30) in {130, -signal.SIGKILL}
    wait_until_gone(engine, before)
    target = small_target(shipped, "process", shelf.source("slow", config=CONFIG))
    assert obtain(target, Stages()).image_id


@pytest.mark.usefixtures("own_cache")
def test_two_processes_that_want_the_same_target_build_it_once(shelf: Shelf) -> None:
    route = shelf.source("twice", config=CONFIG.replace("echo", "sleep 2; echo"))
    with obtaining(route) as one, obtaining(route) as two:
        said = [process.communicate()[0].splitlines() for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0)
    assert said[0][-1] == said[1][-1], "both have the same image"
    assert sum("compiling" in stages for stages in said) == 1
    assert sum("waiting for another opensslrun" in stages for stages in said) == 1


def test_an_image_that_cannot_be_pulled_is_a_reason_and_not_the_end(shipped: dict[str, Target]) -> None:
    target = Target(
        **{name: getattr(shipped["debian-12"], name) for name in Target.__slots__}
        | {"id": "test-pull", "routes": (ImageRoute("127.0.0.1:1/nobody/nothing:1"),)}
    )
    with pytest.raises(EnvironmentLacksError, match=r"the image 127\.0\.0\.1:1/nobody/nothing:1 was not to be had"):
        obtain(target, Stages())
