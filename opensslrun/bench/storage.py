"""A way round the daemon through which some engines show a container its image.

Where the kernel's own overlay file system is not to be had, an engine uses fuse-overlayfs. Then a process of its own
is asked whenever a file is opened, and each time a path begins at ``/`` whether that directory has an access list:
11 times a start of a static ``openssl``, 50 to 104 times of one with libraries (Docker 20.10, fuse-overlayfs 1.10,
Linux 6.18), which took 1.1 ms on an idle machine and several times that on a busy one.

A volume is filled by the engine with what the image has at its place, when the container is made, lies on the
engine's disk, and goes with the container. So the programs are the image's bytes, which the target's proof reads where
they are run; and they stay unwritable, because they are root's and commands have no capability and another user.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opensslrun.bench.confinement import Options
from opensslrun.bench.engine import engine_errors
from opensslrun.errors import EngineError

if TYPE_CHECKING:
    import docker

PROGRAMS = "/usr"
"""Programs and libraries of a merged-/usr image, which all of ours and all current distributions' are."""

_LARGEST = 64 * 1024 * 1024
"""Bytes of an image that are worth copying for each container: those with wine have 900 MB and gain nothing."""


def with_programs_at_hand(client: docker.DockerClient, image: str, options: Options) -> Options:
    """``options`` with a volume for the programs, if ``image`` is one that a daemon would show (see the module)."""
    with contextlib.suppress(EngineError), engine_errors(f"look at the image {image}"):
        if shown_by_a_daemon(client.images.get(image).attrs):
            return replace(options, volumes=(*options.volumes, PROGRAMS))
    return options  # an image that is not there is told of by what makes the container


def shown_by_a_daemon(inspected: Mapping[str, Any]) -> bool:
    """Whether an image, as the engine describes it, is small and kept by a driver that is a process of its own."""
    driver = inspected.get("GraphDriver") or {}
    return str(driver.get("Name", "")).startswith("fuse") and 0 < int(inspected.get("Size", 0)) <= _LARGEST
