"""One binary under two names gives no difference at all, over all cases: what differs is never the tool's own doing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from opensslrun.cli.main import main


def test_the_same_binary_twice_gives_no_difference_over_all_cases(tmp_path: Path) -> None:
    binary = shutil.which("openssl")
    assert binary is not None
    targets = tmp_path / "targets.toml"
    targets.write_text("".join(f'[[target]]\nid = "{name}"\npath = "{binary}"\n\n' for name in ("one", "two")))
    result = tmp_path / "result.json"
    main(
        ["matrix", "run", "--no-cache", "--targets-file", str(targets), "-t", "one", "-t", "two", "--out", str(result)]
    )
    document = json.loads(result.read_text())
    facts: dict[tuple[str, str], dict[str, object]] = {}
    for cell in document["cells"]:
        for step in cell["steps"]:
            facts.setdefault((cell["case"], step["id"]), {})[cell["target"]] = step["facts"]
    assert len({case for case, _ in facts}) > 170
    assert [where for where, seen in facts.items() if seen["one"] != seen["two"]] == []
    assert document["differences"] == []
