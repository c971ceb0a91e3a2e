"""The image route: an image pulled from a registry, with packages installed by its own package manager."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from opensslrun.bench.container import Container
from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.cache import Work
from opensslrun.targets.engine import LABEL_ORIGIN, LABEL_RECIPE, Engine, Image
from opensslrun.targets.model import ImageRoute
from opensslrun.targets.roottar import GROUP_LINE, RUN_USER, USER_LINE
from opensslrun.targets.scripts import INSTALL_SCRIPT
from opensslrun.targets.workshop import content_of, run_logged, workshop


def write_pulled_root(engine: Engine, route: ImageRoute, final: Path, log: Path, work: Work) -> tuple[str, str]:
    """Pull the route's image, make it fit to run commands, and write its root tar to ``final``.

    Gives the origin in words and the registry's digest. The files of an image that opensslrun itself made and
    pushed are taken as they are. What was pulled only for this is forgotten again. Raises EngineError when it
    cannot be pulled, EnvironmentLacksError naming the log when its package manager fails.
    """
    known = engine.find(route.image)
    image = engine.pull(route.image, work)
    try:
        with workshop(engine, image, f"preparing {route.image}", network=bool(route.packages)) as container:
            if route.packages:
                _install(engine, container, route, log, work)
            if LABEL_RECIPE not in image.labels:
                _fit(container)
            work.report("taking the image's files", None)
            engine.export(container.id, final, work)
    finally:
        if known is None:
            engine.forget(route.image)
    return _origin(image, route), _digest(image, route.image)


def _origin(image: Image, route: ImageRoute) -> str:
    origin = f"image {route.image}" + (f" with {' '.join(route.packages)}" if route.packages else "")
    before = image.labels.get(LABEL_ORIGIN)
    return f"{origin} ({before})" if before else origin


def _digest(image: Image, reference: str) -> str:
    if "@" in reference:
        return reference.partition("@")[2]
    return next((digest.partition("@")[2] for digest in image.digests), "")


def _install(engine: Engine, container: Container, route: ImageRoute, log: Path, work: Work) -> None:
    work.report(f"installing {' '.join(route.packages)}", None)
    argv = ["sh", "-c", INSTALL_SCRIPT, "install", *route.packages]
    with log.open("wb") as handle:
        status = run_logged(engine, container, argv, handle, work, {})
    if status != 0:
        raise EnvironmentLacksError(
            f"installing {' '.join(route.packages)} in the image {route.image} failed with status {status}; see {log}"
        )


def _fit(container: Container) -> None:
    """Add the work directory and the user that commands run with, which images of others lack."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("w", "tmp"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(info)
        for name, line in (("passwd", USER_LINE), ("group", GROUP_LINE)):
            text = content_of(container, f"/etc/{name}").decode("utf-8", "surrogateescape")
            if f":{RUN_USER}:" not in text:
                content = (text + ("" if text.endswith("\n") or not text else "\n") + line).encode()
                info = tarfile.TarInfo(f"etc/{name}")
                info.size, info.mode = len(content), 0o644
                tar.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    container.put(buffer, "/")
