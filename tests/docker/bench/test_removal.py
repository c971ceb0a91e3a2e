"""A container goes although the engine fails to remove it at first, and what it says in the end is told."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from opensslrun.bench.container import Container
from opensslrun.bench.containerbench import ContainerBench
from opensslrun.bench.removal import RUN_LABEL, await_removal, remove
from opensslrun.errors import EngineError


class Busy:
    """A way to the engine on which it fails to remove containers, as with a root file system that is in use."""

    def __init__(self, path: Path) -> None:
        self.failures = 0
        """How many more removals fail."""
        self.status = "500 Internal Server Error"
        self.asked = 0
        self.path = path
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect("/var/run/docker.sock")
            self._open += [client, engine]
            threading.Thread(target=self._requests, args=(client, engine), daemon=True).start()
            threading.Thread(target=self._copy, args=(engine, client), daemon=True).start()

    def _requests(self, client: socket.socket, engine: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if data.startswith(b"DELETE /"):  # one that has no body, on a connection where nothing else waits
                    self.asked += 1
                    if self.asked <= self.failures:
                        client.sendall(self._failed())
                        continue
                engine.sendall(data)
            engine.shutdown(socket.SHUT_WR)

    def _failed(self) -> bytes:
        said = f"failed to remove root filesystem: device or resource busy, attempt {self.asked}"
        body = json.dumps({"message": said}).encode()
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    @staticmethod
    def _copy(engine: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := engine.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in (self._server, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Busy]:
    with contextlib.closing(Busy(tmp_path / "engine.sock")) as busy:
        yield busy


@pytest.fixture
def through(busy: Busy) -> Iterator[docker.DockerClient]:
    """A client that reaches the engine that way."""
    with contextlib.closing(docker.DockerClient(base_url=f"unix://{busy.path}", version="auto")) as client:
        yield client


def test_a_container_that_cannot_be_removed_at_once_is_removed_all_the_same(
    busy: Busy, through: docker.DockerClient, client: docker.DockerClient, openssl_image: str
) -> None:
    busy.failures = 2
    container = client.api.create_container(openssl_image, ["/bin/cat"], labels={RUN_LABEL: "removal-test"})["Id"]
    remove(through.api, container)

    assert busy.asked >= 3
    with pytest.raises(docker.errors.NotFound):
        client.api.inspect_container(container)


def test_a_bench_ends_well_although_its_container_is_in_use_for_a_moment(
    busy: Busy, through: docker.DockerClient, client: docker.DockerClient, openssl_image: str
) -> None:
    with ContainerBench(openssl_image, client=through, run_id="removal-test") as bench:
        identity = bench.container_id
        busy.failures = busy.asked + 2

    with pytest.raises(docker.errors.NotFound):
        client.api.inspect_container(identity)


def test_what_the_engine_says_last_of_a_container_it_never_removes_is_told(
    busy: Busy, through: docker.DockerClient, openssl_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensslrun.bench.removal._FAILURES_FOR_S", 0.6)
    container = Container(through, openssl_image, name="the target").start()
    busy.failures = 1_000_000
    with pytest.raises(EngineError) as raised:
        container.close()

    assert busy.asked > 2
    said = str(raised.value)
    assert re.match(r"Could not remove the container for the target: the engine answered .*resource busy", said)
    assert f"attempt {busy.asked}'" in said


def test_a_container_that_does_not_end_by_itself_is_waited_for_no_longer_than_that(
    through: docker.DockerClient, openssl_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensslrun.bench.removal._BY_ITSELF_S", 0.3)
    with Container(through, openssl_image, name="the target") as container:
        await_removal(through.api, container.id)
        assert through.api.inspect_container(container.id)["State"]["Running"]


def test_a_container_that_ends_by_itself_is_not_asked_to_before_it_is_gone(
    busy: Busy, through: docker.DockerClient, openssl_image: str
) -> None:
    with Container(through, openssl_image, name="the target") as container:
        busy.failures = 100
        identity = container.id
        keeper = container._keeper
        assert keeper is not None
        keeper.close()
        await_removal(through.api, identity)
        assert busy.asked == 0
        with pytest.raises(docker.errors.NotFound):
            through.api.inspect_container(identity)
        busy.failures = 0


def test_what_is_no_failure_of_the_engine_is_not_tried_again(busy: Busy, through: docker.DockerClient) -> None:
    busy.status = "403 Forbidden"
    busy.failures = 1_000_000
    with pytest.raises(docker.errors.APIError, match="403"):
        remove(through.api, "0" * 64)

    assert busy.asked == 1
