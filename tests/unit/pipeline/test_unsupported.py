"""A case that needs a default config is unsupported where there is none, and runs where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from opensslrun.cli.main import main

CASE = 'title = "t"\nneeds = ["default config"]\n[[step]]\nrun = "openssl version"\n'


def elsewhere(folder: Path) -> Path:
    """This machine's own ``openssl``, which then says that it looks for its config in an empty folder."""
    real = shutil.which("openssl")
    assert real is not None
    directory = subprocess.run([real, "version", "-d"], capture_output=True, text=True, check=True).stdout.split('"')[1]
    assert Path(directory, "openssl.cnf").is_file(), "this machine's openssl has a default config"
    path = folder / "openssl"
    path.write_text(f'#!/bin/sh\n{real} "$@" | sed "s#{directory}#{folder}/empty#"\n')
    path.chmod(0o755)
    return path


def test_it_is_told_apart_from_what_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "t.toml").write_text(CASE)
    described = f'[[target]]\nid = "without"\npath = "{elsewhere(tmp_path)}"\n'
    (tmp_path / "opensslrun.toml").write_text(f'cases-dir = "cases"\n{described}')
    assert main(["matrix", "run", "-t", "host", "-t", "without", "-c", "t"]) == 1, "the one that ran is new"
    result = json.loads(Path("opensslrun-results.json").read_text())
    cells = {cell["target"]: cell for cell in result["cells"]}
    assert (cells["host"]["verdict"], cells["without"]["verdict"]) == ("new", "unsupported")
    assert cells["without"]["reason"].startswith("it needs a default config, and this target has none")
    assert (cells["without"]["steps"], result["summary"]["unsupported"]) == ([], 1)
    said = " ".join(capsys.readouterr().out.split())
    assert "unsupported: t on without: it needs a default config" in said
    assert "1 unsupported" in said


def test_a_run_in_which_nothing_else_was_asked_is_not_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "t.toml").write_text(CASE)
    described = f'[[target]]\nid = "without"\npath = "{elsewhere(tmp_path)}"\n'
    (tmp_path / "opensslrun.toml").write_text(f'cases-dir = "cases"\n{described}')
    assert main(["matrix", "run", "-t", "without", "-c", "t"]) == 4


PERMISSIONS = 'title = "t"\nneeds = ["file permissions"]\n[[step]]\nrun = "openssl version"\n'


@pytest.mark.parametrize(("user", "verdict"), [(0, "unsupported"), (1000, "new")])
def test_what_needs_file_permissions_runs_only_where_they_bind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, verdict: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("opensslrun.pipeline.observe.here.user_ids", lambda: (user, user))
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "t.toml").write_text(PERMISSIONS)
    (tmp_path / "opensslrun.toml").write_text('cases-dir = "cases"\n')
    main(["matrix", "run", "-t", "host", "-c", "t"])
    (cell,) = json.loads(Path("opensslrun-results.json").read_text())["cells"]
    assert cell["verdict"] == verdict
    assert ("commands run as root here" in cell["reason"]) is (user == 0)
