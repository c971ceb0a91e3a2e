"""The scripts of the ready workflows, run as a CI system runs them, in a project of their own.

GitLab's run against a second engine of this machine that sees none of its files, as docker-in-docker does not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CASES = "-c guide-* -c root-ca-false -c pair-plain-key"
WHAT = {"OPENSSLRUN_CASES": CASES, "OPENSSLRUN_TARGETS": "-t openssl-1.1.1g -t debian-12"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example project, and programs of the names that the scripts call."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "own-guide", folder)
    bins = tmp_path / "bin"
    bins.mkdir()
    (bins / "opensslrun").write_text(f'#!/bin/sh\nexec {sys.executable} -m opensslrun "$@"\n')
    (bins / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (bins / "pip").write_text('#!/bin/sh\n[ "$*" = "install opensslrun" ]\n')
    for program in bins.iterdir():
        program.chmod(0o755)
    return folder


def script(project: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One script, by the shell that both systems use; nobody's settings of a real job are there."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI"))}
    path = f"{project.parent / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=project,
        env=own | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def steps(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [step for step in job["steps"] if "run" in step]


def written(project: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((project / name).read_text())
    return data


def test_the_jobs_of_github_make_one_report_of_their_parts(project: Path) -> None:
    jobs = yaml.safe_load((ROOT / "ci/github/opensslrun.yml").read_text())["jobs"]
    outputs, summary = project.parent / "outputs", project.parent / "summary.md"
    common = {
        **WHAT,
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_OS": "Linux",
    }
    for number in jobs["shard"]["strategy"]["matrix"]["shard"]:
        for step in steps(jobs["shard"]):
            done = script(project, step["run"], **common, SHARD=str(number))
            assert done.returncode == 0, done.stderr
    assert len(outputs.read_text().splitlines()[0].removeprefix("sha256=")) == 64
    for step in steps(jobs["machine"]):
        done = script(project, step["run"], **common)
        assert done.returncode == 0, done.stderr
    (project / "parts").mkdir()
    for part in (*project.glob("part-*.json"), *project.glob("machine-*.json")):
        part.rename(project / "parts" / part.name)
    for step in steps(jobs["report"]):
        done = script(project, step["run"], **common)
        assert done.returncode == 0, done.stderr
    result = written(project, "opensslrun-results.json")
    assert result["run"]["shard"] is None
    assert {cell["case"] for cell in result["cells"]} == {"guide-csr", "root-ca-false", "pair-plain-key"}
    ran = [target["id"] for target in result["targets"] if target["outcome"] == "ran"]
    assert len(ran) == 3
    assert ran[2].startswith("host-")
    assert "Known differences, format" in summary.read_text()
    for name in ("report.html", "junit.xml", "badge.svg"):
        assert (project / name).stat().st_size > 500


def test_a_difference_that_nobody_predicts_fails_the_report_and_is_annotated_in_its_file(project: Path) -> None:
    (project / "differences.toml").write_text("")
    jobs = yaml.safe_load((ROOT / "ci/github/opensslrun.yml").read_text())["jobs"]
    common = {"OPENSSLRUN_CASES": "-c guide-*", "OPENSSLRUN_TARGETS": "-t openssl-1.1.1g", "GITHUB_ACTIONS": "true"}
    run = next(step["run"] for step in steps(jobs["shard"]) if "matrix run" in step["run"])
    done = script(project, run.replace("/3", "/1"), **common, SHARD="1")
    assert done.returncode == 1
    (project / "parts").mkdir()
    (project / "part-1.json").rename(project / "parts/part-1.json")
    merge, report = (step["run"] for step in steps(jobs["report"])[1:])
    assert script(project, merge, **common).returncode == 1
    said = script(project, report, **common).stdout
    lines = (project / "cases/guide-csr.toml").read_text().splitlines()
    number = lines.index("[[step]]") + 1
    assert f"::error file=cases/guide-csr.toml,line={number},title=new%3A openssl genrsa" in said


@pytest.fixture
def second_engine(tmp_path: Path) -> Iterator[str]:
    """An engine in a mount namespace of its own, in which the folders of these tests are not there.

    It has a network of its own too: an engine without a bridge takes that of the first one away.
    """
    assert os.geteuid() == 0, "a second engine needs root, as CI has it"
    base = Path(f"/run/opensslrun-test-{os.getpid()}")
    base.mkdir()
    (base / "daemon.json").write_text("{}")
    address = f"unix://{base}/engine.sock"
    asked = subprocess.run(["docker", "info", "--format", "{{.Driver}}"], capture_output=True, text=True, check=True)
    start = (
        f"mount -t tmpfs none /tmp && exec dockerd --config-file {base}/daemon.json --host {address} "
        f"--data-root {base}/data --exec-root {base}/exec --pidfile {base}/pid --iptables=false --ip6tables=false "
        f"--bridge=none --storage-driver {asked.stdout.strip()}"
    )
    with (tmp_path / "engine.log").open("wb") as log:
        argv = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", start]
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        _until_it_answers(address, process, tmp_path / "engine.log")
        yield address
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(base, ignore_errors=True)


def _until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        argv = ["docker", "--host", address, "version", "--format", "{{.Server.Version}}"]
        if subprocess.run(argv, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.5)
    raise AssertionError(f"the second engine did not answer: {log.read_text()[-2000:]}")


def test_the_jobs_of_gitlab_run_where_the_engine_sees_no_file_of_theirs(project: Path, second_engine: str) -> None:
    jobs = yaml.safe_load((ROOT / "ci/gitlab/opensslrun.yml").read_text())
    before = jobs[".opensslrun"]["before_script"]
    common = {**WHAT, "DOCKER_HOST": second_engine}
    common |= {"CI_NODE_TOTAL": str(jobs["part"]["parallel"])}
    for number in range(1, jobs["part"]["parallel"] + 1):
        text = "\n".join([*before, *jobs["part"]["script"]])
        done = script(project, text, **common, CI_NODE_INDEX=str(number))
        assert done.returncode == 0, done.stderr
    done = script(project, "\n".join([*before, *jobs["report"]["script"]]))
    assert done.returncode == 0, done.stderr
    result = written(project, "opensslrun-results.json")
    assert {cell["verdict"] for cell in result["cells"]} <= {"pass", "known"}
    assert {target["id"] for target in result["targets"]} == {"openssl-1.1.1g", "debian-12"}
    assert (project / "junit.xml").exists()


def test_the_action_runs_the_cases_of_another_repository(project: Path) -> None:
    (install, run) = (
        step for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"] if "run" in step
    )
    outputs = project.parent / "outputs"
    common = {"RUNNER_TEMP": str(project.parent), "GITHUB_OUTPUT": str(outputs), "GITHUB_ACTIONS": "true"}
    done = script(project, install["run"], **common, ACTION_PATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    done = script(project, run["run"], **common, ARGS="-c 'guide-*' -t host -t openssl-1.1.1g")
    assert done.returncode == 0, done.stderr
    said = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    assert json.loads(Path(said["result"]).read_text())["summary"]["cells"] == 2
    assert (project / "report.html").exists()


def test_the_command_of_the_example_is_green_here(project: Path) -> None:
    done = script(project, "opensslrun matrix run -c 'guide-*' --readers our-readers --out result.json")
    assert done.returncode == 0, done.stderr
    result = written(project, "result.json")
    assert {cell["verdict"] for cell in result["cells"] if cell["steps"]} <= {"pass", "known"}
    assert len({cell["target"] for cell in result["cells"] if cell["steps"]}) > 5
