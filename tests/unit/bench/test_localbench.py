from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from opensslrun.bench.base import Command
from opensslrun.bench.localbench import LocalBench
from opensslrun.driver.outcome import Ending, Input
from opensslrun.errors import EngineError, EnvironmentLacksError


@pytest.fixture
def openssl() -> Path:
    found = shutil.which("openssl")
    assert found is not None, "this test runs this machine's openssl; install it"
    return Path(found)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A program that is certainly not the openssl on PATH."""
    program = tmp_path / "other openssl"
    program.write_text('#!/bin/sh\necho "other: $*"\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("line", ["openssl version -a", "openssl version -a | cat", "sh -c 'openssl version -a'"])
@pytest.mark.parametrize("given", list(Input))
def test_openssl_in_a_command_line_is_the_benchs_binary(other: Path, line: str, given: Input) -> None:
    with LocalBench(other) as bench, bench.workspace({}) as workspace:
        seen = workspace.run(Command(line, given))

    assert seen.outcome.stdout == b"other: version -a\n"
    assert seen.files == {}


def test_everything_is_removed_in_the_end_and_was_private(
    openssl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalBench(openssl) as bench, bench.workspace({"a": b"x"}) as workspace:
        seen = workspace.run(Command("mkdir -p d/e; echo x >d/e/f; chmod 500 d/e d; umask"))
        (private,) = tmp_path.iterdir()
        assert private.stat().st_mode & 0o777 == 0o700

    assert seen.outcome.stdout == b"0022\n"
    assert set(seen.files) == {"a", "d", "d/e", "d/e/f"}
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_is_removed_when_it_is_left(openssl: Path) -> None:
    with LocalBench(openssl) as bench:
        with bench.workspace({}) as workspace:
            where = Path(workspace.run(Command("pwd")).outcome.stdout.decode().strip())
            assert where.is_dir()
        assert not where.exists()


@pytest.mark.parametrize("name", ["nonexistent", "."])
def test_a_binary_that_is_not_there_is_an_error_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(EnvironmentLacksError, match="is not a program that can be run"), LocalBench(tmp_path / name):
        pass


def test_a_bench_that_was_left_is_not_used_again(openssl: Path) -> None:
    bench = LocalBench(openssl, name="host")
    with pytest.raises(EngineError, match="bench of host was used"):
        bench.workspace({})


def test_a_binary_that_is_killed_is_said_to_be(tmp_path: Path) -> None:
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\nkill -11 $$\n")
    program.chmod(0o755)
    with LocalBench(program) as bench, bench.workspace({}) as workspace:
        for line in ("openssl version", "openssl version; exit $?"):
            seen = workspace.run(Command(line)).outcome
            assert (seen.ending, seen.status) == (Ending.SIGNALLED, 11)
