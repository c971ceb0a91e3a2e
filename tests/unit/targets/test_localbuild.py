"""Source-built targets compiled on this machine: found again, made again when damaged, removed; what goes wrong."""

from __future__ import annotations

import io
import tarfile
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from opensslrun.driver.version import Implementation
from opensslrun.errors import BuildFailedError, ChecksumError, EnvironmentLacksError
from opensslrun.targets import localbuild, obtain
from opensslrun.targets.cache import CACHE_VARIABLE, Cache, StoppedError, Work
from opensslrun.targets.load import load_targets
from opensslrun.targets.localbuild import LocalBuild, build_here, remove_builds, why_not_here
from opensslrun.targets.model import Availability, CrateRoute, Need, Reader, TarballRoute, Target
from opensslrun.targets.remove import remove

CONFIG = """\
#!/bin/sh
echo "configured with $*"
printf 'build_generated:\\n\\nbuild_programs:\\n\\tcc -o apps/openssl apps/openssl.c\\n' > Makefile
"""
PROGRAM = "int main(void) { return 0; }\n"


def target(name: str = "tiny") -> Target:
    return Target(
        id=name,
        implementation=Implementation.OPENSSL,
        version="1.1.1g",
        platform="linux",
        need=Need.INFORMATIONAL,
        reader=Reader("a test"),
        routes=(TarballRoute("https://nobody.example/tiny.tar.gz", "0" * 64),),
        source=Path("test.toml"),
        released=date(2020, 4, 21),
    )


