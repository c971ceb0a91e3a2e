"""What an earlier run observed is not run again, and only then: with this machine's own openssl, under other names."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import opensslrun
from copies import REAL, lay_out
from opensslrun.cases.model import Case, Step
from opensslrun.cli.main import main
from opensslrun.driver.outcome import Input
from opensslrun.facts.model import Fact
from opensslrun.pipeline import cellcache, observe, recall
from opensslrun.pipeline.cellcache import CellCache, observing_sha256, sources_sha256
from opensslrun.pipeline.observed import ObservedCell, ObservedStep, TargetRun
from opensslrun.pipeline.recall import read_ahead
from opensslrun.pipeline.unchanged import Unchanged
from opensslrun.report.model import ObservationResult
from opensslrun.targets.cache import CACHE_VARIABLE
from opensslrun.targets.model import Need, Obtained, PathRoute, Proof, Reader, Target
from opensslrun.targets.prove import prove

TWO = """
title = "Two steps"
[[step]]
run = "openssl version"
[[step]]
run = "openssl x509 -in gone.pem"
"""


class World:
    """A project with two cases and targets that are copies of this machine's openssl."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.ran: list[tuple[str, str]] = []
        monkeypatch.chdir(folder)
        lay_out(folder, TWO)
        real: Callable[..., ObservedCell] = observe.observe_case

        def observed(bench: Any, case: Any) -> ObservedCell:
            self.ran.append((bench._name, case.id))
            return real(bench, case)

        monkeypatch.setattr(observe, "observe_case", observed)

    def run(self, *arguments: str) -> dict[str, Any]:
        """The result of a run; :attr:`ran` is what it ran."""
        self.ran.clear()
        assert main(["matrix", "run", "-t", "a", "-t", "b", "-c", "one", "-c", "two", *arguments]) == 1, "not recorded"
        self.ran.sort()
        result: dict[str, Any] = json.loads(Path("opensslrun-results.json").read_text())
        return result


