"""A container to make an image in: its commands' output is kept, and the user's Ctrl-C ends it at once."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO

from opensslrun.bench.confinement import BUILDER
from opensslrun.bench.container import Container
from opensslrun.bench.engine import engine_errors
from opensslrun.bench.removal import remove
from opensslrun.errors import EngineError
from opensslrun.targets.cache import Work
from opensslrun.targets.engine import Engine, Image

_WATCH_S = 0.3
_COMMAND_TIMEOUT_S = 3600.0
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@contextmanager
def workshop(engine: Engine, image: Image, purpose: str, *, network: bool = False) -> Iterator[Container]:
    """A container of an image, running as its root, that may write anywhere in it; removed on leaving.

    Without ``network`` it has none and no capabilities; with it, it has what a package manager needs.
    """
    options = BUILDER if network else replace(BUILDER, network="none", capabilities=False)
    proxies = {name: os.environ[name] for name in _PROXY_VARIABLES if name in os.environ} if network else {}
    with Container(engine.client, image.id, replace(options, environment=proxies), name=purpose) as container:
        yield container


def run_logged(
    engine: Engine, container: Container, argv: list[str], log: IO[bytes], work: Work, env: Mapping[str, str]
) -> int:
    """Run a command, its output going to ``log`` as it comes, and give its exit status.

    Raises StoppedError when the user stops: the container is then gone and the command with it.
    """

    def keep(output: bytes) -> None:
        log.write(output)
        log.flush()
        work.check()

    with _ended_by(engine, container, work):
        status, _ = container.exec(argv, timeout_s=_COMMAND_TIMEOUT_S, env=env, on_output=keep)
    return status


@contextmanager
def _ended_by(engine: Engine, container: Container, work: Work) -> Iterator[None]:
    """Remove the container as soon as the user stops, which ends a read that waits for its output."""
    identity, done = container.id, threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_S):
            if work.stop.is_set():
                with suppress(EngineError), engine_errors("stop a build"):  # what is wrong is told when it is closed
                    remove(engine.client.api, identity)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except EngineError:
        work.check()
        raise
    finally:
        done.set()
        watcher.join()


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Small files as a tar, owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def opened(archive: bytes) -> tarfile.TarFile:
    """An archive taken out of a container, open for reading."""
    return tarfile.open(fileobj=io.BytesIO(archive))


def content_of(container: Container, path: str) -> bytes:
    """The content of a file in a container; nothing of what is no file."""
    with opened(container.get(path)) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                return content.read()
    return b""
