"""Parts of a run joined: the whole as if it had run at once, and nothing that is not there taken for passed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opensslrun.cli.main import main

REAL = shutil.which("openssl") or "openssl"
CASES = ("verify-expired", "root-ca-false", "chain-good", "pair-plain-key", "pair-request")
READERS = """
[[target]]
id = "macs"
path = "/nowhere/openssl"
reader = { name = "macOS 13 and later", system = "our-macos", first = "13" }
stand_in = { target = "one", lacks = "Apple's changes" }
"""

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, one whole run of it, and three parts of the same run."""
    folder = tmp_path_factory.mktemp("project")
    names = "".join(f'[[target]]\nid = "{name}"\npath = "{REAL}"\n\n' for name in ("one", "two"))
    (folder / "own.toml").write_text(names + READERS)
    for number in (None, 1, 2, 3):
        part = ["--shard", f"{number}/3"] if number else []
        assert main(["matrix", "run", *arguments(folder), *part, "--out", str(folder / name_of(number))]) == 0
    return folder


def name_of(number: int | None) -> str:
    return f"part-{number}.json" if number else "whole.json"


def arguments(folder: Path) -> list[str]:
    chosen = [word for case in CASES for word in ("-c", case)]
    return ["--targets-file", str(folder / "own.toml"), "-t", "one", "-t", "two", *chosen, "--no-cache"]