EVERYTHING = [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two")]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(Unchanged, "before", lambda *_: None)  # which has tests of its own: here all is judged anew
    return World(tmp_path, monkeypatch)


def lasting(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what tells when it was made, and what of it was there before."""
    kept: dict[str, Any] = json.loads(json.dumps(result))
    for part in (kept["run"], *kept["cells"]):
        part["duration_s"] = part["started"] = part["cached"] = None
    kept["summary"]["cached"] = None
    for target in kept["targets"]:
        target["proof_cached"] = None
    return kept


def facts(result: dict[str, Any]) -> dict[tuple[str, str], list[Any]]:
    return {(cell["target"], cell["case"]): [step["facts"] for step in cell["steps"]] for cell in result["cells"]}


def cached(result: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((cell["target"], cell["case"]) for cell in result["cells"] if cell["cached"])


def without(*cells: tuple[str, str]) -> list[tuple[str, str]]:
    return [cell for cell in EVERYTHING if cell not in cells]


def test_an_unchanged_matrix_runs_nothing_and_gives_the_same_result(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    first = world.run()
    assert (world.ran, cached(first), first["summary"]["cached"]) == (EVERYTHING, [], 0)
    assert "from the cache" not in capsys.readouterr().out
    second = world.run()
    assert (world.ran, cached(second), second["summary"]["cached"]) == ([], EVERYTHING, 4)
    assert lasting(second) == lasting(first)
    assert "4 of 4 cells from the cache." in " ".join(capsys.readouterr().out.split())


TIMES = re.compile(r'"(started|duration_s|cached|proof_cached)":("[^"]*"|[a-z0-9.]+)')
"""What tells when something was observed, and by which run."""


def test_what_comes_from_the_cache_is_written_as_what_was_just_observed(world: World) -> None:
    """Byte for byte, but for the times and for where it says that it is from the cache."""
    texts, seconds = [], []
    for _ in range(2):
        world.run()
        text = Path("opensslrun-results.json").read_text()
        texts.append(TIMES.sub(r'"\1":0', text))
        seconds.append([cell["duration_s"] for cell in json.loads(text)["cells"]])
    assert texts[0].count('"cached":0') == 6, "four cells, the summary and its pairs"
    assert texts[1] == texts[0]
    assert seconds[1] == seconds[0], "what is from the cache took as long as when it was observed"


def test_no_cache_runs_everything(world: World) -> None:
    world.run()
    result = world.run("--no-cache")
    assert (world.ran, cached(result)) == (EVERYTHING, [])


def test_no_cache_leaves_nothing_to_be_believed(world: World) -> None:
    world.run("--no-cache")
    world.run()
    assert world.ran == EVERYTHING


def test_a_changed_case_runs_its_own_cells(world: World) -> None:
    world.run()
    (world.folder / "cases/two.toml").write_text(TWO.replace("gone.pem", "away.pem"))
    result = world.run()
    assert world.ran == [("a", "two"), ("b", "two")]
    assert cached(result) == without(*world.ran)
    assert {cell["steps"][1]["run"] for cell in result["cells"] if cell["case"] == "two"} == {
        "openssl x509 -in away.pem"
    }


def test_a_changed_fixture_runs_its_own_cells(world: World) -> None:
    before = world.run()
    (world.folder / "cases/words.txt").write_text("other words\n")
    after = world.run()
    assert world.ran == [("a", "one"), ("b", "one")]
    assert before["cells"][0]["steps"][0]["facts"]["stdout"] != after["cells"][0]["steps"][0]["facts"]["stdout"]


def test_a_changed_binary_runs_its_own_cells(world: World) -> None:
    first = world.run()
    with (world.folder / "b").open("ab") as binary:
        binary.write(b"\0")
    second = world.run()
    assert world.ran == [("b", "one"), ("b", "two")]
    prints = [target["fingerprint"]["binary_sha256"] for result in (first, second) for target in result["targets"]]
    assert prints[0] == prints[1] == prints[2] != prints[3]


def test_a_binary_proves_itself_once_in_a_run_of_which_nothing_is_started(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven: list[str] = []

    def proves(bench: Any, target: Target) -> Proof:
        proven.append(target.id)
        return prove(bench, target)

    world.run()
    monkeypatch.setattr(recall, "prove", proves)
    for _ in range(2):
        world.run()
        assert world.ran == []
        assert sorted(proven) == ["a", "b"]
        proven.clear()


def test_what_is_run_is_proven_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A binary that is replaced after it proved itself, and before anything of it is run."""
    world.run()
    (world.folder / "cases/two.toml").write_text(TWO.replace("gone.pem", "away.pem"))
    real = observe.observe_target

    def replaced(obtained: Obtained, *rest: Any) -> TargetRun:
        with (world.folder / obtained.target.id).open("ab") as binary:
            binary.write(b"\0")
        return real(obtained, *rest)

    monkeypatch.setattr(recall, "observe_target", replaced)
    result = world.run()
    assert ("a", "one") in world.ran, "nothing that was kept of another binary is worth anything"
    assert cached(result) == []


def test_a_binary_that_was_replaced_by_one_that_lies_is_asked_again(world: World) -> None:
    world.run()
    (world.folder / "b").unlink()
    (world.folder / "b").write_text(f'#!/bin/sh\n[ "$1" = version ] && exec {REAL} "$@"\nexit 0\n')
    (world.folder / "b").chmod(0o755)
    for _ in range(2):
        result = world.run()
        assert world.ran == [("b", "one"), ("b", "two")], "what a script calls is in no fingerprint: it is not kept"
    statuses = [cell["steps"][-1]["facts"]["exit_status"] for cell in result["cells"] if cell["case"] == "two"]
    assert statuses == [1, 0]


def test_a_new_target_runs_its_own_cells_though_the_binary_is_known(world: World) -> None:
    shutil.copy(REAL, world.folder / "c")
    world.run()
    described = f'[[target]]\nid = "c"\npath = "{world.folder / "a"}"\n'
    with (world.folder / "opensslrun.toml").open("a") as project:
        project.write(described)
    result = world.run("-t", "c")
    assert world.ran == [("c", "one"), ("c", "two")]
    assert cached(result) == EVERYTHING


def test_code_that_observes_otherwise_runs_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run()
    folder = Path(os.environ[CACHE_VARIABLE]) / "cells"
    packs = {path: path.read_bytes() for path in folder.glob("*.cells")}
    with monkeypatch.context() as changed:
        changed.setattr(cellcache, "observing_sha256", lambda: "other")
        world.run()
        assert world.ran == EVERYTHING
        assert cached(world.run()) == EVERYTHING
    others = {path: path.stat().st_size for path in folder.glob("*.cells") if path not in packs}
    assert len(others) == len(packs) > 0
    assert {path: path.read_bytes() for path in packs} == packs, "what it saw is apart, and not read with the other"
    assert max(others.values()) < 1.5 * max(map(len, packs.values())), "nor is the other with it"
    assert cached(world.run()) == EVERYTHING


def test_which_code_observes(tmp_path: Path) -> None:
    root = tmp_path / "opensslrun"
    shutil.copytree(Path(opensslrun.__file__).parent, root)
    before = sources_sha256(root)
    for name, counts in (
        ("judge/cell.py", False), ("report/terminal.py", False), ("cli/main.py", False), ("pipeline/result.py", False),
        ("facts/wording.py", True), ("bench/shell.py", True), ("driver/dialogue.py", True), ("cases/load.py", True),
        ("pipeline/observe.py", True), ("targets/prove.py", True), ("report/cells.py", True),
        ("report/model.py", False),
    ):  # fmt: skip
        old = (root / name).read_text()
        (root / name).write_text(old + "# more\n")
        assert (sources_sha256(root) != before) is counts, name
        (root / name).write_text(old)
    assert sources_sha256(root) == before
    assert len(observing_sha256()) == 64


def tamper(folder: Path, target: str, case: str, old: bytes, new: bytes) -> None:
    (path,) = folder.glob(f"cells/{target}-*.cells")
    lines = path.read_bytes().split(b"\n")
    changed = [line.replace(old, new) if b'"case": "%s"' % case.encode() in line else line for line in lines]
    assert changed != lines
    path.write_bytes(b"\n".join(changed))


def test_an_entry_that_was_tampered_with_is_not_believed(world: World) -> None:
    first = world.run()
    folder = Path(os.environ[CACHE_VARIABLE])
    tamper(folder, "a", "two", rb"\"exit_status\": 1", rb"\"exit_status\": 0")
    second = world.run()
    assert world.ran == [("a", "two")]
    assert facts(second) == facts(first)
    assert cached(second) == without(("a", "two"))


def test_a_file_of_rubbish_is_not_believed(world: World) -> None:
    first = world.run()
    for path in Path(os.environ[CACHE_VARIABLE]).glob("cells/a-*.cells"):
        path.write_bytes(b'{"rubbish": [\n' + path.read_bytes()[: path.stat().st_size // 2])
    second = world.run()
    assert {target for target, _ in world.ran} == {"a"}
    assert facts(second) == facts(first)


def test_a_cell_from_the_cache_is_judged_by_the_record_of_today(world: World) -> None:
    seen = world.run()["cells"][1]["steps"][0]["facts"]
    assert world.ran == EVERYTHING
    steps = {"1": {**seen, "exit_status": 7}, "2": {}}
    record = {"case": "two", "seen_on": ["a"], "runs": 3, "steps": steps}
    (world.folder / "cases/two.recorded.json").write_text(json.dumps(record))
    result = world.run()
    assert world.ran == []
    findings = {finding["fact"]: finding for finding in result["cells"][1]["steps"][0]["findings"]}
    assert (findings["exit_status"]["predicted"], findings["exit_status"]["value"]) == (7, 0)
    assert findings["exit_status"]["verdict"] == "new"


def test_a_cell_that_hung_is_run_again(world: World) -> None:
    slow = 'title = "t"\n[[step]]\nrun = "openssl version; sleep 20"\ntimeout = 1\n'
    (world.folder / "cases/two.toml").write_text(slow)
    world.run()
    world.run()
    assert world.ran == [("a", "two"), ("b", "two")]


@pytest.mark.parametrize("place", ["/proc/nothing", "{folder}/file"])
def test_where_nothing_can_be_kept_the_run_says_so_once_and_is_whole(
    world: World, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.folder / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, place.format(folder=world.folder))
    for _ in range(2):
        world.run()
        assert world.ran == EVERYTHING
        said = capsys.readouterr().err
        assert said.count("cells are not kept for the next run: ") == 1


def proof() -> Proof:
    from opensslrun.driver.version import parse_version_line

    line = "OpenSSL 3.0.2 15 Mar 2022"
    return Proof(line, parse_version_line(line).version, "b" * 64, (("/lib/libcrypto.so.3", "l" * 64),), "c" * 64)


def test_everything_that_a_target_proves_is_in_the_key(tmp_path: Path) -> None:
    target = Target("t", None, None, sys.platform, Need.REQUIRED, Reader("t"), (PathRoute(None),), tmp_path)
    obtained = Obtained(target, "sha256:1", None, "")
    known = proof()
    changed = [
        replace(known, version_line="OpenSSL 3.0.2 16 Mar 2022"),
        replace(known, binary_sha256="x" * 64),
        replace(known, libraries=(("/lib/libcrypto.so.3", "x" * 64),)),
        replace(known, libraries=()),
        replace(known, config_sha256="x" * 64),
        replace(known, config_sha256=None),
    ]
    keys = [cellcache.target_key(obtained, each) for each in (known, *changed)]
    keys.append(cellcache.target_key(replace(obtained, image_id="sha256:2"), known))
    keys.append(cellcache.target_key(replace(obtained, target=replace(target, id="u")), known))
    keys.append(cellcache.target_key(replace(obtained, target=replace(target, platform="windows")), known))
    assert len(set(keys)) == len(keys)


def test_a_kept_proof_is_held_against_what_the_target_is_declared_to_be_today(tmp_path: Path) -> None:
    from opensslrun.driver.version import Implementation

    obtained = image(tmp_path)
    cells = CellCache.of_user(lambda _sentence: None)
    known = cells.known(obtained)
    assert known is not None
    cells.keep(known, obtained, proof(), [])
    again = cells.known(obtained)
    assert again is not None
    assert again.proof == proof()
    other = replace(obtained, target=replace(obtained.target, implementation=Implementation.LIBRESSL))
    found = cells.known(other)
    assert found is not None
    assert found.proof is None


def image(tmp_path: Path) -> Obtained:
    """A target that is an image, which proved itself before as :func:`proof` says."""
    target = Target("t", None, None, sys.platform, Need.REQUIRED, Reader("t"), (PathRoute(None),), tmp_path)
    return Obtained(target, "sha256:1", None, "")


def cell_of(case: Case, status: int) -> ObservedCell:
    seen = ObservationResult(ending="exited", status=status, prompts=[], unanswered="", stdout="", stderr="", files=[])
    facts = {"exit_status": Fact("exit_status", status, gates=True)}
    return ObservedCell(case, (ObservedStep(case.steps[0], seen, 0.5, facts),), None, 0.5)


def cases() -> list[Case]:
    step = Step("1", "openssl version", Input.NONE, (), 5.0, (), frozenset())
    return [Case(name, name, (step,), {}, sha256=name * 64) for name in ("a", "b")]


def test_what_is_read_ahead_is_what_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    obtained, (one, two) = image(tmp_path), cases()
    writer, before = CellCache.of_user(pytest.fail), CellCache.of_user(pytest.fail)
    known = writer.known(obtained)
    assert known is not None
    writer.keep(known, obtained, proof(), [cell_of(one, 1), cell_of(two, 2)])
    read_ahead(obtained, [one], before)
    for cells in (before, CellCache.of_user(pytest.fail)):
        again = cells.known(obtained)
        assert again is not None
        found = cells.cells(again, obtained, proof(), [one, two])
        assert {name: cell.steps[0].facts["exit_status"].value for name, cell in found.items()} == {"a": 1, "b": 2}
        assert all(cell.cached for cell in found.values())
        assert cells.cells(again, obtained, replace(proof(), binary_sha256="x" * 64), [one, two]) == {}


def test_what_was_tampered_with_is_not_read_ahead(tmp_path: Path) -> None:
    obtained, (one, two) = image(tmp_path), cases()
    writer = CellCache.of_user(pytest.fail)
    known = writer.known(obtained)
    assert known is not None
    writer.keep(known, obtained, proof(), [cell_of(one, 1), cell_of(two, 2)])
    (path,) = Path(os.environ[CACHE_VARIABLE]).glob("cells/t-*.cells")
    written = path.read_bytes()
    path.write_bytes(written.replace(rb"\"exit_status\": 1", rb"\"exit_status\": 0"))
    assert path.read_bytes() != written
    cells = CellCache.of_user(pytest.fail)
    read_ahead(obtained, [one, two], cells)
    again = cells.known(obtained)
    assert again is not None
    assert list(cells.cells(again, obtained, proof(), [one, two])) == ["b"]


def test_what_was_just_kept_is_found_by_the_same_run(tmp_path: Path) -> None:
    obtained, (one, two) = image(tmp_path), cases()
    cells = CellCache.of_user(pytest.fail)
    for case in (one, two):
        known = cells.known(obtained)
        assert known is not None
        cells.keep(known, obtained, proof(), [cell_of(case, 1)])
    again = cells.known(obtained)
    assert again is not None
    assert list(cells.cells(again, obtained, proof(), [one, two])) == ["a", "b"]
