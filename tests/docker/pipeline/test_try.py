"""``opensslrun try`` in containers: what is believed of an image, and what is left when it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from opensslrun.cases.model import Case, Step
from opensslrun.driver.outcome import Input
from opensslrun.pipeline.benches import Benches
from opensslrun.pipeline.cellcache import CellCache
from opensslrun.pipeline.cellstore import Store
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.observed import Outcome, TargetRun
from opensslrun.pipeline.recall import observe_briefly
from opensslrun.targets.cache import Cache
from opensslrun.targets.engine import LABEL_TARGET
from opensslrun.targets.load import load_targets
from opensslrun.targets.model import Availability, Obtained
from opensslrun.targets.obtain import available_all, obtain_many

TARGET = "openssl-1.1.1g"
STEP = Step("1", "openssl version", Input.TERMINAL, (), 60.0, (), frozenset({"stdout", "stderr"}))
CASE = Case("try", "openssl version", (STEP,), {})
ANOTHER_VERSION = '#!/bin/sh\necho "OpenSSL 1.1.1w  11 Sep 2023"\n'


@pytest.fixture(scope="module")
def obtained() -> Obtained:
    (target,) = (target for target in load_targets(None) if target.id == TARGET)
    got = obtain_many([target], 1, lambda _target, _stage, _part: None)[TARGET]
    assert isinstance(got, Obtained)
    return got


@pytest.fixture
def cells(tmp_path: Path) -> CellCache:
    return CellCache(Store(Cache(tmp_path / "cache")), pytest.fail)


def run(obtained: Obtained, cells: CellCache) -> TargetRun:
    with Benches(threading.Event(), pytest.fail) as benches:
        return observe_briefly(obtained, (CASE,), Listener(), benches, cells)


def test_an_image_that_proved_itself_is_believed_and_runs_the_command_each_time(
    obtained: Obtained, cells: CellCache
) -> None:
    first = run(obtained, cells)
    known = cells.known(obtained)
    assert known is not None
    assert first.proof is not None
    assert known.proof == first.proof, "what was proven is kept"
    kept = replace(first.proof, libraries=(("/kept", "0" * 64),))  # so that it is told from one that is made anew
    cells.keep(known, obtained, kept, ())
    second = run(obtained, cells)
    assert (first.outcome, second.outcome) == (Outcome.RAN, Outcome.RAN)
    assert second.proof == kept
    assert [cell.cached for cell in second.cells] == [False]
    assert second.cells[0].steps[0].seen.stdout == first.cells[0].steps[0].seen.stdout


def test_what_is_kept_of_an_image_says_nothing_of_one_that_lies(
    client: docker.DockerClient, obtained: Obtained, cells: CellCache, tmp_path: Path
) -> None:
    assert run(obtained, cells).outcome is Outcome.RAN
    (tmp_path / "openssl").write_text(ANOTHER_VERSION)
    (tmp_path / "openssl").chmod(0o755)
    container = client.api.create_container(obtained.image_id, ["/bin/sh"], labels={LABEL_TARGET: "liar"})["Id"]
    try:
        tar = subprocess.run(["tar", "-C", tmp_path, "-c", "openssl"], capture_output=True, check=True).stdout
        client.api.put_archive(container, "/usr/local/bin", tar)
        image = str(client.api.commit(container)["Id"])
    finally:
        client.api.remove_container(container)
    lying = replace(obtained, image_id=image)
    try:
        seen = run(lying, cells)
        known = cells.known(lying)
    finally:
        client.api.remove_image(image, force=True)
    assert (seen.outcome, seen.cells) == (Outcome.ERROR, ())
    assert "1.1.1w" in seen.reason
    assert known is not None
    assert known.proof is None


def ours(client: docker.DockerClient, folder: Path) -> set[str]:
    """The containers that share a directory below this one: those of one process, whoever else uses the engine."""
    seen = client.api.containers(all=True, filters={"label": LABEL_TARGET})
    return {each["Id"] for each in seen if any(mount["Source"].startswith(f"{folder}/") for mount in each["Mounts"])}


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "opensslrun", "try", *words]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a process has for its temporary directories."""
    (tmp_path / "of-one").mkdir()
    return tmp_path / "of-one"


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3, 1.5])
def test_an_interruption_at_any_moment_leaves_no_container(
    client: docker.DockerClient, folder: Path, after_s: float
) -> None:
    process = start(folder, "-t", TARGET, "-t", "debian-12", "-t", "libressl-3.0.2", "--", "sleep 60; openssl version")
    end = time.monotonic() + 30
    while not ours(client, folder) and time.monotonic() < end:
        time.sleep(0.01)
    assert ours(client, folder), "a container was there to be left behind"
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert ours(client, folder) == set()
    assert list(folder.iterdir()) == []


def test_without_a_selection_it_is_tried_on_all_that_are_there_and_leaves_no_container(
    client: docker.DockerClient, folder: Path
) -> None:
    process = start(folder, "--format", "json", "--", "openssl", "version")
    out, err = process.communicate(timeout=120)
    assert ours(client, folder) == set()
    states = available_all(load_targets(None))
    there = {state.target.id for state in states if state.availability is Availability.READY}
    tried = json.loads(out)
    told = [name for answer in tried["answers"] for name in answer["targets"]]
    assert (sorted(told), tried["failed"]) == (sorted(there), {}), err
    assert set(tried["absent"]).isdisjoint(told)
    for answer in tried["answers"]:
        (line,) = answer["observation"]["stdout"].splitlines()
        for name in answer["targets"]:
            version = re.search(r"\d+\.\d+\.\d+[a-z]?$", name)
            assert version is None or version[0] in line
