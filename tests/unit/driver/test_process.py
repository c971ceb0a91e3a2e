from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opensslrun.driver.outcome import Ending, Input, through_shell
from opensslrun.driver.process import MAX_READ_BACK, run_line, run_program
from opensslrun.errors import EngineError, EnvironmentLacksError

EVERY_INPUT = pytest.mark.parametrize("how", list(Input))


@pytest.mark.parametrize("how", [Input.TERMINAL, Input.LINES])
def test_real_prompts_are_answered(tmp_path: Path, how: Input) -> None:
    words = ["openssl", "genrsa", "-des3", "-out", "a.key", "1024"]
    made = run_program(words, cwd=tmp_path, input=how, answers=["correct horse"] * 2)
    assert (made.ending, made.status) == (Ending.EXITED, 0)
    assert len(made.prompts) == 2
    assert made.prompts[1] == f"Verifying - {made.prompts[0]}"
    read = run_program(["openssl", "rsa", "-in", "a.key", "-noout"], cwd=tmp_path, input=how, answers=["correct horse"])
    assert (read.status, read.prompts) == (0, ("Enter pass phrase for a.key:",))
    wrong = run_program(["openssl", "rsa", "-in", "a.key", "-noout"], cwd=tmp_path, input=how, answers=["battery"])
    assert (wrong.ending, wrong.status) == (Ending.EXITED, 1)


@pytest.mark.parametrize("how", [Input.TERMINAL, Input.LINES])
def test_a_pass_phrase_typed_differently_the_second_time_fails(tmp_path: Path, how: Input) -> None:
    words = ["openssl", "genrsa", "-des3", "-out", "a.key", "1024"]
    outcome = run_program(words, cwd=tmp_path, input=how, answers=["correct horse", "correct house"])
    assert (outcome.ending, outcome.status) == (Ending.EXITED, 1)


def test_a_short_pass_phrase_ends_as_a_failure_or_hung_and_never_waits(tmp_path: Path) -> None:
    # OpenSSL 3 and later exit 1, OpenSSL 1.1.1 and LibreSSL ask again.
    words = ["openssl", "genrsa", "-des3", "-out", "a.key", "1024"]
    outcome = run_program(words, cwd=tmp_path, answers=["abc", "abc"], timeout_s=60)
    assert (outcome.ending, outcome.status) in {(Ending.EXITED, 1), (Ending.HUNG, -1)}


def test_a_prompt_without_an_answer_is_hung_at_that_prompt(tmp_path: Path) -> None:
    outcome = run_program(["openssl", "genrsa", "-des3", "-out", "a.key", "1024"], cwd=tmp_path)
    assert outcome.ending is Ending.HUNG
    assert outcome.prompts == (outcome.unanswered,)
    assert outcome.unanswered.startswith("Enter ")


def test_both_streams_are_byte_exact_beside_the_prompts(tmp_path: Path) -> None:
    script = (
        r"printf '\377\000\r\n'; printf 'err\200' >&2; printf 'Enter Import Password:' >/dev/tty; read -r _ </dev/tty"
    )
    outcome = run_program(["sh", "-c", script], cwd=tmp_path, answers=["an answer"])
    assert (outcome.stdout, outcome.stderr) == (b"\xff\0\r\n", b"err\x80")
    assert outcome.stderr_text == "err\\x80"
    assert outcome.prompts == ("Enter Import Password:",)


def test_the_terminal_input_is_a_controlling_terminal_with_stdin_from_dev_null(tmp_path: Path) -> None:
    outcome = run_program(["sh", "-c", "wc -c; : </dev/tty && echo tty"], cwd=tmp_path)
    assert outcome.stdout.split() == [b"0", b"tty"]


@pytest.mark.parametrize("how", [Input.LINES, Input.NONE])
def test_the_other_inputs_have_no_controlling_terminal(tmp_path: Path, how: Input) -> None:
    outcome = run_program(["sh", "-c", "cat; (: </dev/tty) 2>/dev/null || echo none"], cwd=tmp_path, input=how)
    assert outcome.stdout == b"none\n"


def test_lines_stand_on_stdin_one_for_each_answer(tmp_path: Path) -> None:
    outcome = run_program(["cat"], cwd=tmp_path, input=Input.LINES, answers=["one", "", "zwölf"])
    assert outcome.stdout.decode() == "one\n\nzwölf\n"


def test_more_lines_than_a_pipe_holds_arrive_too(tmp_path: Path) -> None:
    lines = ["x" * 1000] * 500
    slow = run_program(["sh", "-c", "sleep 0.2; cat"], cwd=tmp_path, input=Input.LINES, answers=lines)
    assert slow.stdout == b"".join(line.encode() + b"\n" for line in lines)
    unread = run_program(["true"], cwd=tmp_path, input=Input.LINES, answers=lines)
    assert (unread.ending, unread.status) == (Ending.EXITED, 0)


@EVERY_INPUT
def test_a_command_that_does_not_end_is_hung(tmp_path: Path, how: Input) -> None:
    outcome = run_program(
        ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"], cwd=tmp_path, input=how, timeout_s=0.3
    )
    assert (outcome.ending, outcome.status, outcome.unanswered) == (Ending.HUNG, -1, "")


def test_a_hang_without_a_terminal_shows_the_last_line_of_stderr(tmp_path: Path) -> None:
    script = "echo first >&2; printf 'Say yes: ' >&2; sleep 60"
    outcome = run_program(["sh", "-c", script], cwd=tmp_path, input=Input.NONE, timeout_s=0.5)
    assert (outcome.ending, outcome.unanswered) == (Ending.HUNG, "Say yes: ")


