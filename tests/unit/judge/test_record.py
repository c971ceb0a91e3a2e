"""Recorded values that would be held against nothing are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensslrun.cases.load import load_case
from opensslrun.cases.model import Case
from opensslrun.errors import UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.record import RecordFile, record_of, save_record


def case(folder: Path, record: object) -> Case:
    (folder / "mine.toml").write_text('title = "t"\n[[step]]\nrun = "openssl version"\n')
    text = record if isinstance(record, str) else json.dumps(record)
    (folder / "mine.recorded.json").write_text(text)
    return load_case(folder / "mine.toml")


def document(**changes: object) -> dict[str, object]:
    return {"case": "mine", "seen_on": ["host"], "runs": 3, "steps": {"1": {"exit_status": 0}}} | changes


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    mine = case(tmp_path, document())
    steps: dict[str, dict[str, FactValue]] = {"1": {"a": None, "b": {"between": [1, 2]}, "c": "ü\n"}}
    save_record(mine.record_path, RecordFile(case="mine", seen_on=["host"], runs=3, steps=steps))
    assert record_of(mine) == steps


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (document(case="yours"), "of 'yours', not of 'mine'"),
        (document(steps={"1": {}, "7": {"exit_status": 0}}), "the step '7'"),
        (document(steps={"1": {"exit_status": {"between": [9, 1]}}}), "two integers"),
        (document(steps={"1": {"exit_status": {"absent": False}}}), "absent"),
        (
            json.dumps(document()).replace('"exit_status": 0', '"exit_status": 0, "exit_status": 1'),
            "'exit_status' twice",
        ),
        ("<<<<<<< ours\n", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("", "not JSON"),
    ],
)
def test_a_record_that_cannot_be_meant_is_refused(tmp_path: Path, record: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        record_of(case(tmp_path, record))
