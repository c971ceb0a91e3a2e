"""Binaries of this machine as targets."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.model import PathRoute, Target


def find_binary(target: Target, route: PathRoute) -> Path:
    """The binary of a path route. Raises EnvironmentLacksError when it is not there or cannot be run."""
    if route.path is None:
        found = shutil.which("openssl")
        if found is None:
            raise EnvironmentLacksError(f"no openssl is on PATH for the target {target.id!r}; install openssl")
        return Path(found).absolute()
    if target.platform != platform.system().lower():
        raise EnvironmentLacksError(
            f"the target {target.id!r} is a program of {target.platform}, and this machine runs {platform.system()}"
        )
    if not route.path.is_file() or not os.access(route.path, os.X_OK):
        raise EnvironmentLacksError(
            f"{route.path}, the binary of the target {target.id!r}, is not a program that can be run; "
            f"correct its path in {target.source}"
        )
    return route.path
