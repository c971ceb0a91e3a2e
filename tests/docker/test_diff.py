"""``opensslrun matrix diff`` on results of real runs: two versions of one line, two versions apart, and a real lie."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SELECTION = ("-c", "verify*", "-c", "root-ca*", "-c", "pair-plain-key")


def opensslrun(*args: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "opensslrun", "matrix", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr
    return done


def result_of(folder: Path, name: str, *args: str | Path) -> Path:
    path = folder / f"{name}.json"
    done = opensslrun("run", "--out", path, *args)
    assert path.exists(), done.stderr
    return path


def document(*args: str | Path, status: int = 0) -> dict[str, Any]:
    done = opensslrun("diff", "--format", "json", *args)
    assert done.returncode == status, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result_of(tmp_path_factory.mktemp("two"), "two", "-t", "host", "-t", "openssl-1.1.1g", *SELECTION)


def test_a_second_run_differs_in_nothing_from_the_first(two: Path, tmp_path: Path) -> None:
    again = result_of(tmp_path, "again", "--no-cache", "-t", "host", "-t", "openssl-1.1.1g", *SELECTION)
    said = document(two, again)
    assert (said["regression"], said["changes"]) == (False, [])
    assert (said["summary"]["cells"], said["summary"]["pairs"]["compared"], said["cases_by_commands"]) == (8, 4, False)
    assert said["summary"]["facts"] > 100


def test_the_next_patch_release_is_the_same_target(two: Path, tmp_path: Path) -> None:
    earlier = result_of(tmp_path, "earlier", "-t", "host", "-t", "openssl-1.1.1f", *SELECTION)
    said = document(earlier, two)
    by = {(each["old"]["id"], each["new"]["id"]): each["by"] for each in said["targets"]}
    assert by == {("host", "host"): "id", ("openssl-1.1.1f", "openssl-1.1.1g"): "release line"}
    assert (said["regression"], said["summary"]["cells"]) == (False, 8)
    assert said["summary"]["pairs"]["compared"] == 4


def test_what_changes_between_two_versions_is_what_the_two_really_printed(two: Path) -> None:
    said = document("--from", "openssl-1.1.1", "--to", "host", two)
    (prompts,) = [each for each in said["changes"] if each["id"] == "D001"]
    shown = next(each for each in prompts["shown"] if each["case"] == "root-ca" and each["fact"] == "prompts")
    assert shown["run"] == "openssl genrsa -des3 -out rootCA.key 4096"
    assert shown["before"][0] == "Enter pass phrase for rootCA.key:"
    assert shown["after"][0] == "Enter PEM pass phrase:"
    assert said["not_as_predicted"] == []
    text = opensslrun("diff", "--from", "openssl-1.1.1", "--to", "host", two).stdout
    assert "Write instead" in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_openssl_that_begins_to_lie_is_a_regression_and_getting_well_again_is_none(tmp_path: Path) -> None:
    honest = shutil.which("openssl")
    assert honest is not None
    program = tmp_path / "openssl"
    targets = tmp_path / "mine.toml"
    targets.write_text(f'[[target]]\nid = "mine"\npath = "{program}"\n')
    mine = ("--no-cache", "-t", "mine", "--targets-file", targets, "-c", "verify-expired")
    script = f'#!/bin/sh\n[ "$1" = verify ] && {{ echo leaf.crt: OK; exit 0; }}\nexec {honest} "$@"\n'
    program.write_text(f'#!/bin/sh\nexec {honest} "$@"\n')
    program.chmod(0o755)
    before = result_of(tmp_path, "before", *mine)
    program.write_text(script)
    after = result_of(tmp_path, "after", *mine)
    said = document(before, after, status=1)
    assert [(each["kind"], each["was"], each["now"]) for each in said["changes"]] == [("worse", "pass", "fail")]
    facts = {each["fact"]: (each["before"], each["after"]) for each in said["changes"][0]["facts"]}
    assert facts["verify.claim@leaf.crt"] == ("refused", "ok")
    assert document(after, before)["summary"]["better"] == 1