class Builds:
    """A cache of a test's own, and a source that is there without being fetched."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache = Cache(folder / "cache")
        self.stages: list[str] = []
        self.fetched = 0
        self.archive = folder / "source.tar.gz"
        self.source(CONFIG)
        monkeypatch.setattr(localbuild, "fetch_source", self._fetch)

    def source(self, config: str) -> None:
        with tarfile.open(self.archive, "w:gz") as tar:
            for name, text in {"config": config, "apps/openssl.c": PROGRAM, "apps/openssl.cnf": "[req]\n"}.items():
                info = tarfile.TarInfo(f"tiny/{name}")
                info.size, info.mode = len(text), 0o755
                tar.addfile(info, io.BytesIO(text.encode()))

    def _fetch(self, _route: object, _target: Target, _work: Work) -> tuple[Path, str]:
        self.fetched += 1
        return self.archive, "built from a test's source"

    def work(self, stop: threading.Event | None = None) -> Work:
        return Work(self.cache, lambda stage, _: self.stages.append(stage), stop or threading.Event())


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builds:
    return Builds(tmp_path, monkeypatch)


def test_a_build_is_made_once_and_found_again(builds: Builds) -> None:
    made = build_here(target(), builds.work())
    assert made.image_id is None
    assert made.path == LocalBuild.of(target(), builds.cache).binary
    assert made.path.is_file()
    assert (made.path.parents[1] / "ssl" / "openssl.cnf").read_text() == "[req]\n"
    assert made.origin == "built from a test's source, on this machine"
    assert build_here(target(), builds.work()) == made
    assert builds.fetched == 1


def test_the_program_records_the_place_where_its_config_stands(builds: Builds) -> None:
    made = build_here(target(), builds.work())
    assert made.path is not None
    folder = made.path.parents[1]
    (log,) = (builds.cache.root / "logs").glob("tiny-*-here.log")
    said = log.read_text()
    assert f"--prefix={folder} --openssldir={folder}/ssl" in said
    assert "/usr/local" not in said


@pytest.mark.parametrize("damaged", ["bin/openssl", "ssl/openssl.cnf", "build.json"])
def test_a_damaged_build_is_made_again_and_never_trusted(builds: Builds, damaged: str) -> None:
    made = build_here(target(), builds.work())
    assert made.path is not None
    (made.path.parents[1] / damaged).write_text("something else")
    assert LocalBuild.of(target(), builds.cache).found() is None
    assert build_here(target(), builds.work()) == made
    assert builds.fetched == 2
    assert LocalBuild.of(target(), builds.cache).found() == made


def test_a_failing_build_names_its_log_and_leaves_nothing_that_could_be_found(builds: Builds) -> None:
    builds.source("#!/bin/sh\necho the compiler is unhappy\nexit 7\n")
    with pytest.raises(BuildFailedError, match=r"failed with status 7; its log is (\S+)") as caught:
        build_here(target(), builds.work())
    log = Path(str(caught.value).rpartition("its log is ")[2])
    assert "the compiler is unhappy" in log.read_text()
    assert LocalBuild.of(target(), builds.cache).found() is None
    assert list((builds.cache.root / "tmp").iterdir()) == []


def test_a_build_without_a_program_is_a_failed_one(builds: Builds) -> None:
    builds.source("#!/bin/sh\nprintf 'build_generated:\\n\\nbuild_programs:\\n\\ttouch apps/other\\n' > Makefile\n")
    with pytest.raises(BuildFailedError, match="its log is"):
        build_here(target(), builds.work())


def test_an_interrupted_build_is_stopped_and_done_the_next_time(builds: Builds) -> None:
    builds.source("#!/bin/sh\nsleep 600\n")
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(StoppedError):
        build_here(target(), builds.work(stop))
    builds.source(CONFIG)
    assert build_here(target(), builds.work()).path is not None


def test_a_source_that_is_not_what_it_should_be_ends_it_at_once(
    builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object) -> tuple[Path, str]:
        builds.fetched += 1
        raise ChecksumError("tiny.tar.gz is not what it should be")

    monkeypatch.setattr(localbuild, "fetch_source", other)
    two = replace(target(), routes=target().routes * 2)
    with pytest.raises(ChecksumError):
        build_here(two, builds.work())
    assert builds.fetched == 1


def test_every_source_is_tried_and_every_reason_told(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(route: TarballRoute, *_: object) -> tuple[Path, str]:
        raise EnvironmentLacksError(f"{route.sha256[:1]} did not answer")

    monkeypatch.setattr(localbuild, "fetch_source", none)
    routes = tuple(TarballRoute("https://nobody.example/t.tar.gz", digit * 64) for digit in "12")
    with pytest.raises(EnvironmentLacksError, match="could not be had: 1 did not answer; 2 did not answer"):
        build_here(replace(target(), routes=routes), builds.work())


def test_white_space_in_the_cache_folder_is_refused_with_what_to_set(tmp_path: Path) -> None:
    work = Work(Cache(tmp_path / "my cache"), lambda *_: None)
    with pytest.raises(EnvironmentLacksError, match=CACHE_VARIABLE):
        build_here(target(), work)


def test_removing_takes_builds_of_every_recipe_of_these_targets_only(builds: Builds) -> None:
    build_here(target(), builds.work())
    build_here(replace(target(), released=date(2021, 1, 1)), builds.work())
    kept = build_here(target("tiny-two"), builds.work())
    assert len(remove_builds(builds.cache, {"tiny"})) == 2
    assert LocalBuild.of(target("tiny-two"), builds.cache).found() == kept


def test_builds_are_removed_where_there_is_no_engine(
    builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/gone.sock")
    monkeypatch.setenv(CACHE_VARIABLE, str(builds.cache.root))
    build_here(target(), builds.work())
    (build,) = obtain.available_all([target()])
    assert build.availability is Availability.READY
    assert any(line.startswith("build ") for line in remove([target()]))
    (build,) = obtain.available_all([target()])
    assert build.availability is Availability.OBTAINABLE
    assert "--bench local" in build.reason


def test_a_missing_compiler_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = why_not_here(target())
    assert reason is not None
    assert "cc is not installed" in reason
    assert "apt-get install gcc" in reason


def test_only_what_has_a_source_for_this_platform_is_built_here(tmp_path: Path) -> None:
    shipped = {each.id: each for each in load_targets(folder=tmp_path)}
    assert "not built from source" in str(why_not_here(shipped["debian-12"]))
    assert "windows" in str(why_not_here(shipped["windows-openssl-1.1.1g"]))
    crate_only = replace(target(), routes=(CrateRoute("openssl-src", "111.9.0", "openssl"),))
    assert why_not_here(crate_only) is None
