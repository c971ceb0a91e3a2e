"""The raw connection to a command's terminal or streams, out of what the Docker SDK hands over."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class EngineSocket:
    """A connection that the engine upgraded to a plain byte stream, with what came together with its HTTP header."""

    def __init__(self, stream: socket.socket, owner: object, early: bytes) -> None:
        self.socket = stream
        self.early = early
        """Bytes of the stream that the HTTP reader had already taken; read these before ``socket``."""
        self.exec_id = ""
        """The engine's id of the command that the stream belongs to, if it does."""
        self._owner = owner  # the SDK closes a TLS connection when the response is collected

    def read(self, size: int, deadline: float) -> bytes:
        """Up to ``size`` bytes; empty at the end of the stream. Raises TimeoutError at ``deadline`` (monotonic)."""
        if self.early:
            taken, self.early = self.early[:size], self.early[size:]
            return taken
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
        return self.socket.recv(size)

    def shut(self) -> None:
        """End the stream; whoever reads it meets its end. May be called from another thread."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection. Twice does nothing."""
        self.shut()
        with contextlib.suppress(OSError):
            self.socket.close()
        response = getattr(self._owner, "_response", None)
        if response is not None:
            with contextlib.suppress(OSError, ValueError):
                response.close()
        self._owner = None


def engine_socket(handle: object) -> EngineSocket:
    """The byte stream behind what the SDK returns for ``socket=True``: a SocketIO (unix, tcp) or a TLS socket.

    The SDK hands out the socket beneath the buffered reader that parsed the HTTP header; bytes the engine sent right
    after the header may lie in that buffer, where a reader of the socket would miss them.
    """
    stream: Any = getattr(handle, "_sock", handle)
    response: Any = getattr(handle, "_response", None)
    reader = getattr(getattr(getattr(response, "raw", None), "_fp", None), "fp", None)
    early = b""
    if isinstance(reader, io.BufferedReader):
        stream.settimeout(0)  # so that peek returns what is there, and does not wait for more
        with contextlib.suppress(ssl.SSLWantReadError):
            early = reader.read(len(reader.peek())) or b""
    stream.settimeout(None)
    return EngineSocket(stream, handle, early)


def frames(stream: EngineSocket, deadline: float) -> Iterator[bytes]:
    """The output of a command without a terminal as it comes, none of them empty, to its end.

    It comes in frames of one byte stream number, three zeros, a length, data. Raises TimeoutError at ``deadline``.
    """
    while header := _exactly(stream, 8, deadline):
        (length,) = struct.unpack(">4xL", header)
        if piece := _exactly(stream, length, deadline):
            yield piece


def _exactly(stream: EngineSocket, size: int, deadline: float) -> bytes:
    """``size`` bytes, or none at a clean end. Raises ConnectionError when the stream ends in between."""
    pieces: list[bytes] = []
    missing = size
    while missing:
        piece = stream.read(min(missing, 65536), deadline)
        if not piece:
            if missing == size == 8:
                return b""
            raise ConnectionResetError("the connection ended in the middle of a command's output")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


class Pieces(io.RawIOBase):
    """What an engine sends in pieces, as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill as much of ``buffer`` as one piece has; 0 at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        target = memoryview(buffer)
        size = min(len(target), len(self._left))
        target[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
