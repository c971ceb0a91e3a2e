"""Binaries of this machine as targets."""

from __future__ import annotations

import shutil
from pathlib import Path

from opensslrun.driver.system import here
from opensslrun.driver.system.names import platform_name
from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.model import PathRoute, Target


def find_binary(target: Target, route: PathRoute) -> Path:
    """The binary of a path route. Raises EnvironmentLacksError when it, or a shell to run it, is not there."""
    here.shell()
    if route.path is None:
        found = shutil.which("openssl")
        if found is None:
            raise EnvironmentLacksError(f"no openssl is on PATH for the target {target.id!r}; install openssl")
        return Path(found).absolute()
    if target.platform != platform_name():
        raise EnvironmentLacksError(
            f"the target {target.id!r} is a program of {target.platform}, and this machine runs {platform_name()}"
        )
    named = shutil.which(str(route.path))  # on Windows it finds openssl.exe by the name openssl
    if named is None:
        raise EnvironmentLacksError(
            f"{route.path}, the binary of the target {target.id!r}, is not a program that can be run; "
            f"correct its path in {target.source}"
        )
    return Path(named)
