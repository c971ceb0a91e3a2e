"""A way to the engine that tests can tamper with: a socket of their own, behind which the real engine answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class EngineWay:
    """Whoever asks at ``path`` is answered by the engine, until the way is closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, request: bytes) -> bytes | None:  # noqa: ARG002
        """What is answered instead of the engine, which then never hears of it; None lets it through.

        A request that has no body, on a connection where nothing else waits, is given as a whole.
        """
        return None

    def close(self) -> None:
        """As an engine does that stops: all connections end, and there is nothing to connect to any more."""
        self.path.unlink(missing_ok=True)
        for each in (self._server, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # a mere close would wait for the threads that read it
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(ENGINE)
            self._open += [client, engine]
            for way in ((client, engine, self.answer), (engine, client, None)):
                threading.Thread(target=_copy, args=way, daemon=True).start()


def _copy(one: socket.socket, other: socket.socket, answer: Callable[[bytes], bytes | None] | None) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            said = answer(data) if answer else None
            if said is None:
                other.sendall(data)
            else:
                one.sendall(said)
        other.shutdown(socket.SHUT_WR)
