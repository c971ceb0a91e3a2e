"""Reading results: ours, an older one's, and files that are no result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import handwritten
from opensslrun.errors import UsageError
from opensslrun.report.read import read_result

GOOD = handwritten.result()
CELL = handwritten.cell("host", "a", "pass")
KNOWN = handwritten.known("D001", "cosmetic")


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "result.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_unknown_keys_are_allowed(tmp_path: Path) -> None:
    later = {"later": 1, "run": handwritten.run(more=2, tool_version="0.1.0")}
    result = read_result(written(tmp_path, json.dumps(GOOD | later)))
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
