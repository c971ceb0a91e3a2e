"""A container goes although the engine fails to remove it at first, and what it says in the end is told."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from engineway import EngineWay
from opensslrun.bench.container import Container
from opensslrun.bench.containerbench import ContainerBench
from opensslrun.bench.removal import RUN_LABEL, await_removal, remove
from opensslrun.errors import EngineError


class Busy(EngineWay):
    """A way to the engine on which it fails to remove containers, as with a root file system that is in use."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.failures = 0
        """How many more removals fail."""
        self.status = "500 Internal Server Error"
        self.asked = 0

    def answer(self, request: bytes) -> bytes | None:
        """Counts the removals, and says of those that fail what an engine says."""
        if not request.startswith(b"DELETE /"):
            return None
        self.asked += 1
        if self.asked > self.failures:
            return None
        said = f"failed to remove root filesystem: device or resource busy, attempt {self.asked}"
        body = json.dumps({"message": said}).encode()
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


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
