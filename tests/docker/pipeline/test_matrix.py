"""The matrix itself, from the command line, on the real engine and the real binaries."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import jsonschema
import pytest

from engineway import EngineWay
from opensslrun.targets.engine import LABEL_TARGET

TARGETS = {
    "host", "debian-11", "debian-12", "debian-13", "debian-sid", "debian-experimental",
    "openssl-1.1.1", "openssl-1.1.1f", "openssl-1.1.1g", "openssl-1.1.1w", "openssl-3.0.2", "openssl-3.1.4",
    "openssl-3.2.1", "openssl-3.3.2", "openssl-3.4.1", "openssl-3.5.5", "openssl-3.6.3", "openssl-4.0.3",
    "windows-openssl-1.1.1g", "windows-openssl-3.5.5",
    "libressl-3.0.2", "libressl-3.1.0",
}  # fmt: skip
"""Those that a Debian machine can have with nothing but the registries of Debian and Rust."""


def start(folder: Path, *args: str, **environment: str) -> subprocess.Popen[str]:
    argv = [
        sys.executable,
        "-m",
        "opensslrun",
        "matrix",
        "run",
        "--no-cache",
        "--out",
        str(folder / "result.json"),
        *args,
    ]
    return subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )


def finish(process: subprocess.Popen[str], seconds: float = 600) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err
    return process.returncode, out, err


def result_in(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return data


def ours() -> set[str]:
    """Containers of targets: they carry the label of their image."""
    client = docker.from_env()
    try:
        # Not containers.list: it asks for each one once more, and fails when one has ended meanwhile.
        return {str(seen["Id"]) for seen in client.api.containers(all=True, filters={"label": LABEL_TARGET})}
    finally:
        client.close()


def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} never came; got {seen!r}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str, str]:
    folder = tmp_path_factory.mktemp("whole")
    return folder, *finish(start(folder), 1800)


def test_everything_is_as_predicted_on_every_target_to_be_had(whole: tuple[Path, int, str, str]) -> None:
    folder, status, out, err = whole
    assert status == 0, err
    result = result_in(folder)
    assert {target["id"] for target in result["targets"] if target["outcome"] == "ran"} >= TARGETS
    assert not any(target["outcome"] == "error" for target in result["targets"])
    assert result["summary"]["comparisons"] > 0
    seen = (*result["cells"], *result["pairs"])
    found = [finding for cell in seen for step in cell["steps"] for finding in step["findings"]]
    absent = sum(finding["value"] == {"absent": True} for finding in found)
    assert absent, "on Windows there is no file.mode, and that was compared too"
    assert result["summary"]["comparisons"] == result["summary"]["facts"] + absent
    assert "as predicted" in out


def test_each_target_is_the_version_it_is_called(whole: tuple[Path, int, str, str]) -> None:
    lines = {target["id"]: target["version_line"] for target in result_in(whole[0])["targets"]}
    assert lines["openssl-1.1.1g"] == "OpenSSL 1.1.1g  21 Apr 2020"
    assert lines["libressl-3.0.2"] == "LibreSSL 3.0.2"
    assert lines["debian-12"].startswith("OpenSSL 3.0.")


def test_the_rows_of_the_guide_are_measured_or_have_a_stand_in_that_is_named(whole: tuple[Path, int, str, str]) -> None:
    result = result_in(whole[0])
    rows = {row["target"]: row for row in result["readers"] if row["guide_row"]}
    assert list(rows) == [row["target"] for row in result["readers"]][: len(rows)], "the guide's rows come first"
    assert set(rows) == {"libressl-2.8.3", "ubuntu-18.04", "windows-openssl-1.1.1g"}
    for name, row in rows.items():
        assert row["verdict"] in {"pass", "known"}
        if row["quality"] == "measured":
            assert row["by"] == name
            continue
        assert row["quality"] == "stand-in"
        assert row["lacks"]
        (stand_in,) = (target for target in result["targets"] if target["id"] == row["by"])
        assert name in stand_in["stand_in_for"]
        assert not any(cell["steps"] for cell in result["cells"] if cell["target"] == name)
        assert f"stand-in {row['by']}" in whole[2]


def test_a_stand_in_runs_for_what_cannot_be_had_unless_it_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f"""
        [[target]]
        id = "gone"
        implementation = "OpenSSL"
        version = "1.1.1g"
        builder = "debian-12"
        reader = {{ name = "a lost tribe", system = "tribe", first = "1" }}
        stand_in = {{ target = "openssl-1.1.1g", lacks = "their own patches" }}
        routes = [{{ tarball = "http://127.0.0.1:9/openssl.tar.gz", sha256 = "{"0" * 64}" }}]
        """
    )
    selected = ("--targets-file", str(mine), "--readers", "tribe>=1", "-c", "verify-expired")
    status, out, err = finish(start(tmp_path, *selected))
    assert status == 0, err
    result = result_in(tmp_path)
    assert [(target["id"], target["outcome"]) for target in result["targets"]] == [
        ("gone", "not-run"),
        ("openssl-1.1.1g", "ran"),
    ]
    (row,) = result["readers"]
    assert (row["quality"], row["by"], row["lacks"]) == ("stand-in", "openssl-1.1.1g", "their own patches")
    assert "stand-in openssl-1.1.1g; does not show their own patches" in " ".join(out.split())
    refused = finish(start(tmp_path, *selected, "--no-stand-ins"))
    assert refused[0] == 3, refused[2]
    assert "gone is picked by --readers and did not run" in refused[2]
    assert result_in(tmp_path)["readers"][0]["quality"] == "not-run"
    named = finish(start(tmp_path, "--targets-file", str(mine), "-t", "gone", "-c", "verify-expired"))
    assert named[0] == 3
    assert "gone is named with -t and did not run" in named[2]
    assert "openssl-1.1.1g ran as its stand-in, which is not the thing itself" in named[2]


def test_a_stand_in_does_not_hide_sources_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    (tmp_path / "openssl.tar.gz").write_bytes(b"not what was declared")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f"""
        [[target]]
        id = "tampered"
        implementation = "OpenSSL"
        version = "1.1.1g"
        builder = "debian-12"
        reader = {{ name = "a lost tribe", system = "tribe", first = "1" }}
        stand_in = {{ target = "host", lacks = "everything" }}
        routes = [{{ tarball = "http://127.0.0.1:{server.server_port}/openssl.tar.gz", sha256 = "{"0" * 64}" }}]
        """
    )
    try:
        status, _, err = finish(start(tmp_path, "--targets-file", str(mine), "--readers", "tribe", "-c", "root-ca"))
    finally:
        server.shutdown()
        server.server_close()
    assert status == 3, err
    assert "0" * 64 in err
    result = result_in(tmp_path)
    assert [(target["id"], target["outcome"]) for target in result["targets"]] == [("tampered", "not-run")]
    assert [row["quality"] for row in result["readers"]] == ["not-run"]


def test_the_false_ok_of_libressl_is_a_known_security_difference(whole: tuple[Path, int, str, str]) -> None:
    result = result_in(whole[0])
    cells = {cell["target"]: cell for cell in result["cells"] if cell["case"] == "verify-expired"}
    facts = cells["libressl-3.0.2"]["steps"][0]["facts"]
    assert facts["exit_status"] == 0
    assert facts["verify.claim@leaf.crt"] == "ok"
    assert facts["verify.answer@leaf.crt"] == "refused"
    assert cells["libressl-3.0.2"]["verdict"] == "known"
    (by,) = {
        finding["by"]
        for finding in cells["libressl-3.0.2"]["steps"][0]["findings"]
        if finding["fact"] == "verify.claim@leaf.crt"
    }
    severity = {entry["id"]: entry["severity"] for entry in result["known_differences"]}
    assert severity[by] == "security"
    for other in (name for name in TARGETS if not name.startswith("libressl")):
        assert cells[other]["steps"][0]["facts"]["verify.claim@leaf.crt"] == "refused"
    assert "D003  security  verify says OK although it found an error" in whole[2]


def test_the_result_keeps_its_schema(whole: tuple[Path, int, str, str]) -> None:
    argv = [sys.executable, "-m", "opensslrun", "schema"]
    schema = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(result_in(whole[0]), schema)


def test_no_pass_phrase_and_no_path_of_the_user_is_in_the_result(whole: tuple[Path, int, str, str]) -> None:
    text = (whole[0] / "result.json").read_text() + whole[2] + whole[3]
    assert "correct horse" not in text
    assert f"{Path.home()}/" not in (whole[0] / "result.json").read_text()


def test_a_run_leaves_no_container(whole: tuple[Path, int, str, str]) -> None:
    assert whole[1] == 0
    assert until(lambda: not ours())


def test_two_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    processes = [start(folder, "-c", "verify-expired") for folder in folders]
    assert [finish(process)[0] for process in processes] == [0, 0]


def test_a_cell_is_judged_alike_alone_and_among_others(whole: tuple[Path, int, str, str], tmp_path: Path) -> None:
    status, _, _ = finish(start(tmp_path, "-t", "libressl-3.0.2", "-c", "verify-expired"))
    assert status == 0
    (alone,) = result_in(tmp_path)["cells"]
    (among,) = [
        cell
        for cell in result_in(whole[0])["cells"]
        if (cell["target"], cell["case"]) == ("libressl-3.0.2", "verify-expired")
    ]
    assert (alone["verdict"], alone["reason"]) == (among["verdict"], among["reason"])


NAP = f"sleep {100_000 + os.getpid()}"
"""What the processes of this run of the tests, and of no other, can be found by."""
SLOW = f'title = "slow"\n[[step]]\nrun = "{NAP}; openssl version"\ntimeout = 100\n'


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_finished_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "zz-slow.toml").write_text(SLOW)
    arguments = ["--cases-dir", str(cases), "-c", "verify-expired", "-c", "zz-slow"]
    process = start(tmp_path, "-t", "openssl-1.1.1g", "-t", "host", *arguments)
    read_until(process, "[2/4]")
    process.send_signal(number)
    status, _, err = finish(process, 30)
    assert status == 130
    assert "interrupted" in err
    verdicts = {(cell["target"], cell["case"]): cell["verdict"] for cell in result_in(tmp_path)["cells"]}
    assert verdicts["openssl-1.1.1g", "verify-expired"] == "known"
    assert verdicts["openssl-1.1.1g", "zz-slow"] == "not-run"
    assert until(lambda: not ours())
    assert not subprocess.run(["pgrep", "-f", NAP], capture_output=True, check=False).stdout


SLOW_ON_THIS_MACHINE = f"""
title = "slow on this machine"
[[step]]
run = "[ -d /w ] || {NAP}; openssl version"
timeout = 100
"""


def test_an_interruption_ends_the_containers_that_wait_for_what_they_will_read(tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "zz-slow.toml").write_text(SLOW_ON_THIS_MACHINE)
    chosen = ("--cases-dir", str(cases), "-c", "pair-plain-key", "-c", "zz-slow")
    process = start(tmp_path, "-t", "openssl-1.1.1g", "-t", "host", *chosen)
    read_until(process, "[3/4]")
    assert until(lambda: bool(ours()))
    time.sleep(1)
    assert ours(), "it waits for the pairs"
    process.send_signal(signal.SIGINT)
    status, _, _ = finish(process, 30)
    assert status == 130
    assert not ours()
    result = result_in(tmp_path)
    outcomes = {target["id"]: target["outcome"] for target in result["targets"]}
    assert outcomes == {"openssl-1.1.1g": "ran", "host": "not-run"}
    assert {pair["verdict"] for pair in result["pairs"]} == {"not-run"}
    assert not subprocess.run(["pgrep", "-f", NAP], capture_output=True, check=False).stdout


def test_a_killed_run_leaves_no_container_and_no_process(tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "zz-slow.toml").write_text(SLOW)
    process = start(tmp_path, "-t", "openssl-1.1.1g", "-t", "host", "--cases-dir", str(cases), "-c", "zz-slow")
    assert until(lambda: bool(ours()))
    time.sleep(1)
    process.kill()
    process.communicate(timeout=10)
    assert until(lambda: not ours())
    assert until(lambda: not subprocess.run(["pgrep", "-fx", NAP], capture_output=True, check=False).stdout, 5)


@pytest.fixture
def way(tmp_path: Path) -> Iterator[EngineWay]:
    with contextlib.closing(EngineWay(tmp_path / "engine.sock")) as way:
        yield way


def test_an_engine_that_stops_in_the_middle_is_an_error_in_one_sentence(tmp_path: Path, way: EngineWay) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "zz-slow.toml").write_text(SLOW)
    arguments = ["--cases-dir", str(cases), "-c", "verify-expired", "-c", "zz-slow", "-t", "openssl-1.1.1g"]
    process = start(tmp_path, *arguments, DOCKER_HOST=f"unix://{way.path}")
    read_until(process, "[1/2]")
    time.sleep(1)
    way.close()
    status, _, err = finish(process, 120)
    assert status == 1, err
    verdicts = {cell["case"]: cell["verdict"] for cell in result_in(tmp_path)["cells"]}
    assert verdicts == {"verify-expired": "known", "zz-slow": "error"}
    assert until(lambda: not ours())


def test_without_an_engine_the_rest_runs_and_the_reason_is_said(tmp_path: Path) -> None:
    process = start(tmp_path, "-c", "verify-expired", DOCKER_HOST=f"unix://{tmp_path}/gone.sock")
    status, out, err = finish(process)
    assert status == 3
    verdicts = {cell["target"]: cell["verdict"] for cell in result_in(tmp_path)["cells"]}
    assert verdicts["host"] == "pass"
    assert verdicts["libressl-3.0.2"] == "not-run"
    assert "libressl-2.8.3 is required and did not run" in err
    assert "engine" in err
    assert out
