"""One source on two benches: compiled into an image, and compiled on this machine. Every case shows the same facts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from opensslrun.cli.main import main


def run(bench: str, target: str, folder: Path) -> dict[str, Any]:
    result = folder / f"{bench}.json"
    status = main(["matrix", "run", "-t", target, "--bench", bench, "--no-cache", "--out", str(result)])
    document: dict[str, Any] = json.loads(result.read_text())
    assert status == 0, [cell for cell in document["cells"] if cell["verdict"] not in {"pass", "known"}]
    return document


def facts(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, object]]:
    return {(cell["case"], step["id"]): step["facts"] for cell in document["cells"] for step in cell["steps"]}


@pytest.mark.parametrize("target", ["openssl-1.1.1g", "libressl-3.0.2"])
def test_the_same_cases_give_the_same_facts_on_both_benches(
    tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cmake that came with the tests' own packages compiles LibreSSL.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    in_container, here = run("docker", target, tmp_path), run("local", target, tmp_path)
    assert in_container["targets"][0]["image"] is not None
    assert here["targets"][0]["image"] is None
    assert "on this machine" in here["targets"][0]["origin"]
    one, other = facts(in_container), facts(here)
    assert len({case for case, _ in one}) > 170
    # Root may read every file, so these cases are for containers alone, where commands are not run as root.
    refused = {cell["case"] for cell in here["cells"] if cell["verdict"] == "unsupported"}
    assert refused == (
        {case for case, _ in one if case.startswith("chain-unreadable-")} if os.geteuid() == 0 else set()
    )
    one = {where: seen for where, seen in one.items() if where[0] not in refused}
    assert one.keys() == other.keys()
    assert {where: (one[where], other[where]) for where in one if one[where] != other[where]} == {}