@pytest.fixture
def merged(runs: Path, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Merges the parts, each edited first by a function of its number."""

    def merge(*numbers: int | None, **edits: Edit) -> tuple[int, dict[str, Any]]:
        paths: list[Path] = []
        for number in numbers or (1, 2, 3):
            data = json.loads((runs / name_of(number)).read_text())
            edits.get(f"part_{number}", len)(data)
            paths.append(tmp_path / f"{len(paths)}-{name_of(number)}")
            paths[-1].write_text(json.dumps(data))
        out = tmp_path / "merged.json"
        own = ["--targets-file", str(runs / "own.toml"), "--out", str(out)]
        status = main(["matrix", "merge", *map(str, paths), *own])
        return status, json.loads(out.read_text()) if out.exists() else {}

    return merge


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what time and chance decide: durations, and the wording of random output."""
    text = json.loads(json.dumps(result))
    del text["run"], text["observations"]
    for cell in (*text["cells"], *text["pairs"]):
        del cell["duration_s"]
        for step in cell["steps"]:
            del step["duration_s"], step["observation"]
    return dict(text)


def test_the_whole_is_what_one_run_would_have_been(
    merged: Callable[..., tuple[int, dict[str, Any]]], runs: Path
) -> None:
    status, result = merged(3, 1, 2)
    assert status == 0
    assert plain(result) == plain(json.loads((runs / "whole.json").read_text()))
    assert result["run"]["shard"] is None
    assert {cell["case"] for cell in result["cells"]} == set(CASES)
    assert len(result["pairs"]) == 8


def test_an_observation_of_each_step_is_there(merged: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    _, result = merged()
    keys = {step["observation"] for cell in (*result["cells"], *result["pairs"]) for step in cell["steps"]}
    assert keys
    assert keys == set(result["observations"])


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((1, 3), "part 2/3 is missing"),
        ((2,), "part 1/3, 3/3 is missing"),
        ((1, 2, 3, 2), "are both part 2/3"),
    ],
)
def test_a_part_that_is_missing_or_there_twice_is_named(
    merged: Callable[..., tuple[int, dict[str, Any]]],
    numbers: tuple[int, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, result = merged(*numbers)
    assert (status, result) == (2, {})
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda data: data["run"].update(code_sha256="0" * 64), "was made by other code"),
        (lambda data: data["run"].update(complete=False), "was interrupted"),
        (lambda data: data["run"].update(shard="2/4"), "parts of different divisions"),
        (lambda data: data["cells"].pop(), "is not there; these are not as a run writes them"),
        (lambda data: data["cells"][0]["steps"][0].update(run="openssl other"), "where its case has"),
        (lambda data: data["cells"][0].update(case="nobody"), "has the case 'nobody'"),
        (lambda data: data.update(observations={}), "has no observation"),
    ],
)
def test_what_does_not_belong_together_is_refused_with_one_sentence(
    merged: Callable[..., tuple[int, dict[str, Any]]], edit: Edit, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, result = merged(part_2=edit)
    assert (status, result) == (2, {})
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1


def test_other_cases_are_refused(
    merged: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    other = {f"part_{number}": lambda data: data["run"].update(cases_sha256="0" * 64) for number in (1, 2, 3)}
    status, _ = merged(**other)
    assert status == 2
    assert "of other cases" in capsys.readouterr().err


def test_facts_are_judged_and_not_the_verdict_that_a_part_claims(
    merged: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    def lie(data: dict[str, Any]) -> None:
        data["cells"][0]["steps"][0]["facts"]["exit_status"] = 42

    status, result = merged(part_1=lie)
    assert status == 1
    wrong = [cell for cell in result["cells"] if cell["verdict"] not in {"pass", "known"}]
    assert len(wrong) == 1
    assert wrong[0]["steps"][0]["findings"][0]["value"] == 42


def test_a_target_that_is_another_in_one_part_is_an_error(
    merged: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    def swap(data: dict[str, Any]) -> None:
        data["targets"][0]["fingerprint"]["binary_sha256"] = "0" * 64

    status, result = merged(part_3=swap)
    assert status == 1
    assert "it is not the same in" in capsys.readouterr().err
    assert {cell["verdict"] for cell in result["cells"] if cell["target"] == "one"} == {"error"}
    assert {cell["verdict"] for cell in result["cells"] if cell["target"] == "two"} <= {"pass", "known"}


def test_a_target_that_did_not_run_in_one_part_did_not_run(
    merged: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(data: dict[str, Any]) -> None:
        target = data["targets"][1]
        target.update(outcome="not-run", reason="no image", fingerprint=None, version_line=None, version=None)
        for cell in data["cells"]:
            if cell["target"] == "two":
                cell.update(verdict="not-run", reason="no image", steps=[])
        data["pairs"] = [pair for pair in data["pairs"] if "two" not in (pair["producer"], pair["consumer"])]

    status, result = merged(part_2=gone)
    assert status == 3
    assert "two is named with -t and did not run: in" in capsys.readouterr().err
    lost = [cell for cell in result["cells"] if cell["target"] == "two" and cell["verdict"] == "not-run"]
    assert lost


def mac(data: dict[str, Any]) -> None:
    """As if the same openssl had run on a Mac."""
    for target in data["targets"]:
        if target["id"] == "one":
            target.update(platform="macos", system="macOS 14.5")
    data["targets"] = [target for target in data["targets"] if target["id"] == "one"]
    data["cells"] = [cell for cell in data["cells"] if cell["target"] == "one"]
    data["pairs"] = []


def test_another_machines_openssl_becomes_a_target_of_its_own(
    merged: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    status, result = merged(1, 2, 3, None, part_None=mac)
    assert status == 0
    assert [target["id"] for target in result["targets"]] == ["one", "two", "one-macos-14.5"]
    assert result["targets"][2]["platform"] == "macos"
    cells = [cell for cell in result["cells"] if cell["target"] == "one-macos-14.5"]
    assert {cell["case"] for cell in cells} == set(CASES)


def test_a_machine_takes_its_readers_row_from_the_stand_in(runs: Path, tmp_path: Path) -> None:
    text = (runs / "own.toml").read_text().replace('"our-macos"', '"macos"').replace('id = "macs"', 'id = "our-macs"')
    (tmp_path / "own.toml").write_text(text)
    common = ["--targets-file", str(tmp_path / "own.toml"), "-c", "verify-expired"]
    base, machine, out = tmp_path / "base.json", tmp_path / "machine.json", tmp_path / "out.json"
    assert main(["matrix", "run", *common, "--readers", "our-macs", "--out", str(base)]) == 0
    (before,) = json.loads(base.read_text())["readers"]
    assert (before["quality"], before["by"]) == ("stand-in", "one")
    assert main(["matrix", "run", *common, "-t", "one", "--out", str(machine)]) == 0
    data = json.loads(machine.read_text())
    mac(data)
    machine.write_text(json.dumps(data))
    argv = ["matrix", "merge", str(base), str(machine), "--targets-file", str(tmp_path / "own.toml")]
    assert main([*argv, "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text())["readers"]
    assert (row["quality"], row["by"], row["lacks"]) == ("measured", "one-macos-14.5", None)
    data["targets"][0]["system"] = "macOS 12.7"
    machine.write_text(json.dumps(data))
    assert main([*argv, "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text())["readers"]
    assert (row["quality"], row["by"]) == ("stand-in", "one")
