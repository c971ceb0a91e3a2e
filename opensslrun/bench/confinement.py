"""How a container is confined, and what it shares with this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

KEEPER_USER = 65534
"""Another user than the commands', so that ``kill -9 -1`` among those does not end the container."""


@dataclass(frozen=True, slots=True)
class Bind:
    """A directory of the engine's machine shown in the container. A missing source is an error, never created."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a container is confined. The defaults are the strictest; :data:`BUILDER` is for building images.

    ``user`` is what the first process and, unless told otherwise, each command runs as. ``volumes`` are paths that get
    a volume of their own, removed with the container. ``memory`` is in bytes, ``cpus`` in processors; None is no limit.
    The networks ``none`` and ``loopback`` both have a loopback of the container's own and nothing else. With ``none``
    the engine starts a program of its own to set that up, and gives the container ``/etc/hosts`` and the like; with
    ``loopback`` it does neither, and the loopback has IPv6: a start took 115 ms instead of 265 on a busy machine
    (Docker 20.10).
    """

    user: str = f"{KEEPER_USER}:{KEEPER_USER}"
    network: Literal["none", "loopback", "bridge", "host"] = "none"
    read_only: bool = True
    capabilities: bool = False
    binds: tuple[Bind, ...] = ()
    volumes: tuple[str, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    memory: int | None = 1 << 30
    processes: int | None = 256
    cpus: float | None = 1.0


BUILDER = Options(
    user="0:0", network="bridge", read_only=False, capabilities=True, memory=None, processes=None, cpus=None
)
