"""What three real versions make is read by each of them, in containers and on this machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opensslrun.bench.base import Bench
from opensslrun.bench.connection import Connection
from opensslrun.cli.main import main
from opensslrun.pipeline import benches
from opensslrun.targets.model import Obtained
from opensslrun.targets.obtain import open_bench

TARGETS = ("host", "openssl-1.1.1g", "libressl-3.0.2")


@pytest.fixture(scope="module")
def opened() -> list[str]:
    """For which targets a bench was opened in :func:`runs`, one after another."""
    return []


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, opened: list[str]) -> list[tuple[int, dict[str, Any]]]:
    """All pairs, then the same again from the cache."""
    folder = tmp_path_factory.mktemp("pairs")
    done = []

    def told(obtained: Obtained, connection: Connection | None = None) -> Bench:
        opened.append(obtained.target.id)
        return open_bench(obtained, connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benches, "open_bench", told)
        patch.setenv("OPENSSLRUN_CACHE_DIR", str(folder / "cache"))
        for _ in range(2):
            out = folder / "result.json"
            chosen = [word for name in TARGETS for word in ("-t", name)]
            status = main(["matrix", "run", *chosen, "-c", "pair-*", "--out", str(out)])
            done.append((int(status), json.loads(out.read_text())))
    return done


def verdicts(result: dict[str, Any], case: str) -> dict[tuple[str, str], str]:
    return {(pair["producer"], pair["consumer"]): pair["verdict"] for pair in result["pairs"] if pair["case"] == case}


def test_every_pair_of_every_case_is_there_and_as_predicted(runs: list[tuple[int, dict[str, Any]]]) -> None:
    status, result = runs[0]
    assert status == 0
    cases = {case["id"] for case in result["cases"]}
    assert {(pair["case"], pair["producer"], pair["consumer"]) for pair in result["pairs"]} == {
        (case, producer, consumer) for case in cases for producer in TARGETS for consumer in TARGETS
    }
    assert len(cases) >= 6
    assert {pair["verdict"] for pair in result["pairs"]} <= {"pass", "known"}
    assert all(len(pair["steps"]) >= 1 for pair in result["pairs"])


def test_only_the_files_of_old_versions_cannot_be_opened_and_only_by_new_ones(
    runs: list[tuple[int, dict[str, Any]]],
) -> None:
    _, result = runs[0]
    unopened = {
        (pair["producer"], pair["consumer"])
        for pair in result["pairs"]
        for step in pair["steps"]
        if step["facts"]["exit_status"] != 0
    }
    assert unopened == {("openssl-1.1.1g", "host"), ("libressl-3.0.2", "host")}
    (view,) = [
        each for each in result["pair_differences"] if (each["case"], each["fact"]) == ("pair-pkcs12", "exit_status")
    ]
    assert view["known"] == "D071"
    (group,) = [group for group in view["groups"] if group["value"] == 1]
    assert (set(group["made_by"]), group["read_by"]) == ({"openssl-1.1.1g", "libressl-3.0.2"}, ["host"])
    assert set(verdicts(result, "pair-pkcs12-portable").values()) <= {"pass", "known"}


def test_what_ran_the_cells_reads_the_pairs_in_the_same_container(
    runs: list[tuple[int, dict[str, Any]]], opened: list[str]
) -> None:
    assert {pair["consumer"] for pair in runs[0][1]["pairs"] if pair["steps"]} == set(TARGETS)
    assert sorted(opened) == sorted(TARGETS)


def test_a_second_run_reads_nothing_and_starts_no_container(runs: list[tuple[int, dict[str, Any]]]) -> None:
    (_, first), (status, second) = runs
    assert status == 0
    assert all(pair["cached"] for pair in second["pairs"])
    assert {target["id"] for target in second["targets"] if target["proof_cached"]} >= set(TARGETS) - {"host"}
    assert [pair["steps"] for pair in first["pairs"]] == [pair["steps"] for pair in second["pairs"]]
