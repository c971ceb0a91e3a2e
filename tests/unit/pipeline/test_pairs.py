"""What one binary makes and another reads: real binaries of this machine, and liars in one role at a time."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REAL = shutil.which("openssl") or "openssl"
CASE = """
title = "A key, made by one and used by another"
hands_over = ["k.pem"]

[[step]]
run = "openssl genrsa -out k.pem 2048"
expect = { creates = ["k.pem"] }

[[read]]
run = "openssl rsa -in k.pem -noout -check"
expect = { facts = { "stdout.classes" = ["key ok"] } }

[[read]]
run = "openssl rsa -in k.pem -pubout -out k.pub"
expect = { creates = ["k.pub"], facts = { "public_key.bits@k.pub" = 2048 } }
"""
HONEST = f'exec {REAL} "$@"'


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSSLRUN_CACHE_DIR", str(tmp_path / "cache"))


def cases_dir(folder: Path, text: str = CASE) -> Path:
    cases = folder / "cases"
    cases.mkdir(exist_ok=True)
    (cases / "key.toml").write_text(text)
    return cases


def targets_file(folder: Path, **scripts: str) -> Path:
    """Targets by id, each a script that stands before the real binary; an empty one is the real binary itself."""
    tables = []
    for name, script in scripts.items():
        path = folder / name
        path.write_text(f'#!/bin/sh\ncase "$1" in version) {HONEST};; esac\n{script}\n{HONEST}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        tables.append(f'[[target]]\nid = "{name}"\npath = "{path}"\n')
    file = folder / "targets.toml"
    file.write_text("\n".join(tables))
    return file


def matrix(folder: Path, targets: Path, *args: str) -> tuple[int, dict[str, Any], str]:
    out = folder / "result.json"
    names = [line.split('"')[1] for line in targets.read_text().splitlines() if line.startswith("id")]
    argv = [sys.executable, "-m", "opensslrun", "matrix", "run", *(word for name in names for word in ("-t", name))]
    argv += ["-t", "host", "--targets-file", str(targets), "--out", str(out), *args]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(out.read_text()), done.stdout + done.stderr


def review(folder: Path, cases: Path, targets: Path) -> None:
    argv = [sys.executable, "-m", "opensslrun", "review", "--cases-dir", str(cases), "--targets-file", str(targets)]
    argv += ["--results", str(folder / "result.json"), "--accept", "--yes"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr


def verdicts(result: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(pair["producer"], pair["consumer"]): pair["verdict"] for pair in result["pairs"]}


def test_all_pairs_are_read_recorded_by_review_and_then_pass(tmp_path: Path) -> None:
    cases, targets = cases_dir(tmp_path), targets_file(tmp_path, other="")
    arguments = ("--cases-dir", str(cases), "-c", "key")
    status, result, said = matrix(tmp_path, targets, *arguments)
    assert status == 1
    assert "4 pairs of producer and consumer did not go as predicted" in said
    assert set(verdicts(result).values()) == {"new"}
    review(tmp_path, cases, targets)
    recorded = json.loads((cases / "key.recorded.json").read_text())
    assert set(recorded["steps"]) == {"1", "read-1", "read-2"}
    status, result, said = matrix(tmp_path, targets, *arguments)
    assert status == 0, said
    everyone = ("other", "host")
    assert verdicts(result) == {(producer, consumer): "pass" for producer in everyone for consumer in everyone}
    assert result["summary"]["pairs"] == result["summary"]["pair_verdicts"]["pass"] == 4
    assert result["summary"]["pass"] == 2
    assert result["pair_differences"] == []
    assert "4 pairs: each version reads what any other made as it reads its own." in said
    assert "2 cells as predicted, 4 pairs of producer and consumer as predicted" in " ".join(said.split())


def test_a_consumer_that_says_ok_to_everything_fails_in_its_own_pairs_only(tmp_path: Path) -> None:
    lie = 'case "$1" in genrsa) ;; *) echo "RSA key ok"; exit 0;; esac'
    status, result, _ = matrix(tmp_path, targets_file(tmp_path, liar=lie), "-c", "pair-plain-key")
    assert status == 1
    assert verdicts(result) == {
        ("host", "liar"): "fail",
        ("liar", "liar"): "fail",
        ("host", "host"): "pass",
        ("liar", "host"): "pass",
    }


def test_a_producer_whose_file_is_truncated_fails_in_its_own_pairs_only(tmp_path: Path) -> None:
    cut = "head -c 900 my.key >half && cat half >my.key && rm half"
    lie = f'case "$1" in genrsa) {REAL} "$@" || exit; {cut}; exit;; esac'
    status, result, _ = matrix(tmp_path, targets_file(tmp_path, liar=lie), "-c", "pair-plain-key")
    assert status == 1
    assert verdicts(result) == {
        ("host", "liar"): "pass",
        ("liar", "liar"): "fail",
        ("host", "host"): "pass",
        ("liar", "host"): "fail",
    }
    assert {cell["target"]: cell["verdict"] for cell in result["cells"]} == {"host": "pass", "liar": "fail"}


def test_what_was_not_made_is_not_read_and_the_reason_is_told(tmp_path: Path) -> None:
    lie = 'case "$1" in genrsa) exit 0;; esac'
    _, result, said = matrix(tmp_path, targets_file(tmp_path, liar=lie), "-c", "pair-plain-key")
    assert verdicts(result)["liar", "host"] == verdicts(result)["liar", "liar"] == "not-run"
    assert verdicts(result)["host", "host"] == verdicts(result)["host", "liar"] == "pass"
    (reason,) = {pair["reason"] for pair in result["pairs"] if pair["producer"] == "liar"}
    assert reason == "liar made no my.key"
    assert "2 pairs not run" in " ".join(said.split())


def test_an_empty_file_is_not_handed_over(tmp_path: Path) -> None:
    lie = 'case "$1" in genrsa) : >my.key; exit 0;; esac'
    _, result, _ = matrix(tmp_path, targets_file(tmp_path, liar=lie), "-c", "pair-plain-key")
    assert verdicts(result)["liar", "host"] == "not-run"


def test_a_consumer_that_never_ends_is_hung_in_its_own_pairs_only(tmp_path: Path) -> None:
    lie = 'case "$1" in rsa) while :; do sleep 1; done;; esac'
    cases = cases_dir(tmp_path, CASE.replace("[[read]]\n", "[[read]]\ntimeout = 2\n"))
    _, result, _ = matrix(tmp_path, targets_file(tmp_path, liar=lie), "--cases-dir", str(cases), "-c", "key")
    seen = verdicts(result)
    assert {pair: verdict for pair, verdict in seen.items() if pair[1] == "liar"} == {
        ("host", "liar"): "hung",
        ("liar", "liar"): "hung",
    }
    assert {verdict for pair, verdict in seen.items() if pair[1] == "host"} == {"new"}


def test_a_consumer_that_becomes_another_while_it_reads_is_an_error(tmp_path: Path) -> None:
    turns = f'case "$1" in rsa) {REAL} "$@"; status=$?; echo "# other" >>{tmp_path}/liar; exit $status;; esac'
    status, result, said = matrix(tmp_path, targets_file(tmp_path, liar=turns), "-c", "pair-plain-key")
    assert status == 1
    seen = verdicts(result)
    assert {verdict for pair, verdict in seen.items() if pair[1] == "liar"} == {"error"}
    assert {verdict for pair, verdict in seen.items() if pair[1] == "host"} == {"pass"}
    assert "liar broke down: liar changed during the run" in said


def test_pairs_are_read_again_only_where_a_file_is_another(tmp_path: Path) -> None:
    targets = tmp_path / "targets.toml"
    targets.write_text(f'[[target]]\nid = "other"\npath = "{REAL}"\n')
    arguments = ("-c", "pair-plain-key")
    _, first, _ = matrix(tmp_path, targets, *arguments)
    status, second, _ = matrix(tmp_path, targets, *arguments)
    assert status == 0
    assert first["summary"]["pair_verdicts"]["cached"] == 0
    assert second["summary"]["pair_verdicts"]["cached"] == len(second["pairs"]) == 4
    assert [pair["steps"] for pair in first["pairs"]] == [pair["steps"] for pair in second["pairs"]]
    # Everything anew, so that there is another key: what was kept of the old one is of no use.
    status, third, _ = matrix(tmp_path, targets, *arguments, "--no-cache")
    assert status == 0
    assert third["summary"]["pair_verdicts"]["cached"] == 0


def test_list_shows_what_is_read_and_how_many_pairs_there_are() -> None:
    argv = [sys.executable, "-m", "opensslrun", "matrix", "list", "-t", "host", "-t", "libressl-3.0.2"]
    argv += ["-c", "pair-plain-key"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
    assert "each reads what each made: openssl rsa -in my.key -noout -check" in done.stdout
    assert "2 cells, 4 pairs of producer and consumer" in done.stdout
    argv += ["--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
    document = json.loads(done.stdout)
    assert {"case": "pair-plain-key", "producer": "host", "consumer": "libressl-3.0.2"} in document["pairs"]
    assert len(document["pairs"]) == 4
