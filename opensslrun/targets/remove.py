"""Removing what opensslrun made for targets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from opensslrun.errors import EngineError
from opensslrun.targets.cache import Cache
from opensslrun.targets.engine import LABEL_BUILDER, LABEL_TARGET, Engine, Image
from opensslrun.targets.localbuild import remove_builds
from opensslrun.targets.model import Target


def remove(targets: Sequence[Target]) -> list[str]:
    """Remove what opensslrun made for these targets (builds, images of every recipe, root tars, logs) and say what.

    When no target's image is left, the builders and the whole cache go too, unless another opensslrun is at
    work. Raises EngineError when the engine is not there, or, after the rest, when a container uses an image.
    """
    cache, names = Cache.of_user(), {target.id for target in targets}
    builds = remove_builds(cache, names)
    try:
        connected = Engine()
    except EngineError:
        if not builds:
            raise
        return [*builds, *_remove_files(cache, names)]
    with connected as engine:
        removed, refused = _remove_images(engine, engine.own_images(LABEL_TARGET), names)
        if not engine.own_images(LABEL_TARGET):
            builders, more = _remove_images(engine, engine.own_images(LABEL_BUILDER), None)
            removed, refused = removed + builders, refused + more
            if cache.root.exists() and cache.clear():
                removed.append(f"cache {cache.root}")
    if refused:
        raise refused[0]
    return [*builds, *removed, *_remove_files(cache, names)]


def _remove_images(
    engine: Engine, images: Sequence[Image], names: set[str] | None
) -> tuple[list[str], list[EngineError]]:
    """Remove those of the images that are of these targets (None: all), and say which; one in use stops no other."""
    removed, refused = [], []
    for image in images:
        if names is not None and image.labels[LABEL_TARGET] not in names:
            continue
        try:
            engine.remove(image)
            removed.append(f"image {', '.join(image.tags) or image.id}")
        except EngineError as error:
            refused.append(error)
    return removed, refused


def _remove_files(cache: Cache, names: set[str]) -> list[str]:
    """Remove the cached files of these targets."""
    removed = []
    own = re.compile(r"(?P<name>.+)-(?:[0-9a-f]{64}\.(?:tar|json|cells)|[0-9a-f]{12}\.log)\Z")
    for folder in (cache.root / "roots", cache.root / "logs", cache.root / "cells"):
        for path in sorted(folder.glob("*")):
            match = own.fullmatch(path.name)
            if match and match["name"] in names:
                path.unlink(missing_ok=True)
                removed.append(f"file {path}")
    if any(path.endswith(".cells") for path in removed):
        for path in sorted((cache.root / "cells").glob("*.judged")):  # which rest on what is gone
            path.unlink(missing_ok=True)
            removed.append(f"file {path}")
    return removed
