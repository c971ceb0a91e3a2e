"""A defect of opensslrun on one target takes nothing from the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from opensslrun.cli.main import main
from opensslrun.pipeline import recall
from opensslrun.pipeline.observe import observe_target
from opensslrun.pipeline.observed import TargetRun

REAL = shutil.which("openssl") or "openssl"
SECRET = "hunter2hunter2"


def test_the_result_of_the_others_is_written_and_the_defect_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def observe(obtained: object, *rest: object) -> TargetRun:
        if getattr(obtained, "target").id == "bad":  # noqa: B009
            raise KeyError(SECRET)
        return observe_target(obtained, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(recall, "observe_target", observe)
    monkeypatch.chdir(tmp_path)
    described = "".join(f'[[target]]\nid = "{name}"\npath = "{REAL}"\n' for name in ("bad", "good"))
    (tmp_path / "opensslrun.toml").write_text(described)
    assert main(["matrix", "run", "-t", "bad", "-t", "good", "-c", "verify-expired"]) == 70
    said = capsys.readouterr()
    assert "this is a defect of opensslrun" in said.err
    assert "KeyError" in said.err
    text = (tmp_path / "opensslrun-results.json").read_text()
    result = json.loads(text)
    assert {cell["target"]: cell["verdict"] for cell in result["cells"]} == {"bad": "error", "good": "pass"}
    assert {target["id"]: target["outcome"] for target in result["targets"]} == {"bad": "error", "good": "ran"}
    assert SECRET not in text + said.out + said.err, "what an exception carries may be a secret"
