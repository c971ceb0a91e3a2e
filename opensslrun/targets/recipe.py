"""The recipe of a target: a hash over everything that decides what its image holds.

It is the same on every machine of one architecture, whichever of the target's routes works there, so that an
image can be found by its recipe before any route is tried.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from opensslrun.driver.version import Implementation
from opensslrun.targets.model import Builder, Target

_DECIDING_MODULES = ("roottar.py", "suite.py", "pull.py", "build.py")
"""Modules of this room whose text decides the content of images: a change of theirs makes every image anew."""


def recipe_of(target: Target, architecture: str) -> str:
    """64 hex digits."""
    return _hash(
        {
            "architecture": architecture,
            "implementation": target.implementation,
            "released": str(target.released),
            "routes": [{type(route).__name__: asdict(route)} for route in target.routes],
            "builder": asdict(target.builder) if target.builder else None,
            "code": _code_hash(),
        }
    )


def recipe_of_builder(builder: Builder, architecture: str) -> str:
    """64 hex digits."""
    routes = [{type(route).__name__: asdict(route)} for route in builder.routes]
    return _hash({"architecture": architecture, "routes": routes, "code": _code_hash()})


def tag_of(target_id: str, recipe: str) -> str:
    """The image tag of a target: ``opensslrun/openssl-1.1.1g:0123456789ab``."""
    return f"opensslrun/{target_id}:{recipe[:12]}"


def tag_of_builder(builder: Builder, recipe: str) -> str:
    """The image tag of a builder."""
    return f"opensslrun/builder-{builder.id}:{recipe[:12]}"


def build_script(implementation: Implementation) -> str:
    """The shell script that builds this implementation in a builder container."""
    name = {Implementation.OPENSSL: "openssl.sh", Implementation.LIBRESSL: "libressl.sh"}[implementation]
    return (Path(__file__).parent / "scripts" / name).read_text(encoding="utf-8")


def _code_hash() -> str:
    here = Path(__file__).parent
    paths = [*(here / name for name in _DECIDING_MODULES), *sorted((here / "scripts").glob("*.sh"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
