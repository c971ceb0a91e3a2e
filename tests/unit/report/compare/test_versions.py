"""What changes from one version to another, from a result written by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import handwritten
from onterminal import printed
from opensslrun.cli.main import main
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.report.compare.showversions import show_move
from opensslrun.report.compare.versions import Move, Way, move_between
from opensslrun.report.model import Result

Data = dict[str, Any]
OLD, NEW = "openssl-1.1.1w", "openssl-3.5.5"


def target(name: str, version: str | None, **more: Any) -> Data:
    return handwritten.target(name, "OpenSSL", version, **more)


def cell(on: str, case: str, facts: Data, verdict: str = "pass", **by: str) -> Data:
    """``by`` gives the entry of the catalogue that a fact rests on; of ``new`` none does."""
    findings = [
        {"fact": fact, "verdict": "new" if entry == "new" else "known", "value": facts.get(fact), "predicted": 0}
        | {"by": "" if entry == "new" else entry}
        for fact, entry in by.items()
    ]
    step = handwritten.step(f"openssl {case}", *findings, facts=facts)
    return handwritten.cell(on, case, verdict, *([] if verdict == "not-run" else [step]), reason=f"why {on}")


def result(*cells: Data, **more: Any) -> Data:
    severities = {"D001": "cosmetic", "D002": "format", "D003": "security", "D004": "security", "D005": "security"}
    versions = {OLD: "1.1.1w", NEW: "3.5.5", "debian-13": "3.5.9"}
    parts = {
        "targets": [target(name, version) for name, version in versions.items()],
        "cells": [*cells, cell("debian-13", "same", {"exit_status": 0})],
        "known_differences": [
            handwritten.known(name, severity, title=f"title of {name}", advice=f"instead of {name}")
            for name, severity in severities.items()
        ],
    }
    return handwritten.result(**parts | more)


def both(case: str, before: Data, after: Data, **sides: dict[str, str]) -> tuple[Data, Data]:
    return cell(OLD, case, before, **sides.get("old", {})), cell(NEW, case, after, **sides.get("new", {}))


SAME = both("same", {"exit_status": 0}, {"exit_status": 0})


def move(*cells: Data, start: str = OLD, end: str = NEW, **more: Any) -> Move:
    return move_between(Result.model_validate(result(*cells, **more)), start, end)


def shown(moved: Move, width: int = 80) -> str:
    return printed(show_move, moved, width=width)


def test_the_worst_comes_first_and_what_comes_before_what_goes() -> None:
    moved = move(
        *both("a", {"x": 0}, {"x": 1}, new={"x": "D001"}),
        *both("b", {"x": 1}, {"x": 0}, old={"x": "D003"}),
        *both("c", {"x": 0}, {"x": 1}, new={"x": "D004"}),
        *both("d", {"x": 1}, {"x": 2}, old={"x": "D005"}, new={"x": "D005"}),
        *both("e", {"x": 0}, {"x": 1}, new={"x": "D002"}),
    )
    ways = [(change.entry.id, change.way) for change in moved.changes]
    security = [("D004", Way.APPEARS), ("D005", Way.CHANGES), ("D003", Way.DISAPPEARS)]
    assert ways == [*security, ("D002", Way.APPEARS), ("D001", Way.APPEARS)]


@pytest.mark.parametrize("width", [80, 160])
def test_each_has_its_command_line_what_each_of_the_two_shows_and_what_to_write_instead(width: int) -> None:
    text = shown(move(*both("verify-expired", {"x": "refused"}, {"x": "ok"}, new={"x": "D003"})), width)
    for line in ("verify-expired: openssl verify-expired", f"{OLD}: refused", f"{NEW}: ok"):
        assert line in text
    assert "Write instead: instead of D003" in text
    assert f"on {NEW}, not on {OLD}" in text
    assert "1 known difference (1 security). 1 fact of 1 case compared, 1 not compared." in " ".join(text.split())


def test_what_both_show_alike_is_no_change_even_where_it_is_a_known_difference() -> None:
    moved = move(*both("a", {"x": 1}, {"x": 1}, old={"x": "D003"}, new={"x": "D003"}))
    assert moved.changes == ()
    assert "nothing changes" in shown(moved)


def test_there_and_back_are_mirrored() -> None:
    cells = (*both("a", {"x": 0}, {"x": 1}, new={"x": "D003"}), *both("b", {"x": 1}, {"y": 2}, old={"x": "D001"}))
    there, back = move(*cells), move(*cells, start=NEW, end=OLD)
    mirror = [(each.case, each.fact, each.after, each.before) for change in back.changes for each in change.shown]
    ahead = [(each.case, each.fact, each.before, each.after) for change in there.changes for each in change.shown]
    assert sorted(ahead, key=repr) == sorted(mirror, key=repr)
    assert {change.way for change in there.changes} == {Way.APPEARS, Way.DISAPPEARS}


def test_what_is_not_as_predicted_stands_above_all_and_what_a_record_allows_is_counted() -> None:
    moved = move(*both("a", {"x": 0, "serial": 8}, {"x": 1, "serial": 9}, new={"x": "new"}))
    assert [(each.fact, each.by) for each in moved.unexplained] == [("x", ())]
    assert moved.within == 1
    assert "Not as predicted" in shown(moved)
    half = move(*both("a", {"x": 2}, {"x": 1}, old={"x": "D003"}, new={"x": "new"}))
    assert (len(half.changes), len(half.unexplained)) == (1, 1)


def test_a_step_that_only_one_of_them_came_to_is_a_change() -> None:
    one, other = both("a", {"x": 0}, {"x": 0})
    one["steps"].append(one["steps"][0] | {"id": "2"})
    (each,) = move(one, other).unexplained
    assert (each.step, each.before, each.after) == ("2", True, False)


def read_of(made_by: str, *readings: Data) -> list[Data]:
    """What each of these cells shows, shown by its target of the files that another one made."""
    base = {"case": "p", "producer": made_by, "verdict": "pass", "reason": ""}
    return [base | {"consumer": each["target"], "steps": each["steps"]} for each in readings]


def test_what_both_make_of_the_files_that_either_made() -> None:
    old_files = read_of(OLD, *both("p", {"x": 0}, {"x": 1}, new={"x": "D003"}))
    new_files = read_of(NEW, *both("p", {"x": 2}, {"x": 0}, old={"x": "D004"}))
    moved = move(*SAME, pairs=old_files + new_files)
    assert [(change.entry.id, change.way) for change in moved.changes] == [
        ("D003", Way.APPEARS),
        ("D004", Way.DISAPPEARS),
    ]
    assert [shown_by.files_of for change in moved.changes for shown_by in change.shown] == [OLD, NEW]
    assert (moved.pairs, moved.cases) == (2, 1)
    text = shown(moved)
    for line in (f"{OLD} with the files of {OLD}: 0", f"{NEW} with the files of {OLD}: 1"):
        assert line in text
    for line in (f"{OLD} with the files of {NEW}: 2", f"{NEW} with the files of {NEW}: 0"):
        assert line in text
    assert "1 case and 2 pairs of producer and consumer compared" in " ".join(text.split())


def test_where_it_does_not_matter_who_made_the_files_it_stands_once() -> None:
    readings = both("p", {"x": 0}, {"x": 1}, new={"x": "D003"})
    text = shown(move(*SAME, pairs=read_of(OLD, *readings) + read_of(NEW, *readings)))
    assert f"{NEW} with the files of either: 1" in text
    assert text.count("p: openssl p") == 1


def test_files_that_only_one_of_them_read_are_not_compared() -> None:
    readings = both("p", {"x": 0}, {"x": 1})
    pairs = read_of(OLD, *readings[:1]) + read_of(NEW, *readings[1:])
    assert move(*SAME, pairs=pairs).untold == {
        "p": f"{OLD}: not in the run",
        f"p with the files of {OLD}": f"{NEW}: not in the run",
        f"p with the files of {NEW}": f"{OLD}: not in the run",
    }


def test_what_is_random_within_the_same_bounds_is_no_change() -> None:
    cells = both("a", {"x": 8}, {"x": 9}, old={"x": "D001"}, new={"x": "D001"})
    for each in cells:
        each["steps"][0]["findings"][0]["predicted"] = {"between": [8, 9]}
    moved = move(*cells)
    assert (moved.changes, moved.within) == ((), 1)
    cells[1]["steps"][0]["findings"][0]["predicted"] = {"between": [9, 20]}
    ((told,),) = (change.shown for change in move(*cells).changes)
    assert (told.before, told.after) == ({"between": [8, 9]}, {"between": [9, 20]})


def test_an_entry_that_was_disproved_explains_nothing() -> None:
    moved = move(*both("a", {"x": 0}, {"x": 1}, new={"x": "D003"}))
    assert moved.changes
    wrong = both("a", {"x": 0}, {"x": 1}, new={"x": "D003"})
    wrong[1]["steps"][0]["findings"][0]["verdict"] = "new"
    moved = move(*wrong)
    assert (moved.changes, len(moved.unexplained)) == ((), 1)
    wrong = both("a", {"x": 1}, {"x": 2}, old={"x": "D003"}, new={"x": "D003"})
    wrong[1]["steps"][0]["findings"][0]["verdict"] = "new"
    assert [change.way for change in move(*wrong).changes] == [Way.DISAPPEARS]


def test_an_entry_that_the_result_does_not_have_leaves_nothing_out() -> None:
    moved = move(*both("a", {"x": 0}, {"x": 1}, new={"x": "D999"}))
    assert (moved.changes, [each.by for each in moved.unexplained]) == ((), [()])


def test_a_case_that_did_not_run_on_both_is_named_with_the_reason() -> None:
    moved = move(*SAME, cell(OLD, "b", {"x": 1}), cell(NEW, "b", {}, "not-run"), cell(OLD, "c", {"x": 1}))
    assert moved.untold == {"b": f"{NEW}: why {NEW}", "c": f"{NEW}: not in the run"}
    assert f"not compared: b: {NEW}: why {NEW}" in shown(moved)


@pytest.mark.parametrize(
    ("name", "means"),
    [
        (OLD, OLD),
        ("openssl-1.1.1", OLD),
        ("openssl-3.5", NEW),
        ("openssl-3", NEW),
        ("1.1.1", OLD),
        ("OpenSSL 1.1.1", OLD),
        ("deb", "debian-13"),
    ],
)
def test_a_target_goes_by_its_id_a_beginning_or_its_release_line(name: str, means: str) -> None:
    other = NEW if means != NEW else OLD
    assert move(*SAME, start=name, end=other).before.id == means


def test_a_whole_id_is_meant_even_where_others_begin_so() -> None:
    targets = [target("openssl-1.1.1", "1.1.1"), target("openssl-1.1.1w", "1.1.1w")]
    cells = (cell("openssl-1.1.1", "a", {"x": 1}), cell("openssl-1.1.1w", "a", {"x": 1}))
    assert move(*cells, start="openssl-1.1.1", end="openssl-1.1.1w", targets=targets).before.id == "openssl-1.1.1"


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("openssl-1.0.2", NEW, "--from: no target of this result is 'openssl-1.0.2'; did you mean 'openssl-1.1.1w'?"),
        ("macos", NEW, "--from: no target of this result is 'macos'; there are: openssl-1.1.1w, openssl-3.5.5, "),
        (OLD, "openssl-3.50", "--to: no target of this result is 'openssl-3.50'"),
        (OLD, "openssl-", "--to: 'openssl-' may be openssl-1.1.1w and openssl-3.5.5; give the whole id of one"),
        (OLD, "3.5", "--to: '3.5' may be openssl-3.5.5 and debian-13"),
        (OLD, "", "--to: no target of this result is ''"),
        (OLD, "openssl-1.1.1", "--from and --to are both openssl-1.1.1w"),
        (OLD, "debian-13", "no case ran on both openssl-1.1.1w and debian-13"),
    ],
)
def test_what_is_meant_by_no_name_is_refused_with_one_sentence(start: str, end: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        move(*both("a", {"x": 1}, {"x": 1}), start=start, end=end)
    assert "\n" not in str(caught.value)


def test_a_number_is_not_cut_in_two() -> None:
    targets = [target("openssl-3.10.1", "3.10.1"), target(OLD, "1.1.1w")]
    cells = (cell("openssl-3.10.1", "a", {"x": 1}), cell(OLD, "a", {"x": 1}))
    with pytest.raises(UsageError, match=r"no target of this result is 'openssl-3\.1'"):
        move(*cells, end="openssl-3.1", targets=targets)


def test_a_target_that_did_not_run_is_refused_with_the_reason_and_its_stand_in() -> None:
    missing = target("ubuntu-18.04", None, outcome="not-run", reason="no image", stand_in=OLD)
    with pytest.raises(UsageError, match=rf"ubuntu-18.04 did not run: no image; {OLD} was to run for it"):
        move(*SAME, start="ubuntu", targets=[missing, target(OLD, "1.1.1w"), target(NEW, "3.5.5")])


def test_the_document_has_everything_and_the_status_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result(*both("a", {"x": "\x1b"}, {"x": "ok"}, new={"x": "D003"}))))
    arguments = ["matrix", "diff", "--from", "openssl-1.1.1w", "--to", "openssl-3.5", str(path), "--format", "json"]
    assert main(arguments) == ExitStatus.OK
    said = json.loads(capsys.readouterr().out)
    assert (said["from"]["id"], said["to"]["release_line"]) == (OLD, "3.5")
    (change,) = said["changes"]
    assert (change["id"], change["advice"], change["way"]) == ("D003", "instead of D003", "appears")
    assert change["shown"] == [
        {
            "case": "a",
            "step": "1",
            "run": "openssl a",
            "fact": "x",
            "before": "\x1b",
            "after": "ok",
            "by": ["D003"],
            "predicted": True,
            "files_of": None,
        }
    ]
    assert main(arguments[:-2]) == ExitStatus.OK
    assert "\x1b" not in capsys.readouterr().out


def test_a_result_without_a_name_is_the_one_a_run_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("opensslrun-results.json").write_text(json.dumps(result(*both("a", {"x": 1}, {"x": 1}))))
    assert main(["matrix", "diff", "--from", OLD, "--to", NEW, "-c", "a"]) == ExitStatus.OK
    assert "nothing changes. 1 fact of 1 case compared." in capsys.readouterr().out
