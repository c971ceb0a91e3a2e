"""An image whose binary was replaced by one that lies is caught like a local one, in its own cells only."""

from __future__ import annotations

import contextlib
import io
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import docker
import pytest

from lying import IN_ALL_COMMANDS
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observe import observe_target
from opensslrun.pipeline.observed import Outcome
from opensslrun.pipeline.plan import Options, make_plan
from opensslrun.pipeline.result import Clock, make_result
from opensslrun.pipeline.run import Observed
from opensslrun.report.model import Result
from opensslrun.targets.model import Obtained
from opensslrun.targets.obtain import obtain_many

HONEST = 'exec /usr/local/bin/openssl.real "$@"'
LABEL = "opensslrun.test"


def with_liar(client: docker.DockerClient, image: str, script: str) -> str:
    """An image like this one, in which a script stands before the binary."""
    container = client.containers.create(image, ["/bin/sh"], labels={LABEL: "liar"})
    try:
        stream, _ = container.get_archive("/usr/local/bin/openssl")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            binary = tar.extractfile("openssl")
            assert binary is not None
            real = binary.read()
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in (("openssl.real", real), ("openssl", f"#!/bin/sh\n{script}\n".encode())):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o755
                tar.addfile(entry, io.BytesIO(content))
        container.put_archive("/usr/local/bin", buffer.getvalue())
        made = container.commit(changes=f"LABEL {LABEL}=liar").id
        assert made is not None
        return made
    finally:
        container.remove(force=True)


@pytest.fixture(scope="module")
def obtained() -> dict[str, Obtained]:
    plan = make_plan(Options(targets=("openssl-1.1.1g", "libressl-3.0.2")))
    got = obtain_many(plan.targets, 2, lambda _target, _stage, _part: None)
    return {name: each for name, each in got.items() if isinstance(each, Obtained)}


@contextlib.contextmanager
def liar(client: docker.DockerClient, honest: Obtained, script: str) -> Iterator[Obtained]:
    assert honest.image_id is not None
    image = with_liar(client, honest.image_id, script)
    try:
        yield Obtained(honest.target, image, None, "a liar")
    finally:
        client.images.remove(image, force=True)


def run(targets: list[Obtained]) -> Result:
    """The part of a run that comes after obtaining."""
    plan = make_plan(
        Options(targets=tuple(each.target.id for each in targets), cases=("verify-expired", "wrong-pass-phrase"))
    )
    ordered = sorted(targets, key=lambda each: [target.id for target in plan.targets].index(each.target.id))
    with Benches(threading.Event(), pytest.fail) as benches:
        runs = [observe_target(each, plan.cases, Listener(), benches) for each in ordered]
    return make_result(plan, Observed(tuple(runs), interrupted=False), Clock(datetime.now(UTC), 0.0))


def verdicts(result: Result, target: str) -> dict[str, str]:
    return {cell.case: cell.verdict for cell in result.cells if cell.target == target}


@pytest.mark.parametrize("lie", IN_ALL_COMMANDS)
def test_a_liar_in_a_container_fails_in_its_own_cells_only(
    client: docker.DockerClient, obtained: dict[str, Obtained], lie: str
) -> None:
    script = f'case "$1" in version) {HONEST};; esac\n{IN_ALL_COMMANDS[lie]}'
    with liar(client, obtained["openssl-1.1.1g"], script) as lying:
        result = run([lying, obtained["libressl-3.0.2"]])
    assert verdicts(result, "openssl-1.1.1g") == {"verify-expired": "fail", "wrong-pass-phrase": "fail"}
    assert verdicts(result, "libressl-3.0.2") == {"verify-expired": "known", "wrong-pass-phrase": "known"}


def test_an_image_with_another_version_is_an_error_in_all_its_cells(
    client: docker.DockerClient, obtained: dict[str, Obtained]
) -> None:
    script = f'[ "$1" = version ] && [ $# = 1 ] && {{ echo "OpenSSL 1.1.1w  11 Sep 2023"; exit 0; }}\n{HONEST}'
    with liar(client, obtained["openssl-1.1.1g"], script) as lying:
        result = run([lying, obtained["libressl-3.0.2"]])
    assert verdicts(result, "openssl-1.1.1g") == {"verify-expired": "error", "wrong-pass-phrase": "error"}
    assert verdicts(result, "libressl-3.0.2") == {"verify-expired": "known", "wrong-pass-phrase": "known"}
    (reason,) = {cell.reason for cell in result.cells if cell.target == "openssl-1.1.1g"}
    assert "1.1.1w" in reason


def test_one_that_never_answers_for_its_version_can_be_interrupted_and_gives_no_cell(
    client: docker.DockerClient, obtained: dict[str, Obtained]
) -> None:
    plan = make_plan(Options(targets=("openssl-1.1.1g",), cases=("verify-expired",)))
    with (
        liar(client, obtained["openssl-1.1.1g"], "while :; do sleep 1; done") as lying,
        Benches(threading.Event(), pytest.fail) as benches,
    ):
        threading.Timer(3, benches.interrupt).start()
        seen = observe_target(lying, plan.cases, Listener(), benches)
    assert seen.outcome is Outcome.ERROR
    assert seen.cells == ()
