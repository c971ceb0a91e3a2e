"""One connection to the engine for all benches of a run: to make one takes 10 ms of this program's time."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from opensslrun.bench.engine import connect
from opensslrun.bench.removal import remove_leftovers

if TYPE_CHECKING:
    import docker


class Connection:
    """Made when it is first needed, by whichever thread; a context manager that ends what it made itself.

    The SDK's client is used by several threads at once: each call takes a connection of its own from the client's pool.
    """

    def __init__(self, client: docker.DockerClient | None = None) -> None:
        """``client`` is used, and left open, instead of one of its own."""
        self._client = client
        self._owns_client = client is None
        self._lock = threading.Lock()

    def client(self) -> docker.DockerClient:
        """The client. Raises EngineError when no engine answers; then the next one who asks tries again."""
        with self._lock:
            if self._client is None:
                client = connect()
                try:
                    remove_leftovers(client)
                except BaseException:
                    client.close()
                    raise
                self._client = client
            return self._client

    def close(self) -> None:
        """End it. Whoever asks for the client then gets a new one."""
        with self._lock:
            if self._owns_client and self._client is not None:
                client, self._client = self._client, None
                client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
