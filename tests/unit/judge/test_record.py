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


def test_where_nothing_is_recorded_there_is_no_record(tmp_path: Path) -> None:
    mine = case(tmp_path, document())
    mine.record_path.unlink()
    assert record_of(mine) is None


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (document(steps={"1": {}, "7": {}}), "does not have; rename the step there, or take its values out"),
        (document(case="yours"), "rename or remove it"),
        ([], r"holds no recorded values: the file: Input should be .*; restore it, or use 'opensslrun review'"),
        (document(runs=1), r"holds no recorded values: runs: Input should be"),
        (document(steps={"1": {"x": {"absent": False}}}), r"holds no recorded values: steps\.1\.x"),
        ('{"a": 1, "b": 2, "b": 3, "c": 4}', "names 'b' twice in one place; keep one of the two"),
    ],
)
def test_what_is_wrong_with_a_record_is_said_with_its_place(tmp_path: Path, record: object, said: str) -> None:
    with pytest.raises(UsageError, match=rf"{said}\Z" if said.endswith(("out", "it", "review'", "two")) else said):
        record_of(case(tmp_path, record))


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    mine = case(tmp_path, document())
    mine.record_path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"cannot read the recorded values \S+mine\.recorded\.json: .*utf-8"):
        record_of(mine)


def test_a_record_is_written_in_one_order_a_value_a_line(tmp_path: Path) -> None:
    mine = case(tmp_path, document())
    steps: dict[str, dict[str, FactValue]] = {"2": {"z": "é", "a": [1]}, "1": {"x": True}}
    save_record(mine.record_path, RecordFile(case="mine", seen_on=["host"], runs=3, steps=steps))
    assert mine.record_path.read_text(encoding="utf-8").splitlines() == [
        "{", ' "case": "mine",', ' "seen_on": ["host"],', ' "runs": 3,', ' "steps": {', '  "2": {', '   "a": [1],',
        '   "z": "é"', "  },", '  "1": {', '   "x": true', "  }", " }", "}",
    ]  # fmt: skip
