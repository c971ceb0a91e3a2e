"""Building a source-built target on this machine, for a local bench where there is no engine.

The same sources are compiled by the same script as in a builder's container, with its paths put elsewhere: the build
into a scratch folder, the program and its default config into a folder of the cache, whose path the program records.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from opensslrun.driver.system import here
from opensslrun.driver.system.names import platform_name, system_name
from opensslrun.driver.version import Implementation
from opensslrun.errors import BuildFailedError, EnvironmentLacksError
from opensslrun.targets.build import fetch_source, source_epoch
from opensslrun.targets.cache import Cache, Work, sha256_of
from opensslrun.targets.crate import why_not_crate
from opensslrun.targets.model import CrateRoute, Obtained, TarballRoute, Target
from opensslrun.targets.process import run_program
from opensslrun.targets.scripts import build_script

_PLACES = re.compile(r"/usr/local|(?<![\w.])/build(?=/)")
"""The two places that the builders' scripts name: where a program is put, and where it is built."""

_STATIC = re.compile(r"(?<=[ =])-static\b")
"""Only Linux can link programs statically that use the system's own library."""

_TIMEOUT_S = 3600.0

_PACKAGES = {
    "cc": "a C compiler (Debian and Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install)",
    "make": "make (Debian and Ubuntu: apt-get install make)",
    "perl": "perl",
    "cmake": "cmake (Debian and Ubuntu: apt-get install cmake; anywhere: pip install cmake)",
}
_NEEDED = {Implementation.OPENSSL: ("cc", "make", "perl"), Implementation.LIBRESSL: ("cc", "make", "cmake")}


