"""What every bench promises, on all three: this machine, a container with a shared directory, and with archives."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from opensslrun.bench.base import Bench, Command, Observation
from opensslrun.bench.containerbench import ContainerBench, Transfer
from opensslrun.bench.localbench import LocalBench
from opensslrun.driver.outcome import MAX_FILE_SIZE, Ending, Input
from opensslrun.driver.process import MAX_READ_BACK
from opensslrun.errors import EngineError, UsageError

PASS_PHRASE = "correct horse battery"
NEW_KEY = "openssl genrsa -aes128 -out key.pem 2048"
READ_KEY = "openssl rsa -in key.pem -text -noout"

EncryptedKey = Callable[[], bytes]


@pytest.fixture(params=["local", "shared", "archive"])
def bench(
    request: pytest.FixtureRequest, new_bench: Callable[..., ContainerBench], host_openssl: Path
) -> Iterator[Bench]:
    opened: Bench = (
        LocalBench(host_openssl) if request.param == "local" else new_bench(transfer=Transfer(request.param))
    )
    with opened:
        yield opened


def run(bench: Bench, line: str, input: Input = Input.TERMINAL, *answers: str, timeout_s: float = 30.0) -> Observation:  # noqa: A002
    with bench.workspace({"given": b"some text\n"}) as workspace:
        return workspace.run(Command(line, input, answers, timeout_s))


def test_prompts_are_answered_on_the_terminal_and_reach_neither_stream(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        made = workspace.run(Command(NEW_KEY, answers=(PASS_PHRASE, PASS_PHRASE)))
        shown = workspace.run(Command(READ_KEY, answers=(PASS_PHRASE,)))

    assert (made.outcome.ending, made.outcome.status) == (Ending.EXITED, 0)
    assert made.outcome.prompts == ("Enter PEM pass phrase:", "Verifying - Enter PEM pass phrase:")
    assert (made.outcome.stdout, made.outcome.stderr) == (b"", b"")
    key = made.files["key.pem"]
    assert (key.kind, key.mode) == ("file", 0o600)
    assert key.content is not None
    assert key.content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert key.content.endswith(b"-----END ENCRYPTED PRIVATE KEY-----\n")
    assert shown.outcome.prompts == ("Enter pass phrase for key.pem:",)
    assert shown.outcome.stdout.startswith(b"Private-Key: (2048 bit, 2 primes)\nmodulus:\n    ")
    assert b"\r" not in shown.outcome.stdout
    assert shown.outcome.stderr == b""


def test_streams_are_kept_byte_for_byte_and_apart(bench: Bench) -> None:
    seen = run(bench, r"printf 'a\r\n\000\377b'; printf '\033[1mc\n\n' >&2; exit 7")

    assert (seen.outcome.ending, seen.outcome.status) == (Ending.EXITED, 7)
    assert seen.outcome.stdout == b"a\r\n\0\xffb"
    assert seen.outcome.stderr == b"\033[1mc\n\n"
    assert seen.outcome.prompts == ()
    assert seen.outcome.duration_s > 0


def test_a_program_that_crashes_leaves_no_core_among_the_files(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        seen = workspace.run(Command("ulimit -c; kill -ABRT $$"))
    assert seen.outcome.stdout == b"0\n"
    assert seen.files == {}


def test_lines_answer_on_stdin_without_a_terminal(bench: Bench) -> None:
    seen = run(bench, f"{NEW_KEY}; (: </dev/tty) 2>/dev/null || echo none", Input.LINES, PASS_PHRASE, PASS_PHRASE)

    assert seen.outcome.prompts == ("Enter PEM pass phrase:", "Verifying - Enter PEM pass phrase:")
    assert seen.outcome.stdout == b"none\n"
    assert seen.files["key.pem"].size > 1000


def test_lines_answer_the_questions_for_a_distinguished_name(bench: Bench) -> None:
    line = "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -out r.pem && openssl req -in r.pem -noout -subject"
    seen = run(bench, line, Input.LINES, "DE", "Bavaria", "Town", "Company", "Unit", "device-0001", "", "", "")

    assert seen.outcome.status == 0
    assert b"CN = device-0001" in seen.outcome.stdout
    assert seen.outcome.prompts[0] == "Country Name (2 letter code) [AU]:"
    assert len(seen.outcome.prompts) == 9


def test_none_has_neither_terminal_nor_stdin(bench: Bench) -> None:
    seen = run(bench, f"cat; {NEW_KEY}", Input.NONE, PASS_PHRASE)

    assert (seen.outcome.ending, seen.outcome.status) == (Ending.EXITED, 1)
    assert seen.outcome.prompts == ("Enter PEM pass phrase:",)
    assert seen.outcome.stdout == b""


def test_a_prompt_without_an_answer_ends_as_hung_with_its_text_and_the_next_step_runs(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        stuck = workspace.run(Command(NEW_KEY, answers=(PASS_PHRASE,)))
        after = workspace.run(Command("openssl rand -hex 4"))

    assert (stuck.outcome.ending, stuck.outcome.status) == (Ending.HUNG, -1)
    assert stuck.outcome.unanswered == "Verifying - Enter PEM pass phrase:"
    assert (after.outcome.ending, after.outcome.status, len(after.outcome.stdout)) == (Ending.EXITED, 0, 9)


@pytest.mark.parametrize("given", [Input.TERMINAL, Input.NONE])
def test_a_command_that_does_not_end_and_ignores_sigterm_is_killed(bench: Bench, given: Input) -> None:
    with bench.workspace({}) as workspace:
        stuck = workspace.run(Command("trap '' TERM HUP INT; echo early; sleep 600; sleep 600", given, (), 1.0))
        after = workspace.run(Command("ps", Input.TERMINAL))

    assert (stuck.outcome.ending, stuck.outcome.stdout) == (Ending.HUNG, b"early\n")
    assert after.outcome.status == 0
    assert b"sleep 600" not in after.outcome.stdout


def test_the_last_line_of_a_hung_command_without_terminal_is_shown(bench: Bench) -> None:
    seen = run(bench, "printf 'one\nSay the word: ' >&2; sleep 600", Input.NONE, timeout_s=1.0)

    assert (seen.outcome.ending, seen.outcome.unanswered) == (Ending.HUNG, "Say the word: ")


@pytest.mark.parametrize("line", ["openssl rand 100000000", "while :; do echo on and on and on and on; done"])
def test_a_runaway_ends_at_the_file_size_limit(bench: Bench, line: str) -> None:
    seen = run(bench, line)

    assert (seen.outcome.ending, seen.outcome.status) == (Ending.SIGNALLED, signal.SIGXFSZ)
    assert len(seen.outcome.stdout) == MAX_READ_BACK


def test_a_file_too_large_to_carry_is_reported_by_its_size(bench: Bench) -> None:
    seen = run(bench, "openssl rand -out big 100000000")

    assert seen.outcome.status == signal.SIGXFSZ
    assert (seen.files["big"].size, seen.files["big"].content) == (MAX_FILE_SIZE, None)


def test_of_many_large_files_only_the_size_is_carried_and_the_small_ones_are_read_all_the_same(bench: Bench) -> None:
    line = "for n in 1 2 3 4 5 6; do openssl rand -out big$n 4000000; done; ln big1 bigger; ln ../s/1.out other; echo x"
    seen = run(bench, line)

    content = {name: file.content for name, file in seen.files.items()}
    assert content.pop("given") == b"some text\n"
    assert content.pop("other", b"x\n") == seen.outcome.stdout == b"x\n"  # this machine's bench has no such file
    assert len(content.pop("big1") or b"") == 4_000_000
    assert content == dict.fromkeys([f"big{n}" for n in range(2, 7)] + ["bigger"])
    assert {seen.files[name].size for name in content} == {4_000_000}


def test_what_a_step_leaves_running_does_not_meet_the_next_step(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        first = workspace.run(Command("(while :; do echo x >>grows; sleep 0.05; done) & (sleep 0.3; echo x >late) &"))
        time.sleep(0.6)
        second = workspace.run(Command("openssl version"))
        third = workspace.run(Command("ls"))

    assert first.outcome.status == 0
    assert "late" not in second.files
    assert second.files.get("grows") == third.files.get("grows")


def test_shell_state_does_not_reach_the_next_step(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        workspace.run(Command("cd /; umask 077; export OPENSSL_CONF=/nonexistent; x=1; ulimit -f 1; set -e; false"))
        after = workspace.run(Command('echo "$x$OPENSSL_CONF"; umask; touch made'))

    assert after.outcome.stdout == b"\n0022\n"
    assert after.files["made"].mode == 0o644


def test_the_environment_is_clean(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSSL_CONF", "/nonexistent/openssl.cnf")
    monkeypatch.setenv("OPENSSLRUN_SHOULD_NOT_BE_SEEN", "1")
    seen = run(bench, "env; ls -a $HOME", Input.NONE)

    words = seen.outcome.stdout.decode().split("\n")
    names = {word.partition("=")[0] for word in words if "=" in word}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "HOME", "LC_ALL"}
    assert "LC_ALL=C" in words
    assert [word for word in words if word and "=" not in word] == [".", ".."]


def test_the_default_config_of_the_target_is_used(bench: Bench) -> None:
    seen = run(bench, "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=x -out r.pem")

    assert seen.outcome.status == 0
    assert seen.files["r.pem"].size > 500


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("echo 'it''s' \"$(echo nested | cat)\" # and a comment", b"its nested\n"),
        ("cat <<'END'\n$HOME `x` \\\nEND\necho last", b"$HOME `x` \\\nlast\n"),
        ("openssl dgst -sha256 \\\n  -r given | wc -c", b"72\n"),
        ("echo " + "x" * 10_000 + " | wc -c", b"10001\n"),
        ("openssl version >v && wc -l <v", b"1\n"),
        ("echo ä", "ä\n".encode()),
        ("openssl enc -base64 -in 'given' -e", b"c29tZSB0ZXh0Cg==\n"),
    ],
)
def test_a_command_line_is_run_verbatim(bench: Bench, line: str, stdout: bytes) -> None:
    seen = run(bench, line)

    assert (seen.outcome.status, seen.outcome.stdout.lstrip(b" ")) == (0, stdout)


@pytest.mark.parametrize(
    ("line", "ending", "status"),
    [
        ("exit 3", Ending.EXITED, 3),
        ("exec sh -c 'exit 4'", Ending.EXITED, 4),
        ("kill -9 $$", Ending.SIGNALLED, 9),
        ("kill 0", Ending.SIGNALLED, 15),
        ("sh -c 'kill -11 $$'; exit $?", Ending.SIGNALLED, 11),
        ("exit 255", Ending.EXITED, 255),
        ("no-such-program", Ending.EXITED, 127),
        ("if", Ending.EXITED, 2),
    ],
)
@pytest.mark.parametrize("given", list(Input))
def test_the_status_is_the_shells(bench: Bench, line: str, ending: Ending, status: int, given: Input) -> None:
    seen = run(bench, line, given)

    assert (seen.outcome.ending, seen.outcome.status) == (ending, status)


def test_text_that_looks_like_a_mark_fools_nobody(bench: Bench) -> None:
    seen = run(
        bench, "for i in 1 2 3; do echo 0123456789abcdef 0 >/dev/tty; echo opensslrun 1 1 none - x 0; done; exit 9"
    )

    assert (seen.outcome.status, seen.outcome.stdout.count(b"\n")) == (9, 3)


def test_every_kind_of_file_is_seen_and_none_blocks(bench: Bench) -> None:
    line = r"""
        mkfifo pipe; ln -s /etc/passwd link; ln -s nowhere dangling; mkdir -p d/e; echo deep >d/e/f; ln given hard
        printf x >"$(printf 'new\nline')"; printf x >"$(printf 'not-utf8-\377')"; printf x >"  "; printf x >'-dash'
        printf x >'ü'; : >empty; chmod 400 empty; echo secret >unreadable; chmod 000 unreadable
        mkdir closed; echo inside >closed/f; chmod 000 closed; mkdir none; nc -l -U socket 2>/dev/null & sleep 0.2
        ln -s d directory-link
    """
    seen = run(bench, line, Input.NONE)
    files = {name: (file.kind, file.mode, file.size, file.content) for name, file in seen.files.items()}

    assert files == files | {
        "given": ("file", 0o644, 10, b"some text\n"),
        "hard": ("file", 0o644, 10, b"some text\n"),
        "pipe": ("other", 0o644, 0, None),
        "link": ("link", 0o777, 11, None),
        "dangling": ("link", 0o777, 7, None),
        "directory-link": ("link", 0o777, 1, None),
        "d": ("directory", 0o755, 0, None),
        "d/e/f": ("file", 0o644, 5, b"deep\n"),
        "new\nline": ("file", 0o644, 1, b"x"),
        "not-utf8-\\xff": ("file", 0o644, 1, b"x"),
        "  ": ("file", 0o644, 1, b"x"),
        "-dash": ("file", 0o644, 1, b"x"),
        "ü": ("file", 0o644, 1, b"x"),
        "empty": ("file", 0o400, 0, b""),
        "unreadable": ("file", 0, 7, b"secret\n"),
        "closed": ("directory", 0, 0, None),
        "closed/f": ("file", 0o644, 7, b"inside\n"),
        "none": ("directory", 0o755, 0, None),
    }
    assert list(files) == sorted(files)
    assert {name for name in files if name.startswith(("..", "/"))} == set()


def test_a_case_sees_its_own_files_only_in_a_directory_of_its_own(bench: Bench) -> None:
    with bench.workspace({"conf/root.conf": b"[req]\n", "a": b"1"}) as workspace:
        workspace.run(Command("echo left >/tmp/opensslrun-test-left; echo new >b"))
        listed = workspace.run(Command("ls -A . conf; rm /tmp/opensslrun-test-left"))
    with bench.workspace({}) as workspace:
        fresh = workspace.run(Command("ls -A"))

    assert listed.outcome.stdout == b".:\na\nb\nconf\n\nconf:\nroot.conf\n"
    assert (fresh.outcome.stdout, fresh.files) == (b"", {})


def test_files_stay_from_step_to_step(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        workspace.run(Command("echo 1 >a; echo 2 >b"))
        seen = workspace.run(Command("rm a; echo 3 >>b"))

    assert {name: file.content for name, file in seen.files.items()} == {"b": b"2\n3\n"}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "", "a/../../x"])
def test_an_input_file_that_leads_out_of_the_workspace_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(UsageError, match="cannot hold an input file named"):
        bench.workspace({name: b""})


def test_an_answer_of_two_lines_is_refused_without_being_shown(bench: Bench) -> None:
    with pytest.raises(UsageError, match="line break") as caught:
        run(bench, "true", Input.LINES, "two\nlines")

    assert "two" not in str(caught.value)


def test_interrupting_ends_a_running_command_and_every_later_one(bench: Bench) -> None:
    started = time.monotonic()
    timer = threading.Timer(0.5, bench.interrupt)
    timer.start()
    with bench.workspace({}) as workspace:
        with pytest.raises(EngineError, match="interrupted"):
            workspace.run(Command("sleep 60", timeout_s=60))
        with pytest.raises(EngineError, match="interrupted"):
            workspace.run(Command("true"))
    timer.join()

    assert time.monotonic() - started < 30


def test_all_benches_observe_the_same(new_bench: Callable[..., ContainerBench], host_openssl: Path) -> None:
    steps = (
        Command("openssl version"),
        Command(NEW_KEY, answers=(PASS_PHRASE, PASS_PHRASE)),
        Command("openssl rsa -in key.pem -noout -check", answers=(PASS_PHRASE,)),
        Command("openssl genrsa -aes128 -out other.pem 2048", answers=(PASS_PHRASE, "another pass phrase")),
        Command("openssl x509 -in given -noout"),
        Command("openssl dgst -sha256 given >digest; cat digest; echo oops >&2"),
        Command(NEW_KEY, Input.LINES, (PASS_PHRASE, "another pass phrase")),
        Command("openssl req -new -nodes -newkey rsa:2048 -keyout k -out r -subj /CN=x", Input.NONE),
        Command(NEW_KEY, answers=()),
        Command("kill -9 $$"),
    )
    observed: list[list[object]] = []
    with ExitStack() as stack:
        benches: list[Bench] = [
            stack.enter_context(LocalBench(host_openssl)),
            stack.enter_context(new_bench(transfer=Transfer.SHARED)),
            stack.enter_context(new_bench(transfer=Transfer.ARCHIVE)),
        ]
        for bench in benches:
            workspace = stack.enter_context(bench.workspace({"given": b"some text\n"}))
            observed.append([_without_chance(workspace.run(step)) for step in steps])

    assert observed[0] == observed[1] == observed[2]


def _without_chance(seen: Observation) -> object:
    """An observation without what differs from run to run: durations, key material, addresses in error lines."""
    outcome = seen.outcome
    errors = [line.partition(b":error:")[2] or line for line in outcome.stderr.splitlines() if b"..." not in line]
    errors = [line for line in errors if not set(line) <= set(b".+*-")]
    files = {
        name: (file.kind, file.mode, (file.content or b"")[:30] if name in {"key.pem", "k", "r"} else file)
        for name, file in seen.files.items()
    }
    return (outcome.ending, outcome.status, outcome.prompts, outcome.unanswered, outcome.stdout, errors, files)
