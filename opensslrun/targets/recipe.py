"""The recipe of a target: a hash over everything that decides what its image holds.

It is the same on every machine of one architecture, whichever of the target's routes works there, so that an
image can be found by its recipe before any route is tried.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from opensslrun.targets.model import Builder, ImageRoute, PathRoute, Route, SuiteRoute, Target
from opensslrun.targets.roottar import COMPOSITION
from opensslrun.targets.scripts import (
    INSTALL_SCRIPT,
    LIBRARIES_COMMAND,
    LIBRARIES_PACKAGE,
    UNPACK_SCRIPT,
    build_script,
    prepare_script,
)


def recipe_of(target: Target, architecture: str) -> str:
    """64 hex digits."""
    content: dict[str, object] = {
        "architecture": architecture,
        "composition": COMPOSITION,
        "released": str(target.released),
        "routes": _plain(target.routes),
        "pulling": INSTALL_SCRIPT if _pulls(target.routes) else None,
        "builder": recipe_of_builder(target.builder, architecture) if target.builder else None,
        "building": _building(target),
    }
    if any(isinstance(route, SuiteRoute) and LIBRARIES_PACKAGE in route.packages for route in target.routes):
        content["libraries"] = LIBRARIES_COMMAND
    if target.runtime is not None:
        content["runtime"] = recipe_of_builder(target.runtime, architecture)
    return _hash(content)


def recipe_of_builder(builder: Builder, architecture: str) -> str:
    """64 hex digits."""
    content: dict[str, object] = {
        "architecture": architecture,
        "composition": COMPOSITION,
        "routes": _plain(builder.routes),
        "pulling": INSTALL_SCRIPT if _pulls(builder.routes) else None,
    }
    if builder.prepare is not None:
        content["preparing"] = prepare_script(builder.prepare)
    return _hash(content)


def recipes_sha256(targets: Sequence[Target]) -> str:
    """One hash over the recipes of all that are not binaries of a machine: the key of a cache that CI jobs share.

    It says nothing of the architecture, which such a key names by itself.
    """
    recipes = [
        [target.id, recipe_of(target, "")]
        for target in targets
        if not any(isinstance(route, PathRoute) for route in target.routes)
    ]
    return _hash(recipes)


def _building(target: Target) -> list[str]:
    if target.builder is None or target.implementation is None:
        return []
    return [UNPACK_SCRIPT, build_script(target.implementation, target.platform)]


def _plain(routes: Sequence[Route]) -> list[dict[str, object]]:
    return [{type(route).__name__: asdict(route)} for route in routes]


def _pulls(routes: Sequence[Route]) -> bool:
    return any(isinstance(route, ImageRoute) for route in routes)


def tag_of(target_id: str, recipe: str) -> str:
    """The image tag of a target: ``opensslrun/openssl-1.1.1g:0123456789ab``."""
    return f"opensslrun/{target_id}:{recipe[:12]}"


def tag_of_builder(builder: Builder, recipe: str) -> str:
    """The image tag of a builder."""
    return f"opensslrun/builder-{builder.id}:{recipe[:12]}"


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