@dataclass(frozen=True, slots=True)
class LocalBuild:
    """Where a target compiled on this machine is kept, whether it is there or not."""

    target: Target
    folder: Path

    @classmethod
    def of(cls, target: Target, cache: Cache) -> LocalBuild:
        """The place of this target's build by its recipe; nothing is made."""
        return cls(target, cache.root / "builds" / f"{target.id}-{_recipe(target)[:16]}")

    @property
    def binary(self) -> Path:
        """The program."""
        return self.folder / "bin" / "openssl"

    @property
    def note(self) -> Path:
        """What was built: the origin, and the sha256 of every file."""
        return self.folder / "build.json"

    def found(self) -> Obtained | None:
        """The build when it is there as it was made. A damaged one counts as not there."""
        try:
            note = json.loads(self.note.read_bytes())
            intact = bool(note["files"]) and note["files"] == self._sums()
            origin = str(note["origin"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return self._obtained(origin) if intact else None

    def _obtained(self, origin: str) -> Obtained:
        target = replace(self.target, platform=platform_name())
        return Obtained(target, None, self.binary, origin, system=system_name())

    def size(self) -> int:
        """Bytes of its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def _sums(self) -> dict[str, str]:
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file() and path != self.note)
        return {path.relative_to(self.folder).as_posix(): sha256_of(path) for path in files}

    def noted(self, origin: str) -> Obtained:
        """The build, once what was built is noted: the last thing of a build."""
        self.note.write_text(json.dumps({"origin": origin, "files": self._sums()}, indent=1) + "\n")
        return self._obtained(origin)


def why_not_here(target: Target) -> str | None:
    """Why this machine cannot compile a target, as far as can be told without the network; None when it can."""
    sources = [route for route in target.routes if isinstance(route, (TarballRoute, CrateRoute))]
    if not sources or target.implementation is None:
        return "it is not built from source, so --bench local cannot have it"
    if target.platform != "linux" or target.runtime is not None:
        return f"it is a program of {target.platform}, which --bench local does not compile"
    if not here.HAS_POSIX_TOOLS:
        return "its makefiles need a POSIX system, so --bench local cannot have it"
    for program in _NEEDED[target.implementation]:
        if shutil.which(program) is None:
            return f"{program} is not installed, and it is needed to compile it here; install {_PACKAGES[program]}"
    reasons = [why_not_crate(route) if isinstance(route, CrateRoute) else None for route in sources]
    return reasons[0] if len(reasons) == len([reason for reason in reasons if reason]) else None


def build_here(target: Target, work: Work) -> Obtained:
    """The target compiled on this machine: found in the cache, or built by the first source that can be had.

    Raises EnvironmentLacksError when this machine cannot compile it or no source can be had, ChecksumError when a
    source is not the declared one, BuildFailedError naming the log, StoppedError once the user stops.
    """
    reason = why_not_here(target)
    build = LocalBuild.of(target, work.cache)
    if reason is not None:
        raise EnvironmentLacksError(f"{target.id} cannot be built here: {reason}")
    if any(character.isspace() for character in str(build.folder)):
        raise EnvironmentLacksError(
            f"{target.id} cannot be built into {build.folder}, because its makefiles do not bear white space; "
            "name another cache folder with the environment variable OPENSSLRUN_CACHE_DIR"
        )
    with work.cache.lock(f"build-{build.folder.name}", work):
        found = build.found()
        if found is not None:
            return found
        work.cache.sweep()
        archive, origin = _source(target, work)
        with work.cache.scratch() as scratch:
            _compile(target, archive, build, scratch, work)
        return build.noted(f"{origin}, on this machine")


def remove_builds(cache: Cache, names: set[str]) -> list[str]:
    """Remove the builds of these targets, of whatever recipe, and say which."""
    removed = []
    for path in sorted((cache.root / "builds").glob("*")):
        if path.name.rpartition("-")[0] in names:
            shutil.rmtree(path)
            removed.append(f"build {path}")
    return removed


def _source(target: Target, work: Work) -> tuple[Path, str]:
    """The source archive by the first route that works, and where it is from. A wrong checksum ends it at once."""
    reasons = []
    for route in target.routes:
        if isinstance(route, (TarballRoute, CrateRoute)):
            work.check()
            try:
                return fetch_source(route, target, work)
            except EnvironmentLacksError as error:
                if type(error) is not EnvironmentLacksError:
                    raise
                reasons.append(str(error))
    raise EnvironmentLacksError(f"the sources of {target.id} could not be had: {'; '.join(reasons)}")


def _compile(target: Target, archive: Path, build: LocalBuild, scratch: Path, work: Work) -> None:
    work.report("unpacking the source", None)
    _unpack(archive, scratch)
    script = scratch / "build.sh"
    script.write_text(_relocated(target, scratch, build.folder))
    log = work.cache.folder("logs") / f"{build.folder.name[-60:]}-here.log"
    (scratch / "out").mkdir()
    work.report("compiling", None)
    with log.open("wb") as handle:
        argv = ["/bin/sh", "-x", str(script)]
        done = run_program(argv, work, env=_environment(target), cwd=scratch, timeout_s=_TIMEOUT_S, log=handle)
    made = scratch / "out" / build.folder.relative_to("/")
    if done.status != 0:
        raise BuildFailedError(f"Building {target.id} here failed with status {done.status}; its log is {log}")
    if not (made / "bin" / "openssl").is_file():
        raise BuildFailedError(f"Building {target.id} here left no program; its log is {log}")
    if build.folder.exists():
        shutil.rmtree(build.folder)
    build.folder.parent.mkdir(parents=True, exist_ok=True)
    made.rename(build.folder)


def _unpack(archive: Path, scratch: Path) -> None:
    """Whatever the archive's top folder is called, it becomes ``source``."""
    folder = scratch / "unpacked"
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        (top,) = folder.iterdir()
        top.rename(scratch / "source")
    except (tarfile.TarError, ValueError) as error:
        raise BuildFailedError(f"the source archive {archive} cannot be unpacked: {error}") from error


def _relocated(target: Target, scratch: Path, prefix: Path) -> str:
    """The builder's script with this machine's places for its own."""
    assert target.implementation is not None  # noqa: S101  (why_not_here said so)
    script = build_script(target.implementation, "linux")
    if platform.system() != "Linux":
        script = _STATIC.sub("", script)
    return _PLACES.sub(lambda match: str(prefix if match[0] == "/usr/local" else scratch), script)


def _environment(target: Target) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    settings = {
        "SOURCE_DATE_EPOCH": str(source_epoch(target.released)),
        "JOBS": str(os.cpu_count() or 1),
        "LC_ALL": "C",
    }
    # CMake 4 refuses projects that say they need less than 3.5 unless it is told so (LibreSSL 3.0.2).
    return {**kept, **settings, "CMAKE_POLICY_VERSION_MINIMUM": "3.5"}


def _recipe(target: Target) -> str:
    """A hash over what decides what a build is: the sources, the script, the machine."""
    sources = [asdict(route) for route in target.routes if isinstance(route, (TarballRoute, CrateRoute))]
    script = build_script(target.implementation, target.platform) if target.implementation else ""
    content = [sources, str(target.released), script, platform.system(), platform.machine()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
