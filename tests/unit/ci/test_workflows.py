"""The ready workflows are what GitHub and GitLab take, by the schemas and linters that know them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from opensslrun.data import shipped

ROOT = Path(__file__).parents[3]
SCHEMAS = {
    "ci/github/opensslrun.yml": "vendor.github-workflows",
    "ci/github/releases.yml": "vendor.github-workflows",
    "ci/gitlab/opensslrun.yml": "vendor.gitlab-ci",
    "action.yml": "vendor.github-actions",
}


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("path", "schema"), SCHEMAS.items())
def test_each_file_follows_its_schema(path: str, schema: str) -> None:
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_workflow_would_be_noticed(tmp_path: Path) -> None:
    wrong = (ROOT / "ci/github/opensslrun.yml").read_text().replace("runs-on:", "run-on:")
    (tmp_path / "w.yml").write_text(wrong)
    done = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(tmp_path / "w.yml")
    )
    assert done.returncode == 1


def test_the_linter_of_workflows_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    files = [path for path, schema in SCHEMAS.items() if "github" in schema]
    done = run(str(zizmor), "--offline", "--no-progress", "--config", "ci/zizmor.yml", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_would_notice_an_injection(tmp_path: Path) -> None:
    action = (ROOT / "action.yml").read_text().replace('eval "set -- $ARGS"', "set -- ${{ inputs.args }}")
    (tmp_path / "action.yml").write_text(action)
    zizmor = Path(sys.executable).with_name("zizmor")
    done = run(str(zizmor), "--offline", "--no-progress", "--config", "ci/zizmor.yml", str(tmp_path / "action.yml"))
    assert "template-injection" in done.stdout + done.stderr
    assert done.returncode != 0


def test_the_hook_of_pre_commit_runs_a_command_that_there_is() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["pass_filenames"] is False
    argv = [*hook["entry"].split(), *hook["args"], "--help"]
    assert argv[0] == "opensslrun"
    done = run(sys.executable, "-m", *argv)
    assert done.returncode == 0, done.stderr
    assert "--target" in done.stdout


def test_no_shipped_difference_has_an_id_that_is_left_to_projects() -> None:
    entries = tomllib.loads(shipped("differences.toml").read_text())["difference"]
    assert max(entry["id"] for entry in entries) < "D900"
