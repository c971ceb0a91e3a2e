"""The container engine: how it is reached, what it is, and its errors as sentences.

The Docker SDK takes 0.2 s to import, so it is imported by the functions that need it and not by this module.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opensslrun.errors import EngineError

if TYPE_CHECKING:
    import docker

CALL_TIMEOUT_S = 60.0
"""Seconds an engine may stay silent within one call. Starting a container took 0.2 to 0.5 s on an idle machine,
20 s on one that unpacks a large image at the same time."""


_EXPLANATION = 400
"""Characters of an engine's explanation that a sentence repeats."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine says about itself. ``memory`` is in bytes, ``system`` is ``linux`` or ``windows``."""

    address: str
    version: str
    api_version: str
    system: str
    machine: str
    storage_driver: str
    cpus: int
    memory: int


def connect(timeout_s: float = CALL_TIMEOUT_S) -> docker.DockerClient:
    """A client of this machine's engine, found as the ``docker`` command finds it (DOCKER_HOST, DOCKER_CONTEXT, …).

    The engine has answered when this returns. ``timeout_s`` bounds the silence within each later call. Raises
    EngineError when none answers, with what to install, start or set.
    """
    import docker  # noqa: PLC0415 -- see the module's docstring
    import docker.errors  # noqa: PLC0415
    import requests  # noqa: PLC0415

    try:
        _knock(os.environ.get("DOCKER_HOST", ""), timeout_s)
        client = docker.DockerClient.from_env(timeout=int(timeout_s))
        if client.api.base_url.startswith("http+docker:"):
            client.api.trust_env = False  # no proxy leads to a socket, and each call would look for one
        client.api.ping()
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError) as error:
        raise EngineError(_no_engine(error)) from error
    return client


def _knock(address: str, timeout_s: float) -> None:
    """Raise OSError when nobody listens at a Unix socket; the SDK says so too, but leaves its own socket open."""
    scheme, _, path = address.partition("://")
    if sys.platform != "win32" and scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(timeout_s)
            knocking.connect(path)


def engine_facts(client: docker.DockerClient) -> EngineFacts:
    """What the engine says about itself (``docker info`` and ``docker version``). Raises EngineError."""
    with engine_errors("ask the container engine what it is"):
        info, version = client.api.info(), client.api.version()
    return EngineFacts(
        address=_without_password(os.environ.get("DOCKER_HOST") or "the default address"),
        version=str(version.get("Version", "")),
        api_version=str(version.get("ApiVersion", "")),
        system=str(info.get("OSType", "")),
        machine=str(info.get("Architecture", "")),
        storage_driver=str(info.get("Driver", "")),
        cpus=int(info.get("NCPU", 0)),
        memory=int(info.get("MemTotal", 0)),
    )


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn what the SDK raises within the block into an EngineError; ``doing`` completes "Could not …"."""
    import docker.errors  # noqa: PLC0415 -- see the module's docstring
    import requests  # noqa: PLC0415
    import urllib3.exceptions  # noqa: PLC0415

    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise EngineError(
            f"Could not {doing}: the engine does not have that image (any more); run `opensslrun targets build` "
            "to make it again"
        ) from error
    except docker.errors.NotFound as error:
        raise EngineError(
            f"Could not {doing}: {_explanation(error)}; if something removed the container while it was in use, "
            "run the command again"
        ) from error
    except docker.errors.APIError as error:
        raise EngineError(
            f"Could not {doing}: the engine answered {_explanation(error)!r}; `docker info` tells whether it is healthy"
        ) from error
    except (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    ) as error:
        raise EngineError(
            f"Could not {doing}: the container engine stopped answering ({_cause(error)}); "
            "see that it runs (`docker info`) and run the command again"
        ) from error


def _explanation(error: docker.errors.APIError) -> str:
    """What an engine says of its own troubles ends with the cause, so it is the middle that is left out."""
    said = " ".join(str(error.explanation or error).split()).rstrip(".")
    return said if len(said) <= _EXPLANATION else f"{said[: _EXPLANATION // 2]} … {said[-_EXPLANATION // 2 :]}"


def _cause(error: BaseException) -> str:
    """The innermost reason: SDK, requests and urllib3 each wrap the system's error in their own."""
    seen: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and inner not in seen:
        seen.append(inner)
        inner = inner.__cause__ or inner.__context__
    system = next((e for e in reversed(seen) if isinstance(e, OSError) and e.strerror), None)
    text = str(system.strerror) if system is not None else str(seen[-1]) or type(seen[-1]).__name__
    return _without_password(" ".join(text.split()))[:300]


def _errno(error: BaseException) -> int | None:
    inner: BaseException | None = error
    for _ in range(10):
        if inner is None:
            return None
        if isinstance(inner, OSError) and inner.errno is not None:
            return inner.errno
        inner = inner.__cause__ or inner.__context__
    return None


def _no_engine(error: BaseException) -> str:
    host = os.environ.get("DOCKER_HOST")
    where = f"at {_without_password(host)} (DOCKER_HOST)" if host else "on this machine"
    match _errno(error):
        case errno.EACCES | errno.EPERM:
            advice = "add your user to the group `docker` and log in again, or use a rootless engine"
        case errno.ENOENT if not host:
            advice = (
                "install Docker or Podman (on Debian and Ubuntu `apt install docker.io`) and start it, "
                "or set DOCKER_HOST to the engine's address"
            )
        case _ if host:
            advice = "start it, or correct or unset DOCKER_HOST"
        case _:
            advice = "start it (`systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to its address"
    return f"No container engine answers {where} ({_cause(error)}); {advice}"


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//…@", text)
