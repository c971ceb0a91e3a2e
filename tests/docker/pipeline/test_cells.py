"""What an earlier run observed in containers is not run again, and then no container is even started."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.cellstore import Store
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.plan import Options, Plan, make_plan
from opensslrun.pipeline.recall import observe_or_recall
from opensslrun.targets.cache import Cache
from opensslrun.targets.engine import LABEL_TARGET
from opensslrun.targets.model import Obtained
from opensslrun.targets.obtain import obtain_many

TARGET = "openssl-1.1.1g"
LABEL = "opensslrun.test"
ALL = {"root-ca-false", "verify-expired", "wrong-pass-phrase"}


@contextmanager
def starts(client: docker.DockerClient, image: str) -> Iterator[list[str]]:
    """The containers of an image that the engine starts meanwhile, as it tells by its events."""
    seen: list[str] = []
    begin = time.time_ns()  # the engine is asked by whole seconds, in which an earlier start may lie
    events = client.events(
        since=begin // 10**9, decode=True, filters={"type": "container", "event": "start", "image": image}
    )

    def listen() -> None:
        seen.extend(event["id"] for event in events if event["timeNano"] >= begin)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield seen
        time.sleep(0.5)  # the engine tells a moment later
    finally:
        events.close()
        thread.join(5)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(Options(targets=(TARGET,), cases=tuple(ALL)))


@pytest.fixture(scope="module")
def obtained(plan: Plan) -> Obtained:
    got = obtain_many(plan.targets, 1, lambda _target, _stage, _part: None)[TARGET]
    assert isinstance(got, Obtained)
    return got


@pytest.fixture
def cells(tmp_path: Path) -> CellCache:
    return CellCache(Store(Cache(tmp_path / "cache")), pytest.fail)


def run(obtained: Obtained, plan: Plan, cells: CellCache) -> TargetRun:
    with Benches(threading.Event(), pytest.fail) as benches:
        ran = observe_or_recall(obtained, plan.cases, Listener(), benches, cells)
    assert ran.outcome is Outcome.RAN, ran.reason
    assert {cell.case.id for cell in ran.cells} == ALL
    return ran


def fresh(ran: TargetRun) -> set[str]:
    return {cell.case.id for cell in ran.cells if not cell.cached}


def facts(ran: TargetRun) -> list[list[Any]]:
    return [[step.facts for step in cell.steps] for cell in ran.cells]


def test_the_second_run_starts_no_container_and_gives_the_same_facts(
    client: docker.DockerClient, obtained: Obtained, plan: Plan, cells: CellCache
) -> None:
    assert obtained.image_id is not None
    with starts(client, obtained.image_id) as started:
        first = run(obtained, plan, cells)
    assert len(started) >= 1, "the events tell of a start"
    assert (fresh(first), first.proof_cached) == (ALL, False)
    with starts(client, obtained.image_id) as started:
        second = run(obtained, plan, cells)
    assert (started, fresh(second), second.proof_cached) == ([], set(), True)
    assert facts(second) == facts(first)
    assert (second.proof, second.unsupported) == (first.proof, first.unsupported)


def test_one_missing_cell_starts_the_container_for_itself_alone(
    obtained: Obtained, plan: Plan, cells: CellCache
) -> None:
    first = run(obtained, plan, cells)
    (path,) = cells.store.folder.glob(f"{TARGET}-*.cells")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if b'"case": "verify-expired"' not in line))
    second = run(obtained, plan, cells)
    assert (fresh(second), second.proof_cached) == ({"verify-expired"}, False)
    assert facts(second) == facts(first)


def changed(client: docker.DockerClient, image: str, path: str, addition: bytes) -> str:
    """An image like this one, with something added to one of its files."""
    container = client.containers.create(image, ["/bin/sh"], labels={LABEL: "changed"})
    try:
        stream, _ = container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            (member,) = tar.getmembers()
            file = tar.extractfile(member)
            assert file is not None
            content = file.read() + addition
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        container.put_archive(os.path.dirname(path), buffer.getvalue())  # noqa: PTH120
        made = container.commit(changes=f"LABEL {LABEL}=changed\nLABEL {LABEL_TARGET}=").id
        assert made is not None
        return made
    finally:
        container.remove(force=True)


@pytest.mark.parametrize("what", ["binary", "config"])
def test_another_image_runs_everything(
    client: docker.DockerClient, obtained: Obtained, plan: Plan, cells: CellCache, what: str
) -> None:
    assert obtained.image_id is not None
    argv = ["openssl", "version", "-d"]
    said = client.containers.run(obtained.image_id, argv, remove=True, network_mode="none").decode()
    config = f"{said.split(chr(34))[1]}/openssl.cnf"
    path, addition = ("/usr/local/bin/openssl", b"\0") if what == "binary" else (config, b"\n# more\n")
    first = run(obtained, plan, cells)
    image = changed(client, obtained.image_id, path, addition)
    try:
        other = Obtained(obtained.target, image, None, "changed")
        second = run(other, plan, cells)
        assert fresh(second) == ALL
        assert first.proof is not None
        assert second.proof is not None
        assert (first.proof.binary_sha256 != second.proof.binary_sha256) is (what == "binary")
        assert (first.proof.config_sha256 != second.proof.config_sha256) is (what == "config")
        assert fresh(run(other, plan, cells)) == set()
        assert fresh(run(obtained, plan, cells)) == set()
    finally:
        client.images.remove(image, force=True)


def test_a_proof_that_was_tampered_with_starts_the_container(obtained: Obtained, plan: Plan, cells: CellCache) -> None:
    run(obtained, plan, cells)
    (path,) = cells.store.folder.glob(f"{TARGET}-*.cells")
    content = path.read_bytes()
    (line,) = [line for line in content.split(b"\n") if b'"version_line"' in line]
    proof = json.loads(line.split(b" ", 3)[3])
    path.write_bytes(content.replace(proof["binary_sha256"].encode(), b"0" * 64))
    again = run(obtained, plan, cells)
    assert again.proof_cached is False
    assert again.proof is not None
    assert again.proof.binary_sha256 == proof["binary_sha256"]
