"""A container to work in: files put in, one script run with its output kept, files taken out.

It lives as long as its client: process 1 is ``cat`` on a stdin that this process holds open, and the engine
removes the container when ``cat`` ends. A killed opensslrun leaves nothing behind.
"""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, Self

import docker.errors

from opensslrun.errors import EngineError
from opensslrun.targets.cache import Work
from opensslrun.targets.engine import Engine, Image, told

_WATCH_S = 0.3
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Workshop:
    """One container of an image, running as its root. A context manager; leaving it removes the container.

    Without ``network`` it has none and no capabilities either; with it, it has the engine's usual ones, which a
    package manager needs. Raises EngineError when the engine fails.
    """

    def __init__(self, engine: Engine, image: Image, *, network: bool = False) -> None:
        self._engine = engine
        self._image = image
        self._network = network
        self.id = ""
        self._stdin: Any = None

    def __enter__(self) -> Self:
        api = self._engine.client.api
        host = api.create_host_config(
            auto_remove=True,
            network_mode="bridge" if self._network else "none",
            cap_drop=None if self._network else ["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=4096,
        )
        with told("start a container to build in"):
            created = api.create_container(
                self._image.id,
                ["cat"],
                stdin_open=True,
                user="0:0",
                entrypoint=[],
                environment=_proxies() if self._network else {},
                labels={"opensslrun.workshop": str(os.getpid())},
                host_config=host,
            )
            self.id = created["Id"]
            try:
                self._stdin = api.attach_socket(self.id, params={"stdin": 1, "stream": 1})
                api.start(self.id)
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(docker.errors.APIError):
            self._engine.client.api.remove_container(self.id, force=True)
        if self._stdin is not None:
            self._stdin.close()

    def put(self, files: Mapping[str, bytes], folder: str = "/") -> None:
        """Write small files, by path below ``folder``, owned by root."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(content), 0o644
                tar.addfile(info, io.BytesIO(content))
        buffer.seek(0)
        self.put_tar(buffer, folder)

    def put_tar(self, tar: IO[bytes], folder: str) -> None:
        """Unpack a tar (compressed or not) into a folder that is there."""
        with told("put files into the container"):
            self._engine.client.api.put_archive(self.id, folder, tar)

    def take(self, path: str) -> tarfile.TarFile:
        """A file or folder of the container as an open tar, whole in memory. Raises EngineError if it is missing."""
        with told(f"take {path} out of the container"):
            stream, _ = self._engine.client.api.get_archive(self.id, path)
            return tarfile.open(fileobj=io.BytesIO(b"".join(stream)))

    def run(self, argv: list[str], log: IO[bytes], work: Work, env: Mapping[str, str]) -> int:
        """Run a command, its output going to ``log``, and give its exit status.

        Raises StoppedError when the user stops: the container is then gone and the command with it.
        """
        api = self._engine.client.api
        with told("run a command in the container"), self._ended_by(work):
            created = api.exec_create(self.id, argv, environment=dict(env), user="0:0")
            for chunk in api.exec_start(created["Id"], stream=True):
                log.write(chunk)
                log.flush()
            work.check()
            status = api.exec_inspect(created["Id"])["ExitCode"]
        if status is None:
            raise EngineError("the container ended before its command did; see that the container engine is running")
        return int(status)

    @contextmanager
    def _ended_by(self, work: Work) -> Iterator[None]:
        """Remove the container as soon as the user stops, which ends a read that waits for its output."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_WATCH_S):
                if work.stop.is_set():
                    with suppress(docker.errors.APIError):
                        self._engine.client.api.remove_container(self.id, force=True)
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


def _proxies() -> dict[str, str]:
    return {name: os.environ[name] for name in _PROXY_VARIABLES if name in os.environ}
