"""A binary that lies fails the run, with the right verdict, in its own cells only."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lying import IN_ALL_COMMANDS, SLEEP

REAL = shutil.which("openssl") or "openssl"

HONEST = f'exec {REAL} "$@"'
LIES = IN_ALL_COMMANDS | {"never ends": SLEEP}

SHORT_CASE = """
title = "A key, quickly"
answers = { ca = "correct horse" }
[[step]]
run = "openssl genrsa -des3 -out k.pem 2048"
answer = ["ca", "ca"]
timeout = 4
expect = { creates = ["k.pem"] }
"""


def script(path: Path, lie: str) -> Path:
    """An openssl that tells the truth about its version and lies about the rest."""
    path.write_text(f'#!/bin/sh\ncase "$1" in version) {HONEST};; esac\n{lie}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def targets_file(folder: Path, binary: Path, extra: str = "") -> Path:
    path = folder / "targets.toml"
    path.write_text(f'[[target]]\nid = "liar"\npath = "{binary}"\n{extra}')
    return path


def matrix(folder: Path, targets: Path, *args: str) -> tuple[int, dict[str, Any], str]:
    out = folder / "result.json"
    argv = [sys.executable, "-m", "opensslrun", "matrix", "run", "-t", "host", "-t", "liar"]
    argv += ["--targets-file", str(targets), "--out", str(out), *args]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(out.read_text()), done.stderr


def verdicts(result: dict[str, Any], target: str) -> dict[str, str]:
    return {cell["case"]: cell["verdict"] for cell in result["cells"] if cell["target"] == target}


@pytest.mark.parametrize("lie", ["always exits 0", "says OK to everything", "writes an empty file"])
def test_a_liar_fails_in_its_own_cells_only(tmp_path: Path, lie: str) -> None:
    targets = targets_file(tmp_path, script(tmp_path / "openssl", LIES[lie]))
    status, result, _ = matrix(tmp_path, targets, "-c", "verify-expired", "-c", "wrong-pass-phrase")
    assert status == 1
    assert verdicts(result, "liar") == {"verify-expired": "fail", "wrong-pass-phrase": "fail"}
    assert set(verdicts(result, "host").values()) <= {"pass", "known"}


def test_a_file_that_came_out_empty_is_not_taken_for_a_file(tmp_path: Path) -> None:
    targets = targets_file(tmp_path, script(tmp_path / "openssl", LIES["writes an empty file"]))
    _, result, _ = matrix(tmp_path, targets, "-c", "wrong-pass-phrase")
    (cell,) = [cell for cell in result["cells"] if cell["target"] == "liar"]
    assert cell["steps"][0]["facts"]["files.created"] == ["rootCA.key"]
    assert "rootCA.key is not empty" in {finding["promise"] for finding in cell["steps"][0]["findings"]}


def test_one_that_never_ends_is_hung_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "short.toml").write_text(SHORT_CASE)
    targets = targets_file(tmp_path, script(tmp_path / "openssl", LIES["never ends"]))
    arguments = ("--cases-dir", str(tmp_path / "cases"), "-c", "short")
    status, result, _ = matrix(tmp_path, targets, *arguments)
    assert status == 1
    assert verdicts(result, "liar") == {"short": "hung"}
    assert verdicts(result, "host") == {"short": "new"}


def test_another_version_than_the_declared_one_is_an_error_in_every_cell_of_that_target(tmp_path: Path) -> None:
    targets = targets_file(
        tmp_path, script(tmp_path / "openssl", HONEST), 'implementation = "OpenSSL"\nversion = "1.1.1g"\n'
    )
    status, result, _ = matrix(tmp_path, targets, "-c", "verify-expired")
    assert status == 1
    assert verdicts(result, "liar") == {"verify-expired": "error"}
    assert verdicts(result, "host") == {"verify-expired": "pass"}
    (cell,) = [cell for cell in result["cells"] if cell["target"] == "liar"]
    assert "1.1.1g" in cell["reason"]
    assert cell["steps"] == []


def test_one_that_says_nothing_of_its_version_is_an_error(tmp_path: Path) -> None:
    binary = tmp_path / "openssl"
    binary.write_text("#!/bin/sh\nexit 0\n")
    binary.chmod(0o755)
    status, result, _ = matrix(tmp_path, targets_file(tmp_path, binary), "-c", "verify-expired")
    assert status == 1
    assert verdicts(result, "liar") == {"verify-expired": "error"}


def test_a_binary_that_is_swapped_during_the_run_is_an_error(tmp_path: Path) -> None:
    binary = tmp_path / "openssl"
    swap = (
        f'printf "#!/bin/sh\\n# another\\n{HONEST.replace(chr(34), chr(92) + chr(34)).replace("$", chr(92) + "$")}\\n"'
    )
    binary.write_text(
        f'#!/bin/sh\n[ "$1" = verify ] && {swap} >"{binary}.new" && mv "{binary}.new" "{binary}"\n{HONEST}\n'
    )
    binary.chmod(0o755)
    status, result, _ = matrix(tmp_path, targets_file(tmp_path, binary), "-c", "verify-expired")
    assert status == 1
    assert verdicts(result, "liar") == {"verify-expired": "error"}


@pytest.mark.parametrize("later", ["OpenSSL 3.9.9 1 Jan 2030", "OpenSSL 3.9.9 1 Jan 2030 (Library: OpenSSL 3.9.8)", ""])
def test_another_version_after_the_first_call_is_an_error_in_all_cells(tmp_path: Path, later: str) -> None:
    asked = f'if [ "$*" = version ]; then if [ -e "$0.asked" ]; then echo "{later}"; exit; fi; : >"$0.asked"; fi'
    binary = tmp_path / "openssl"
    binary.write_text(f"#!/bin/sh\n{asked}\n{HONEST}\n")
    binary.chmod(0o755)
    targets = tmp_path / "targets.toml"
    targets.write_text(f'[[target]]\nid = "liar"\npath = "{binary}"\n')
    status, result, _ = matrix(tmp_path, targets, "-c", "verify-expired", "-c", "read-subject", "--no-cache")
    assert status == 1
    assert verdicts(result, "liar") == {"verify-expired": "error", "read-subject": "error"}
    assert set(verdicts(result, "host").values()) <= {"pass", "known"}


def test_a_version_with_control_sequences_is_an_error_that_a_terminal_can_be_shown(tmp_path: Path) -> None:
    binary = tmp_path / "openssl"
    said = r"OpenSSL 3.0.19\033[2J\302\233 27 Jan 2026\377"
    binary.write_text(f"#!/bin/sh\nif [ \"$*\" = version ]; then printf '{said}\\n'; exit; fi\n{HONEST}\n")
    binary.chmod(0o755)
    status, result, messages = matrix(tmp_path, targets_file(tmp_path, binary), "-c", "verify-expired")
    assert status == 1
    assert verdicts(result, "liar") == {"verify-expired": "error"}
    assert messages.replace("\n", "").isprintable()
    assert (tmp_path / "result.json").read_text().replace("\n", "").isprintable()
