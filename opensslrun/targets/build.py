"""Building a target from source: a builder's image, a source archive, one script, and a root tar out of it."""

from __future__ import annotations

import os
import posixpath
import tarfile
import tempfile
from datetime import UTC, date, datetime, time
from pathlib import Path

from opensslrun.bench.container import Container
from opensslrun.errors import BuildFailedError, EnvironmentLacksError
from opensslrun.targets.cache import Work
from opensslrun.targets.crate import fetch_crate_member
from opensslrun.targets.engine import Engine, Image
from opensslrun.targets.fetch import download
from opensslrun.targets.model import CrateRoute, TarballRoute, Target
from opensslrun.targets.roottar import RootTar
from opensslrun.targets.scripts import UNPACK_SCRIPT, build_script
from opensslrun.targets.workshop import archive_of, opened, run_logged, workshop


def source_epoch(released: date | None) -> int:
    """What a build takes for the present, in seconds since 1970: the day of the release, else 1970 itself."""
    return int(datetime.combine(released, time(), UTC).timestamp()) if released else 0


def fetch_source(route: TarballRoute | CrateRoute, target: Target, work: Work) -> tuple[Path, str]:
    """The source archive of a route and, in words, where it is from.

    Raises EnvironmentLacksError when it cannot be had, ChecksumError when it is something else.
    """
    if isinstance(route, TarballRoute):
        return download(route.tarball, route.sha256, work), f"built from {route.tarball} (sha256 {route.sha256})"
    path, sha256 = fetch_crate_member(route, source_epoch(target.released), work)
    return path, f"built from {route.member} of the crate {route.crate} {route.version} (sha256 {sha256})"


def build_root(
    engine: Engine, target: Target, builder: Image, archive: Path, final: Path, log: Path, work: Work
) -> None:
    """Compile the source in a container of the builder's image and write the target's root tar to ``final``.

    Raises BuildFailedError naming ``log`` when it does not compile.
    """
    if target.implementation is None:
        raise EnvironmentLacksError(f"target {target.id!r} names no implementation, so no script can build it")
    epoch = source_epoch(target.released)
    env = {"SOURCE_DATE_EPOCH": str(epoch), "JOBS": str(os.cpu_count() or 1), "LC_ALL": "C"}
    work.report("compiling", None)
    scripts = {
        "build/unpack.sh": UNPACK_SCRIPT.encode(),
        "build/build.sh": build_script(target.implementation, target.platform).encode(),
    }
    with workshop(engine, builder, f"building {target.id}") as container, log.open("wb") as handle:
        container.put(archive_of(scripts), "/")
        _put_source(container, archive)
        for name in scripts:
            status = run_logged(engine, container, ["sh", "-x", f"/{name}"], handle, work, env)
            if status != 0:
                raise BuildFailedError(f"Building {target.id} failed with status {status}; its log is {log}")
        with opened(container.get("/build/out")) as built:
            _write_root(built, target, final, work)


def _put_source(container: Container, archive: Path) -> None:
    with archive.open("rb") as content, tempfile.TemporaryFile() as buffer:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            info = tar.gettarinfo(arcname="build/archive", fileobj=content)
            info.uid = info.gid = 0
            tar.addfile(info, content)
        buffer.seek(0)
        container.put(buffer, "/")


def _write_root(built: tarfile.TarFile, target: Target, final: Path, work: Work) -> None:
    """Compose the image's root: what the script left under ``out``, in one order and with one time.

    What is laid on a runtime has the shell and the small commands of that one.
    """
    members = sorted((member for member in built if "/" in member.name), key=lambda member: member.name)
    with work.cache.writing(final) as handle, RootTar(handle, source_epoch(target.released)) as root:
        for member in members:
            name = posixpath.relpath(member.name, "out")
            if member.isdir():
                root.directory(name)
            elif (content := built.extractfile(member)) is not None:
                root.file(name, content.read(), 0o755 if member.mode & 0o100 else 0o644)
        if target.runtime is None:
            root.basics()
