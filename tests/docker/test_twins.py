"""One binary under two names gives no difference at all, over all cases: what differs is never the tool's own doing.

One round is part of every test run; ``OPENSSLRUN_TWIN_ROUNDS=10 tox -e docker -- tests/docker/test_twins.py`` makes
ten.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from opensslrun.cli.main import main

ROUNDS = int(os.environ.get("OPENSSLRUN_TWIN_ROUNDS", "1"))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
def test_the_same_binary_twice_gives_no_difference_over_all_cases(tmp_path: Path, number: int) -> None:
    binary = shutil.which("openssl")
    assert binary is not None
    targets = tmp_path / "targets.toml"
    targets.write_text("".join(f'[[target]]\nid = "{name}"\npath = "{binary}"\n\n' for name in ("one", "two")))
    result = tmp_path / "result.json"
    chosen = ["--targets-file", str(targets), "-t", "one", "-t", "two"]
    main(["matrix", "run", "--no-cache", *chosen, "--out", str(result)])
    document = json.loads(result.read_text())
    facts: dict[tuple[str, str], dict[str, object]] = {}
    for cell in document["cells"]:
        assert not cell["cached"]
        for step in cell["steps"]:
            facts.setdefault((cell["case"], step["id"]), {})[cell["target"]] = step["facts"]
    assert len({case for case, _ in facts}) > 170
    assert [where for where, seen in facts.items() if seen["one"] != seen["two"]] == [], f"round {number}"
    assert document["differences"] == []
