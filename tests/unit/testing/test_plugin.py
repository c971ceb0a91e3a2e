"""The pytest plugin, used as a project would: a test file, a few targets by path, pytest in a process of its own."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

REAL = shutil.which("openssl") or "openssl"

TEST = """
def test_a_key(openssl_target):
    ran = openssl_target.run("openssl genrsa -out my.key 2048")
    assert ran.status == 0, ran.stderr
    assert ran.facts["key.bits@my.key"] == 2048
    assert b"PRIVATE KEY" in ran.files["my.key"] == openssl_target.read("my.key")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with two targets that are there and one that is not."""
    paths = {"one": REAL, "two": REAL, "gone": "/nowhere/openssl"}
    text = "\n".join(f'[[target]]\nid = "{name}"\npath = "{path}"\n' for name, path in paths.items())
    (pytester.path / "opensslrun.toml").write_text(text)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def test_a_test_runs_once_on_each_target_under_its_name(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("-v", "--openssl-targets", "one,two")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*::test_a_key[[]one[]] PASSED*", "*::test_a_key[[]two[]] PASSED*"])


@pytest.mark.parametrize(("expression", "passed"), [("one", 1), ("not one", 1), ("two or one", 2)])
def test_targets_are_picked_with_k(project: pytest.Pytester, expression: str, passed: int) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("-k", expression, "--openssl-targets", "one", "--openssl-targets", "two")
    result.assert_outcomes(passed=passed, deselected=2 - passed)


def test_marks_pick_the_implementation(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("--collect-only", "-q", "-m", "libressl and not openssl_windows")
    assert result.ret == 0
    lines = [line for line in result.outlines if "::" in line]
    assert lines
    assert all("libressl-" in line for line in lines)


def test_the_project_may_name_its_targets_in_its_settings(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nopenssl_targets = one\n")
    project.makepyfile(TEST)
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_what_is_not_there_is_skipped_with_its_reason(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("-rs", "--openssl-targets", "one,gon*")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*gone is not there: /nowhere/openssl*"])


def test_what_was_named_and_is_not_there_fails(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("--openssl-targets", "gone")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*gone was named and is not there: /nowhere/openssl*"])


def test_a_glob_that_matches_nothing_is_refused(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("--openssl-targets", "onne")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*did you mean 'one'?*"])


def test_prompts_are_answered_and_told(project: pytest.Pytester) -> None:
    project.makepyfile("""
        def test_prompts(openssl_target):
            ran = openssl_target.run("openssl genrsa -aes256 -out my.key 2048", answers=["correct", "correct"])
            assert (ran.status, len(ran.prompts)) == (0, 2)
            assert ran.facts["key.encrypted@my.key"] is True
            assert ran.facts["key.opens@my.key"] is True
            again = openssl_target.run("openssl rsa -in my.key -noout -check", answers=["wrong one"])
            assert again.status == 1
            assert "wrong pass phrase" in again.facts["stderr.classes"]
        """)
    project.runpytest_subprocess("--openssl-targets", "one").assert_outcomes(passed=1)


def test_files_are_written_before_the_first_command_and_tests_share_none(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import pytest
        from opensslrun.errors import UsageError

        def test_written(openssl_target):
            openssl_target.write("a.txt", "hello")
            assert openssl_target.read("a.txt") == b"hello"
            assert openssl_target.run("cat a.txt; mv a.txt b.txt").stdout == "hello"
            assert openssl_target.read("b.txt") == b"hello"
            with pytest.raises(UsageError, match="after the first command"):
                openssl_target.write("c.txt", b"")
            with pytest.raises(UsageError, match="there is no file 'a.txt'; there are: b.txt"):
                openssl_target.read("a.txt")

        def test_empty(openssl_target):
            assert openssl_target.run("ls").stdout == ""
        """)
    project.runpytest_subprocess("--openssl-targets", "one").assert_outcomes(passed=2)


def test_the_target_says_what_it_is(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from opensslrun.driver.version import Version

        def test_version(openssl_target):
            assert (openssl_target.id, openssl_target.implementation) == ("one", "OpenSSL")
            assert openssl_target.version > Version.parse(openssl_target.version.implementation, "1.0.2k")
            assert openssl_target.run("openssl version").stdout.startswith(f"OpenSSL {openssl_target.version.number}")
            assert openssl_target.platform
        """)
    project.runpytest_subprocess("--openssl-targets", "one").assert_outcomes(passed=1)


def test_a_command_that_does_not_end_fails_its_test_and_no_other(project: pytest.Pytester) -> None:
    project.makepyfile("""
        def test_hangs(openssl_target):
            openssl_target.run("openssl genrsa -aes256 -out my.key 2048", timeout_s=5)

        def test_goes_on(openssl_target):
            assert openssl_target.run("openssl version").status == 0
        """)
    result = project.runpytest_subprocess("--openssl-targets", "one")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*did not end on one: it stood at 'Enter*pass phrase*"])


def lying(folder: Path, text: str) -> Path:
    path = folder / "openssl-of-ours"
    path.write_text(f'#!/bin/sh\n{text}\nexec {REAL} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def declare(project: pytest.Pytester, path: Path) -> None:
    table = f'[[target]]\nid = "ours"\nimplementation = "OpenSSL"\nversion = "1.1.1"\npath = "{path}"\n'
    (project.path / "opensslrun.toml").write_text(table)


def test_a_target_that_is_not_what_it_is_declared_to_be_fails(project: pytest.Pytester) -> None:
    declare(project, lying(project.path, ""))
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("--openssl-targets", "our*")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ours is declared to be OpenSSL 1.1.1, but it is*"])


def test_a_target_that_changes_while_the_tests_run_is_an_error(project: pytest.Pytester) -> None:
    path = lying(project.path, "")
    declare(project, path)
    text = (project.path / "opensslrun.toml").read_text()
    (project.path / "opensslrun.toml").write_text(
        text.replace('version = "1.1.1"\n', "").replace("implementation", "#")
    )
    project.makepyfile(f"""
        from pathlib import Path

        def test_changes(openssl_target):
            path = Path({str(path)!r})
            path.write_text(path.read_text() + "# changed\\n")
        """)
    result = project.runpytest_subprocess("--openssl-targets", "ours")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ours changed while the tests ran*"])


def test_workers_of_xdist_share_the_tests(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    result = project.runpytest_subprocess("-n", "2", "--openssl-targets", "one,two,g*")
    result.assert_outcomes(passed=2, skipped=1)


def test_a_session_that_does_not_use_it_imports_nothing_of_it(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import sys

        def test_nothing():
            assert not [name for name in sys.modules if name.startswith("opensslrun.targets")]
            assert "docker" not in sys.modules
        """)
    project.runpytest_subprocess().assert_outcomes(passed=1)
