"""Reading results: ours, an older one's, and files that are no result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensslrun.errors import UsageError
from opensslrun.report.read import read_result

RUN: dict[str, object] = {
    "tool_version": "0.1.0",
    "code_sha256": "",
    "cases_sha256": "",
    "selection": {"targets": [], "cases": []},
    "shard": None,
    "started": "",
    "duration_s": 1.0,
}
GOOD: dict[str, object] = {
    "schema": 1,
    "run": RUN,
    "summary": {"cells": 0, "facts": 0, "comparisons": 0},
    "targets": [],
    "cells": [],
    "differences": [],
    "catalogue": {"proven": [], "unproven": [], "stale": []},
}
CELL: dict[str, object] = {"target": "host", "case": "a", "verdict": "pass", "reason": "", "steps": []}
KNOWN: dict[str, object] = {"id": "D001", "title": "", "severity": "cosmetic", "why": "", "advice": ""}


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "result.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_unknown_keys_are_allowed(tmp_path: Path) -> None:
    result = read_result(written(tmp_path, json.dumps({**GOOD, "later": 1, "run": {**RUN, "more": 2}})))
    assert result.run.tool_version == "0.1.0"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "no integer 'schema'"),
        ('{"schema": "1"}', "no integer 'schema'"),
        ('{"schema": 999}', "use a newer opensslrun"),
        ('{"schema": 1}', "run: Field required"),
        (json.dumps({**GOOD, "cells": 5}), "cells: Input should be a valid list"),
        (json.dumps({**GOOD, "cells": [{**CELL, "verdict": "ex\x1bcellent"}]}), r"'ex.x1bcellent' is no verdict"),
        (json.dumps({**GOOD, "known_differences": [{**KNOWN, "severity": "odd"}]}), "'odd' is no severity"),
    ],
)
def test_a_file_that_is_no_result_is_refused_with_one_sentence(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read_result(written(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_a_missing_result_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one with 'opensslrun matrix run'"):
        read_result(tmp_path / "gone.json")
