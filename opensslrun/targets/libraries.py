"""The cache of shared libraries of a root file system made of packages, as installing them makes it.

Without ``/etc/ld.so.cache`` a program looks for each of its libraries in one directory after another: the ``openssl``
of Debian 12 asked a root file system that a daemon keeps 105 times at a start without it, 49 times with it
(fuse-overlayfs 1.10).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from opensslrun.errors import BuildFailedError, EngineError
from opensslrun.targets.apt import Package
from opensslrun.targets.cache import Work
from opensslrun.targets.engine import Engine
from opensslrun.targets.scripts import LIBRARIES_COMMAND, LIBRARIES_PACKAGE
from opensslrun.targets.workshop import content_of, run_logged, workshop

_CACHE = "etc/ld.so.cache"


def add_library_cache(
    engine: Engine, packages: Sequence[Package], root: Path, labels: Mapping[str, str], log: Path, work: Work
) -> None:
    """Add the cache to a root tar that has :data:`LIBRARIES_PACKAGE`; any other is left as it is.

    The root's own ``ldconfig`` writes it, in a container. Raises BuildFailedError naming ``log`` when that fails.
    """
    if LIBRARIES_PACKAGE not in {package.name for package in packages}:
        return
    work.report("looking up the libraries", None)
    image = engine.import_root(root, None, labels)
    try:
        with workshop(engine, image, f"looking up the libraries of {root.stem}") as container, log.open("wb") as handle:
            status = run_logged(engine, container, list(LIBRARIES_COMMAND), handle, work, {})
            if status != 0:
                raise BuildFailedError(f"{' '.join(LIBRARIES_COMMAND)} failed with status {status}; its log is {log}")
            content = content_of(container, f"/{_CACHE}")
    finally:
        with suppress(EngineError):
            engine.forget(image.id)
    info = tarfile.TarInfo(_CACHE)
    info.size, info.mode = len(content), 0o644
    with tarfile.open(root, "a", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(content))
