"""The whole package where this machine pretends to be another: see :mod:`pretend` for what is taken away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PRETEND = Path(__file__).with_name("pretend.py")
SYSTEMS = ("this", "macos", "windows")
OTHERS = pytest.mark.parametrize("system", SYSTEMS[1:])
EVERY = pytest.mark.parametrize("system", SYSTEMS)
CASES = ("root-ca", "root-ca-false", "root-hash", "verify-expired", "device-request")
"""Cases that ask for pass phrases, make files, and refuse; ``root-hash`` needs a shell."""


def run(system: str, *arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``pretend.py`` with no terminal that it could find."""
    return subprocess.run(
        [sys.executable, str(PRETEND), system, *arguments],
        cwd=folder,
        env={**os.environ, "OPENSSLRUN_TRACEBACK": "1", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        start_new_session=True,
    )


def result_of(system: str, folder: Path) -> dict[str, Any]:
    """The result of a run of CASES on this machine's own openssl, its temporary folder behind a link as on macOS."""
    (folder / "private").mkdir()
    (folder / "var").symlink_to("private")
    cases = [word for case in CASES for word in ("-c", case)]
    out = folder / "result.json"
    done = run(
        system, "matrix", "run", "--bench", "local", "--no-cache", "-t", "host", *cases, "--out", str(out),
        folder=folder, TMPDIR=str(folder / "var"),
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    assert list((folder / "private").iterdir()) == []
    result: dict[str, Any] = json.loads(out.read_text())
    assert result["targets"][0]["outcome"] == "ran", result["targets"][0]["reason"]
    return result


def facts_of(result: dict[str, Any]) -> dict[tuple[str, str, str], object]:
    return {
        (cell["case"], step["id"], name): value
        for cell in result["cells"]
        for step in cell["steps"]
        for name, value in step["facts"].items()
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return result_of("this", tmp_path_factory.mktemp("this"))


@pytest.mark.parametrize("module", ["fcntl", "termios", "pty", "resource", "grp", "pwd", "pexpect.pty_spawn"])
def test_the_pretence_takes_modules_away(tmp_path: Path, module: str) -> None:
    done = run("windows", "-c", f"import {module}", folder=tmp_path)
    assert f"No module named '{module}'" in done.stderr


@pytest.mark.parametrize(
    ("system", "code", "told"),
    [
        ("windows", "import os; os.killpg", "no attribute 'killpg'"),
        ("windows", "import os; os.fork", "no attribute 'fork'"),
        ("windows", "import os; os.setsid", "no attribute 'setsid'"),
        ("windows", "import os; os.geteuid", "no attribute 'geteuid'"),
        ("macos", "import os; os.pidfd_open", "no attribute 'pidfd_open'"),
        ("macos", "open('/proc/self/status')", "No such file"),
        ("macos", "import subprocess; subprocess.run(['ldd', '/bin/sh'])", "No such file"),
        ("macos", "import ctypes; ctypes.CDLL(None).prctl", "prctl"),
    ],
)
def test_the_pretence_takes_calls_away(tmp_path: Path, system: str, code: str, told: str) -> None:
    done = run(system, "-c", code, folder=tmp_path)
    assert done.returncode != 0
    assert told in done.stderr


def test_macos_gives_the_same_facts_and_the_same_verdicts(tmp_path: Path, here: dict[str, Any]) -> None:
    there = result_of("macos", tmp_path)
    assert len(facts_of(here)) > 100
    assert facts_of(there) == facts_of(here)
    verdicts = [{cell["case"]: cell["verdict"] for cell in result["cells"]} for result in (here, there)]
    assert verdicts[0] == verdicts[1]
    assert (there["targets"][0]["platform"], there["targets"][0]["system"]) == ("macos", "macOS 14.5")
    assert there["targets"][0]["fingerprint"] == here["targets"][0]["fingerprint"]


def test_windows_gives_the_same_facts_but_for_the_modes_that_it_has_not(tmp_path: Path, here: dict[str, Any]) -> None:
    there = result_of("windows", tmp_path)
    with_modes = {key: value for key, value in facts_of(here).items() if not key[2].startswith("file.mode@")}
    assert len(with_modes) < len(facts_of(here))
    assert facts_of(there) == with_modes
    target = there["targets"][0]
    assert (target["platform"], target["system"]) == ("windows", "Windows 10.0.19045")
    assert target["fingerprint"]["binary_sha256"] == here["targets"][0]["fingerprint"]["binary_sha256"]
    assert target["fingerprint"]["config_sha256"] == here["targets"][0]["fingerprint"]["config_sha256"]


@OTHERS
def test_doctor_and_the_list_of_targets_speak_of_that_system(tmp_path: Path, system: str) -> None:
    checked = run(system, "doctor", "--format", "json", folder=tmp_path)
    checks = {check["name"]: check for check in json.loads(checked.stdout)["checks"]}
    assert checks["system"]["detail"].startswith({"macos": "macOS 14.5", "windows": "Windows 10"}[system])
    assert (checks["system"]["state"], checks["openssl"]["state"]) == ("ok", "ok")
    assert "apt-get" not in checks
    assert ("shell" in checks) == (system == "windows")
    listed = run(system, "targets", "list", "--format", "json", folder=tmp_path)
    targets = {target["id"]: target for target in json.loads(listed.stdout)["targets"]}
    assert (targets["host"]["availability"], targets["host"]["platform"]) == ("ready", system)


@OTHERS
def test_a_root_ca_is_made_and_never_lost(tmp_path: Path, system: str) -> None:
    (tmp_path / "root.conf").write_text(
        "[req]\ndistinguished_name=n\nprompt=no\nx509_extensions=x\n[n]\nCN=Root\n[x]\nbasicConstraints=critical,CA:true\n"
    )
    arguments = ("root-ca", "--config", "root.conf", "--out-dir", ".", "--bits", "2048", "--pass-env", "PHRASE")
    made = run(system, *arguments, folder=tmp_path, PHRASE="correct horse")
    assert made.returncode == 0, made.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"root.conf", "rootCA.key", "rootCA.crt"}
    key = (tmp_path / "rootCA.key").read_bytes()
    again = run(system, *arguments, folder=tmp_path, PHRASE="correct horse")
    assert (again.returncode, (tmp_path / "rootCA.key").read_bytes()) == (2, key)
    verified = run(system, "verify", "--ca-file", "rootCA.crt", "rootCA.crt", folder=tmp_path)
    assert verified.returncode == 0, verified.stderr
    wrong = run(system, *arguments, "--force", folder=tmp_path, PHRASE="abc")
    assert (wrong.returncode, "abc" in wrong.stdout + wrong.stderr) == (2, False)


@EVERY
def test_a_binary_of_ones_own_is_named_from_home_or_beside_its_file(tmp_path: Path, system: str) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    (tmp_path / "home").mkdir()
    (tmp_path / "bin").mkdir()
    for place in ("home", "bin"):
        (tmp_path / place / "openssl").symlink_to(openssl)
    tables = [("tilde", "~/openssl"), ("beside", "bin/openssl"), ("gone", "bin/nosuch")]
    text = "".join(f'[[target]]\nid = "{name}"\npath = "{path}"\n' for name, path in tables)
    (tmp_path / "opensslrun.toml").write_text(text)
    own = ("matrix", "run", "--bench", "local", "--no-cache", "-c", "verify-expired")
    done = run(system, *own, "-t", "tilde", "-t", "beside", folder=tmp_path, HOME=str(tmp_path / "home"))
    targets = json.loads((tmp_path / "opensslrun-results.json").read_text())["targets"]
    assert {(target["id"], target["outcome"]) for target in targets} == {("tilde", "ran"), ("beside", "ran")}
    assert done.returncode in {0, 1}
    gone = run(system, *own, "-t", "gone", folder=tmp_path, HOME=str(tmp_path / "home"))
    assert gone.returncode == 3
    assert f"{tmp_path}/bin/nosuch, the binary of the target 'gone', is not a program that can be run" in gone.stderr


@EVERY
def test_a_home_that_nobody_has_is_a_sentence(tmp_path: Path, system: str) -> None:
    (tmp_path / "opensslrun.toml").write_text('[[target]]\nid = "mine"\npath = "~nosuchuser/openssl"\n')
    done = run(system, "targets", "list", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no home folder for '~nosuchuser/openssl'; write it in full" in done.stderr


def test_windows_without_a_shell_says_what_to_install(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    (tmp_path / "openssl").symlink_to(openssl)
    done = run("windows", "matrix", "run", "--bench", "local", "-t", "host", folder=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 3
    assert "install Git for Windows" in done.stderr


STEPS = """
import sys, threading
from pathlib import Path
from opensslrun.driver.outcome import Input
from opensslrun.driver.process import run_program
from opensslrun.errors import EngineError

key = ["openssl", "genrsa", "-des3", "-out", "a.key", "1024"]
made = run_program(key, cwd=Path.cwd(), answers=["correct horse"] * 2)
assert (made.ending, made.status, len(made.prompts)) == ("exited", 0, 2), made
assert b"Enter" not in made.stderr, made
alone = run_program(["openssl", "rsa", "-in", "a.key", "-noout"], cwd=Path.cwd(), answers=["wrong phrase"])
assert (alone.ending, alone.status, alone.prompts) == ("exited", 1, ("Enter pass phrase for a.key:",)), alone
hung = run_program(["sh", "-c", "printf 'Say yes: ' >&2; sleep 60"], cwd=Path.cwd(), input=Input.LINES, timeout_s=0.5)
assert (hung.ending, hung.unanswered) == ("hung", "Say yes: "), hung
runaway = run_program(["yes"], cwd=Path.cwd(), max_file_size=1 << 20)
assert runaway.ending in ("hung", "signalled") and len(runaway.stdout) >= 1 << 20, runaway.ending
flag = threading.Event()
threading.Timer(0.3, flag.set).start()
try:
    run_program(["sleep", "60"], cwd=Path.cwd(), interrupted=flag)
except EngineError:
    print("interrupted")
"""


@EVERY
def test_prompts_hangs_runaways_and_interruptions(tmp_path: Path, system: str) -> None:
    done = run(system, "-c", STEPS, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


def test_the_tables_that_windows_is_given_are_laid_out_as_it_lays_them_out(tmp_path: Path) -> None:
    code = """
import ctypes, importlib.util, sys
from pathlib import Path
import opensslrun.driver.system as package
place = Path(package.__file__).with_name("job.py")
spec = importlib.util.spec_from_file_location("job", place)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
limits = module._ExtendedLimits
print(ctypes.sizeof(module._BasicLimits), limits.job_memory.offset, ctypes.sizeof(limits))
"""
    done = run("windows", "-c", code, folder=tmp_path)
    assert done.stdout == "64 120 144\n", done.stderr
