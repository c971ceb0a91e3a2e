"""How a container goes: removed by whoever started it, or found again later by its label."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opensslrun.bench.engine import engine_errors
from opensslrun.errors import EngineError

if TYPE_CHECKING:
    import docker
    import docker.errors

RUN_LABEL = "opensslrun.run"
"""Label on every container, with the id of the run that made it."""

_AGAIN_AFTER_S = 0.02
"""The pause while a removal is on its way: a container ends, and the engine removes it by itself."""

_FAILED_AGAIN_AFTER_S = 0.25

_FAILURES_FOR_S = 15.0
"""Seconds for which an engine may fail to remove a container before that is believed. It does while something writes
into the root file system or has it open ("directory not empty", "device or resource busy"), calls the container dead,
and is done when asked again: with Docker 20.10 and fuse-overlayfs the second attempt succeeded, in 0.5 to 0.9 s. One
removal took up to 1.5 s on a busy machine; this is ten of those."""

_BY_ITSELF_S = 5
"""Seconds for a container to end and to be removed by the engine, before it is removed by force."""

_LEFTOVER_AFTER_S = 300
"""Age at which a container that was made and never started is taken for the leftover of a killed client."""

_ALIVE = frozenset({"running", "paused", "restarting", "stopping"})
"""States that are somebody's. Not ``removing``: Docker lists that for ever where a removal failed, though it inspects
as ``dead`` (20.10), and where one is really on its way another is refused."""


def await_removal(api: docker.APIClient, identity: str) -> None:
    """Wait for a container that ends by itself and is removed by the engine then, but not for long; never raises.

    To ask for its removal at once is more work for the engine, which would also kill it (measured with Docker 20.10:
    80 ms against 47). The engine is asked for the container's state, because its own wait for a removal that is over
    just then does not always end.
    """
    import docker.errors  # noqa: PLC0415 -- the SDK is imported late
    import requests  # noqa: PLC0415

    deadline = time.monotonic() + _BY_ITSELF_S
    failed = False
    with contextlib.suppress(docker.errors.APIError, requests.exceptions.RequestException):
        while not failed and time.monotonic() < deadline:
            time.sleep(_AGAIN_AFTER_S)
            failed = api.inspect_container(identity)["State"].get("Status") == "dead"


def remove(api: docker.APIClient, identity: str) -> None:
    """Remove a container with its volumes, running or not, and wait until it is gone.

    Raises docker.errors.APIError with what the engine said last when it goes on failing, EngineError when the engine
    says for all of its client's timeout that somebody else is removing it.
    """
    import docker.errors  # noqa: PLC0415 -- the SDK is imported late

    begun = time.monotonic()
    failing_since: float | None = None
    while time.monotonic() - begun < api.timeout:
        try:
            api.remove_container(identity, v=True, force=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if _is_being_removed(error):
                time.sleep(_AGAIN_AFTER_S)
                continue
            failing_since = time.monotonic() if failing_since is None else failing_since
            if not error.is_server_error() or time.monotonic() - failing_since >= _FAILURES_FOR_S:
                raise
            time.sleep(_FAILED_AGAIN_AFTER_S)
    raise EngineError(
        f"The engine did not remove the container {identity[:12]} in {api.timeout} s; "
        f"run `docker rm --force {identity[:12]}`"
    )


def _is_being_removed(error: docker.errors.APIError) -> bool:
    """Whether the engine was quicker: "removal is already in progress". Podman says 500 and "state improper" then."""
    return error.status_code == 409 or "container state improper" in str(error.explanation)


def remove_leftovers(client: docker.DockerClient) -> int:
    """Remove containers that a client made and was killed before it started them; how many went.

    A started container ends with its client; one that was never started has nothing that could end it. What an
    engine failed to remove in an earlier run is tried again, too.
    """
    removed = 0
    with engine_errors("look for containers left by runs that were killed"):
        for seen in client.api.containers(all=True, filters={"label": RUN_LABEL}):
            age = datetime.now(UTC).timestamp() - float(seen["Created"])
            # Podman refuses to be asked for the state "dead", and has others of its own.
            if seen["State"] not in _ALIVE and age > _LEFTOVER_AFTER_S:
                with contextlib.suppress(EngineError), engine_errors("remove a leftover container"):
                    client.api.remove_container(seen["Id"], v=True, force=True)
                    removed += 1
    return removed