@EVERY_INPUT
def test_a_runaway_ends_at_the_file_size_limit(tmp_path: Path, how: Input) -> None:
    outcome = run_program(["yes"], cwd=tmp_path, input=how, max_file_size=1024 * 1024)
    assert (outcome.ending, outcome.status) == (Ending.SIGNALLED, signal.SIGXFSZ)
    assert len(outcome.stdout) == 1024 * 1024


def test_what_is_read_back_of_a_stream_is_bounded(tmp_path: Path) -> None:
    outcome = run_program(["yes"], cwd=tmp_path, max_file_size=MAX_READ_BACK + 4096)
    assert len(outcome.stdout) == MAX_READ_BACK


def test_a_runaway_behind_a_shell_is_signalled_too(tmp_path: Path) -> None:
    outcome = run_line("yes >big; exit $?", cwd=tmp_path, max_file_size=65536)
    assert (outcome.ending, outcome.status) == (Ending.SIGNALLED, signal.SIGXFSZ)
    assert (tmp_path / "big").stat().st_size == 65536


def test_exit_statuses_over_128_that_no_signal_has_stay_exit_statuses(tmp_path: Path) -> None:
    outcome = run_line("exit 255", cwd=tmp_path)
    assert (outcome.ending, outcome.status) == (Ending.EXITED, 255)
    assert through_shell(128) == (Ending.EXITED, 128)
    assert through_shell(137) == (Ending.SIGNALLED, 9)


def test_sigpipe_and_interrupts_are_as_a_shell_would_give_them(tmp_path: Path) -> None:
    outcome = run_program(["sh", "-c", "yes | head -1; kill -INT $$"], cwd=tmp_path)
    assert (outcome.ending, outcome.status) == (Ending.SIGNALLED, signal.SIGINT)
    assert (outcome.stdout, outcome.stderr) == (b"y\n", b"")


def test_new_files_follow_the_umask_that_is_given(tmp_path: Path) -> None:
    run_line(": >open", cwd=tmp_path)
    run_line(": >closed", cwd=tmp_path, umask=0o077)
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o600


def test_a_missing_program_or_directory_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacksError, match="no program nosuchprogram is on PATH"):
        run_program(["nosuchprogram"], cwd=tmp_path)
    with pytest.raises(EnvironmentLacksError, match="not a program that can be run"):
        run_program(["./nosuch"], cwd=tmp_path)
    with pytest.raises(EnvironmentLacksError, match=r"could not be started in .*/gone: No such file"):
        run_program(["true"], cwd=tmp_path / "gone")


@EVERY_INPUT
def test_another_thread_can_interrupt(tmp_path: Path, how: Input) -> None:
    flag = threading.Event()
    timer = threading.Timer(0.3, flag.set)
    timer.start()
    with pytest.raises(EngineError, match="interrupted"):
        run_program(["sh", "-c", "echo $$ >pid; exec sleep 60"], cwd=tmp_path, input=how, interrupted=flag)
    timer.join()
    assert_gone(int((tmp_path / "pid").read_text()))


@EVERY_INPUT
def test_children_left_in_the_background_do_not_outlive_the_command(tmp_path: Path, how: Input) -> None:
    script = "sleep 60 & echo $! >pid; trap '' HUP; (trap '' HUP TERM; sleep 60) & echo $! >>pid"
    outcome = run_program(["sh", "-c", script], cwd=tmp_path, input=how)
    assert outcome.ending is Ending.EXITED
    for line in (tmp_path / "pid").read_text().split():
        assert_gone(int(line))


def test_a_process_that_left_the_group_does_not_hold_up_the_end(tmp_path: Path) -> None:
    try:
        outcome = run_program(["sh", "-c", "setsid sleep 60 & echo $! >pid; wait $!"], cwd=tmp_path, timeout_s=0.5)
        assert outcome.ending is Ending.HUNG
    finally:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            if line.read_bytes() == b"sleep\x0060\0" and (line.parent / "cwd").resolve() == tmp_path:
                os.kill(int(line.parent.name), signal.SIGKILL)


def test_a_kernel_without_pidfds_is_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    made = run_program(["openssl", "genrsa", "-des3", "-out", "k", "1024"], cwd=tmp_path, answers=["correct horse"] * 2)
    assert (made.status, len(made.prompts)) == (0, 2)
    assert run_program(["sh", "-c", "exit 3"], cwd=tmp_path, input=Input.LINES, answers=["a"]).status == 3
    assert run_program(["sleep", "60"], cwd=tmp_path, input=Input.NONE, timeout_s=0.2).ending is Ending.HUNG


def test_many_threads_run_programs_at_once(tmp_path: Path) -> None:
    def one(number: int) -> bytes:
        how = list(Input)[number % 3]
        script = "[ $2 != terminal ] || { printf 'Enter Import Password:'; read -r a; } </dev/tty >/dev/tty; echo $1"
        outcome = run_program(
            ["sh", "-c", script, "sh", str(number), how], cwd=tmp_path, input=how, answers=["an answer"]
        )
        assert len(outcome.prompts) == (how is Input.TERMINAL)
        return outcome.stdout

    before = set(Path("/proc/self/fd").iterdir())
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(one, range(60))) == [b"%d\n" % number for number in range(60)]
    assert set(Path("/proc/self/fd").iterdir()) == before


def assert_gone(pid: int) -> None:
    """Wait until a process has ended (it may be a zombie until its parent looks)."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state in "ZX":
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still there")
