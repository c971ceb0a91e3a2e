"""What only a container bench promises: confinement, its lifetime, and going on after everything that goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import docker.errors
import pytest

from opensslrun.bench.base import Command, Observation
from opensslrun.bench.confinement import Bind, Options
from opensslrun.bench.container import Container
from opensslrun.bench.containerbench import RUN_USER, ContainerBench, Transfer
from opensslrun.bench.exchange import ROOT, SharedDirectory
from opensslrun.bench.pseudoterminal import INSIDE, PseudoTerminal
from opensslrun.bench.removal import RUN_LABEL, remove_leftovers
from opensslrun.driver.outcome import Ending, Input
from opensslrun.errors import EngineError

NewBench = Callable[..., ContainerBench]


@pytest.fixture
def bench(new_bench: NewBench) -> Iterator[ContainerBench]:
    with new_bench() as opened:
        yield opened


def run(bench: ContainerBench, line: str, **options: object) -> Observation:
    with bench.workspace({"given": b"some text\n"}) as workspace:
        return workspace.run(replace(Command(line), **options))  # type: ignore[arg-type]


ONCE = "[ -e /tmp/once ] || { : >/tmp/once; exit 1; }; echo ran"


@pytest.mark.parametrize(
    ("line", "windows", "status"),
    [
        (ONCE, True, 0),
        (ONCE, False, 1),
        ("exit 1", True, 1),
        (ONCE.replace("exit", "echo x >new; exit"), True, 1),
        (ONCE.replace("exit", "echo word; exit"), True, 1),
        (ONCE.replace("exit", "echo word >&2; exit"), True, 1),
    ],
)
def test_only_what_fails_under_wine_without_any_trace_is_run_again(
    new_bench: NewBench, line: str, windows: bool, status: int
) -> None:
    with new_bench(windows=windows) as opened:
        assert run(opened, line).outcome.status == status


def test_commands_run_as_a_user_without_any_right(bench: ContainerBench) -> None:
    uid = RUN_USER if os.geteuid() == 0 else os.geteuid()
    seen = run(
        bench, "id -u; cat /proc/self/status | while read k v; do case $k in Cap*|NoNew*) echo $k $v; esac; done"
    )

    lines = seen.outcome.stdout.decode().splitlines()
    none = "0" * 16
    assert lines[0] == str(uid) != "0"
    assert lines[1:] == [*(f"Cap{kind}: {none}" for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")), "NoNewPrivs: 1"]


def test_the_root_file_system_cannot_be_written(client: docker.DockerClient, openssl_image: str) -> None:
    with Container(client, openssl_image, Options(user="0:0", capabilities=True)) as container:
        status, said = container.exec(["/bin/sh", "-c", "echo x >/bin/new || echo x >/new"], timeout_s=20)

    assert status != 0
    assert said.count(b"Read-only file system") == 2


def test_there_is_no_network(bench: ContainerBench) -> None:
    seen = run(bench, "ls /sys/class/net; nc -w 2 1.1.1.1 53 </dev/null")

    assert seen.outcome.stdout == b"lo\n"
    assert seen.outcome.status == 1
    assert b"unreachable" in seen.outcome.stderr


def test_a_server_is_reached_by_the_commands_of_its_own_container_alone(new_bench: NewBench) -> None:
    connect = "openssl s_client -connect localhost:4433 </dev/null"
    serve = f"openssl s_server -accept 4433 -nocert -www >/dev/null 2>&1 & sleep 1; {connect} >seen 2>&1; sleep 5"
    with new_bench() as one, new_bench() as other, one.workspace({}) as workspace:
        shell = threading.Thread(target=workspace.run, args=(Command(serve),))
        shell.start()
        time.sleep(2)
        elsewhere = run(other, connect)
        shell.join()
        seen = workspace.run(Command("cat seen")).outcome.stdout
    assert b"CONNECTED" in seen
    assert b"CONNECTED" not in elsewhere.outcome.stdout
    assert b"refused" in elsewhere.outcome.stderr


def test_tmp_is_emptied_between_workspaces(bench: ContainerBench) -> None:
    first = run(bench, "echo x >/tmp/a; echo x >/tmp/.b; mkdir /tmp/..c; ls -A /tmp")
    second = run(bench, "ls -A /tmp")

    assert first.outcome.stdout == b"..c\n.b\na\n"
    assert second.outcome.stdout == b""


def test_directories_are_used_again_after_steps_that_ended_by_themselves(new_bench: NewBench) -> None:
    """What they hold then is what the next case gives, and no other's."""

    def where(bench: ContainerBench) -> str:
        with bench.workspace({"given": b"x"}) as workspace:
            seen = workspace.run(
                Command("pwd; ls -A . ../h ../s >seen; mkdir -p left/behind; : >../h/left; (sleep 100 &)")
            )
            assert seen.files["seen"].content == b".:\ngiven\nseen\n\n../h:\n\n../s:\n1\n1.err\n1.out\n"
            return seen.outcome.stdout.decode().strip()

    with new_bench(transfer=Transfer.SHARED) as bench:
        first = where(bench)
        assert where(bench) == first
        with bench.workspace({}) as workspace:
            hung = workspace.run(Command("pwd; sleep 100", timeout_s=0.5)).outcome
        assert (hung.ending, hung.stdout.decode().strip()) == (Ending.HUNG, first)
        assert where(bench) != first


def test_a_command_that_takes_all_memory_is_killed_and_the_run_goes_on(bench: ContainerBench) -> None:
    hungry = run(bench, 'x=xxxxxxxx; while :; do x="$x$x"; done', timeout_s=60.0)
    after = run(bench, "openssl version")

    assert (hungry.outcome.ending, hungry.outcome.status) == (Ending.SIGNALLED, signal.SIGKILL)
    assert after.outcome.status == 0


def test_processes_without_number_are_killed_and_the_run_goes_on(bench: ContainerBench) -> None:
    bomb = run(bench, "b() { b | b & }; b; while :; do sleep 1; done", timeout_s=2.0)
    after = run(bench, "openssl version")

    # Whether the shell that throws the bomb still gets a process for its own sleep is chance.
    refused = bomb.outcome.ending is Ending.EXITED and b"can't fork" in bomb.outcome.stderr
    assert bomb.outcome.ending is Ending.HUNG or refused
    assert (after.outcome.ending, after.outcome.status) == (Ending.EXITED, 0)


def test_killing_every_process_in_reach_ends_the_step_only(bench: ContainerBench) -> None:
    with bench.workspace({}) as workspace:
        for line in ("kill -9 $PPID; sleep 5", "kill -9 -1; sleep 5"):
            seen = workspace.run(Command(line))
            assert (seen.outcome.ending, seen.outcome.status) == (Ending.SIGNALLED, signal.SIGKILL)
            assert workspace.run(Command("openssl version")).outcome.status == 0


def test_a_connection_that_is_lost_is_not_taken_for_a_killed_command(new_bench: NewBench) -> None:
    with new_bench(transfer=Transfer.ARCHIVE) as bench, bench.workspace({}) as workspace:
        assert bench._shell is not None
        timer = threading.Timer(0.5, bench._shell.interrupt)  # shuts the connection, as an idle proxy would
        timer.start()
        with pytest.raises(EngineError, match="closed the connection to the container for the target"):
            workspace.run(Command("sleep 60"))
        timer.join()
        after = workspace.run(Command("ps"))

    assert after.outcome.status == 0
    assert b"sleep 60" not in after.outcome.stdout


def test_a_changed_terminal_is_set_right_again_before_the_next_step(bench: ContainerBench) -> None:
    ask = Command("openssl genrsa -aes128 -out k 2048", answers=("a pass phrase", "a pass phrase"))
    with bench.workspace({}) as workspace:
        usual = workspace.run(ask)
        changed = workspace.run(Command("busybox stty echo onlcr -icanon </dev/tty; printf stuck >/dev/tty"))
        after = workspace.run(ask)
        last = workspace.run(Command("cat given </dev/tty; exit 3", timeout_s=5.0))

    assert (changed.outcome.ending, changed.outcome.status) == (Ending.EXITED, 0)
    assert after.outcome.prompts == usual.outcome.prompts
    assert (after.outcome.ending, after.outcome.status) == (Ending.EXITED, 0)
    assert last.outcome.status == 3


def test_an_answer_that_a_command_left_unread_is_no_line_to_the_shell(bench: ContainerBench) -> None:
    with bench.workspace({}) as workspace:
        workspace.run(Command("echo once >>ran"))
        line = "opensslrun 2 1 terminal"  # as the first step was asked for, but for the key
        left = workspace.run(Command("printf 'Enter pass phrase:' >/dev/tty; sleep 0.5", answers=(line,)))
        after = workspace.run(Command("openssl version; cat ran"))

    assert left.outcome.prompts == ("Enter pass phrase:",)
    assert after.outcome.stdout.count(b"once") == 1
    assert after.outcome.stdout.startswith(b"OpenSSL ")


@pytest.mark.parametrize("line", ["openssl version", "openssl version; :"])
def test_a_script_that_cannot_be_read_ends_its_step_alone(new_bench: NewBench, line: str) -> None:
    with new_bench(transfer=Transfer.SHARED) as bench, bench.workspace({}) as workspace:
        workspace.run(Command("chmod 000 ../s"))
        barred = workspace.run(Command(line)).outcome
        with bench.workspace({}) as other:
            assert other.run(Command("openssl version")).outcome.status == 0

    assert barred.ending is Ending.EXITED
    assert barred.status != 0
    assert barred.stdout == b""


def test_a_plain_command_has_nothing_open_but_its_streams(bench: ContainerBench) -> None:
    """As a config file of OpenSSL may name one, a command can read what it was given beside its streams."""
    seen = run(bench, "openssl dgst -sha256 /proc/self/fd/3")
    assert seen.outcome.status == 1
    assert b"No such file" in seen.outcome.stderr

    shown = run(bench, "ls /proc/self/fd")
    assert shown.outcome.stdout.split()[:3] == [b"0", b"1", b"2"]
    assert len(shown.outcome.stdout.split()) == 4  # the last is the directory being read


def test_unknown_text_on_the_terminal_is_shown_when_it_hangs(bench: ContainerBench) -> None:
    seen = run(bench, "printf 'Say friend: ' >/dev/tty; read x </dev/tty", answers=("mellon",))

    assert (seen.outcome.ending, seen.outcome.unanswered) == (Ending.HUNG, "Say friend: ")


def test_a_flood_on_the_terminal_is_ended(bench: ContainerBench) -> None:
    flood = run(bench, "while :; do echo on and on and on and on and on and on >/dev/tty; done")
    after = run(bench, "openssl version")

    assert flood.outcome.ending is Ending.HUNG
    assert after.outcome.status == 0


def test_a_directory_that_cannot_be_entered_or_written_is_no_obstacle(bench: ContainerBench) -> None:
    with bench.workspace({}) as workspace:
        closed = workspace.run(Command("echo x >a; mkdir d; echo y >d/b; chmod 000 d; chmod 500 ."))
        after = workspace.run(Command("echo z >c; ls"))

    assert {name: file.mode for name, file in closed.files.items()} == {"a": 0o644, "d": 0, "d/b": 0o644}
    assert b"a\nd\n" in after.outcome.stdout


def test_leaving_a_bench_removes_every_file_of_this_machine(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with new_bench(transfer=Transfer.SHARED) as bench, bench.workspace({"a": b"x"}) as workspace:
        workspace.run(Command("mkdir -p d/e; echo x >d/e/f; chmod 500 d/e d"))
        (private,) = tmp_path.iterdir()
        assert private.stat().st_mode & 0o777 == 0o700

    assert list(tmp_path.iterdir()) == []


def test_two_benches_run_side_by_side_and_do_not_meet(new_bench: NewBench) -> None:
    seen: dict[int, bytes] = {}

    def work(number: int) -> None:
        with new_bench() as bench, bench.workspace({"mine": str(number).encode()}) as workspace:
            for _ in range(20):
                seen[number] = workspace.run(Command("cat mine; openssl version >v; ls | wc -l")).outcome.stdout

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {number: text.split() for number, text in seen.items()} == {
        number: [f"{number}2".encode()] for number in range(3)
    }


def test_a_container_that_is_killed_in_the_middle_of_a_step_is_an_error_in_words(
    new_bench: NewBench, client: docker.DockerClient
) -> None:
    with new_bench() as bench:
        workspace = bench.workspace({})
        timer = threading.Timer(0.7, client.api.kill, (bench.container_id,))
        timer.start()
        with pytest.raises(EngineError, match=r"container for the target .*(ended|removed)"):
            workspace.run(Command("sleep 60"))
        timer.join()
        with pytest.raises(EngineError, match="the target"):
            workspace.run(Command("true"))
        with workspace:
            pass
        with pytest.raises(EngineError, match="the target"), bench.workspace({}) as another:
            another.run(Command("true"))


def test_an_image_that_was_removed_is_named_with_what_to_do(client: docker.DockerClient) -> None:
    with pytest.raises(EngineError, match=r"for debian-12: .* run `opensslrun targets build`"):
        ContainerBench("sha256:" + "0" * 64, name="debian-12", client=client).__enter__()


def test_an_image_without_a_shell_is_an_error_in_words(client: docker.DockerClient, openssl_image: str) -> None:
    created = client.api.create_container(
        openssl_image,
        ["/bin/busybox", "rm", "-rf", "/bin/sh"],
        user="0:0",
        host_config=client.api.create_host_config(network_mode="none"),
    )
    try:
        client.api.start(created["Id"])
        client.api.wait(created["Id"])
        image = client.api.commit(created["Id"], changes="LABEL opensslrun.test=bench")
        try:
            with pytest.raises(EngineError, match="/bin/sh"):
                ContainerBench(image["Id"], name="mine", client=client).__enter__()
        finally:
            client.api.remove_image(image["Id"], force=True)
    finally:
        client.api.remove_container(created["Id"], force=True)


@pytest.mark.parametrize("fault", ["missing", "other"])
def test_a_directory_that_the_engine_does_not_see_makes_files_go_as_archives(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """As with a remote engine, where the path is not there, or is there and is another machine's."""
    elsewhere = tmp_path / "elsewhere"
    if fault == "other":
        elsewhere.mkdir()
        elsewhere.chmod(0o777)

    def mounted(_: SharedDirectory, options: Options) -> Options:
        return replace(options, binds=(Bind(str(elsewhere), ROOT),))

    monkeypatch.setattr(SharedDirectory, "mounted", mounted)
    with new_bench() as bench:
        assert bench.transfer is Transfer.ARCHIVE
        assert run(bench, "cat given").outcome.stdout == b"some text\n"
    with pytest.raises(EngineError), new_bench(transfer=Transfer.SHARED):
        pass


def test_the_terminal_is_one_of_this_machine_until_a_step_hangs(bench: ContainerBench) -> None:
    shell = bench._shell
    assert shell is not None
    with bench.workspace({}) as workspace:
        first = shell._terminal
        asked = workspace.run(Command('read -r answer </dev/tty; printf %s "$answer"', timeout_s=1)).outcome
        second = shell._terminal
        later = workspace.run(Command("openssl version")).outcome
    assert first is not None
    assert second is None
    assert asked.ending is Ending.HUNG
    assert later.status == 0


def test_the_terminal_of_somebody_else_is_never_opened(new_bench: NewBench, monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    os.fchmod(slave, 0o666)  # the user of the commands could use it
    own_mount = PseudoTerminal.mounted

    def mounted(terminal: PseudoTerminal, options: Options) -> Options:
        terminal._path = os.ttyname(slave)  # as the same number would name it on another machine
        return own_mount(terminal, options)

    monkeypatch.setattr(PseudoTerminal, "mounted", mounted)
    try:
        with new_bench() as bench:
            assert bench.transfer is Transfer.SHARED
            assert bench._terminal is None
            assert run(bench, "cat given").outcome.stdout == b"some text\n"
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 1)  # nothing was typed on it
    finally:
        os.close(master)
        os.close(slave)


def test_an_engine_that_has_no_such_terminal_gives_its_own(
    new_bench: NewBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mounted(_: PseudoTerminal, options: Options) -> Options:
        return replace(options, binds=(*options.binds, Bind("/dev/pts/no-such-terminal", INSIDE)))

    monkeypatch.setattr(PseudoTerminal, "mounted", mounted)
    with new_bench() as bench:
        assert bench.transfer is Transfer.SHARED
        assert bench._terminal is None
        assert run(bench, "cat given").outcome.stdout == b"some text\n"


def test_a_shared_directory_is_used_where_the_engine_sees_it(bench: ContainerBench) -> None:
    assert bench.transfer is Transfer.SHARED


@contextmanager
def not_root(client: docker.DockerClient) -> Iterator[None]:
    """The rest as a user who may use the engine's socket but is not root; as who we are, if that is so."""
    socket = Path("/var/run/docker.sock")
    if os.geteuid() != 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    client.api.close()  # no connection of root's is to be used again
    os.setgroups([socket.stat().st_gid])
    os.setegid(54321)
    os.seteuid(54321)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def test_a_user_who_is_not_root_owns_what_commands_write(new_bench: NewBench, client: docker.DockerClient) -> None:
    with not_root(client), new_bench(transfer=Transfer.SHARED) as bench:
        made = run(
            bench, "id -u; openssl genrsa -out key.pem 2048 2>/dev/null; mkdir d; echo x >d/f; chmod 000 d d/f || :"
        )
        again = run(bench, "ls")
        uid = os.geteuid()

    assert made.outcome.stdout == f"{uid}\n".encode()
    assert (made.files["key.pem"].mode, made.files["key.pem"].content is not None) == (0o600, True)
    assert {name: file.mode for name, file in made.files.items()} == {
        "given": 0o644,
        "key.pem": 0o600,
        "d": 0,
        "d/f": 0o644,
    }
    assert again.outcome.stdout == b"given\n"


CLIENT = """
import sys
from opensslrun.bench.base import Command
from opensslrun.bench.containerbench import ContainerBench, Transfer
with ContainerBench(sys.argv[1], run_id=sys.argv[2], transfer=Transfer.ARCHIVE) as bench:
    print(bench.container_id, flush=True)
    with bench.workspace({}) as workspace:
        workspace.run(Command("trap '' TERM HUP; echo x >/dev/tty; printf stuck >/dev/tty; sleep 600", timeout_s=600))
"""


def test_the_container_ends_when_its_client_is_killed(client: docker.DockerClient, openssl_image: str) -> None:
    run_id = f"killed-{os.getpid()}"
    killed = subprocess.Popen([sys.executable, "-c", CLIENT, openssl_image, run_id], stdout=subprocess.PIPE, text=True)
    with killed:
        assert killed.stdout is not None
        identity = killed.stdout.readline().strip()
        assert client.api.inspect_container(identity)["State"]["Running"]
        time.sleep(0.5)
        killed.kill()
        killed.wait()

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"}):
        time.sleep(0.05)
    with pytest.raises(docker.errors.NotFound):
        client.api.inspect_container(identity)


def test_a_container_never_started_is_a_leftover_only_when_it_is_old(
    client: docker.DockerClient, openssl_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = client.api.create_container(openssl_image, ["/bin/cat"], labels={RUN_LABEL: "leftover-test"})["Id"]
    remove_leftovers(client)
    client.api.inspect_container(created)

    monkeypatch.setattr("opensslrun.bench.removal._LEFTOVER_AFTER_S", -100)
    assert remove_leftovers(client) >= 1
    with pytest.raises(docker.errors.NotFound):
        client.api.inspect_container(created)


def test_output_of_exec_is_whole_however_fast_the_command_ends(client: docker.DockerClient, openssl_image: str) -> None:
    pieces: list[bytes] = []
    with Container(client, openssl_image) as container:
        for _ in range(20):
            assert container.exec(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], timeout_s=20)[0] == 3
            assert container.exec(["/bin/busybox", "echo", "x"], timeout_s=20) == (0, b"x\n")
        large = container.exec(["/bin/busybox", "seq", "200000"], timeout_s=60, on_output=pieces.append)

    assert large[1] == b"".join(b"%d\n" % number for number in range(1, 200_001))
    assert b"".join(pieces) == large[1]


def test_an_exec_that_does_not_end_is_an_error_in_words_and_can_be_killed(
    client: docker.DockerClient, openssl_image: str
) -> None:
    with Container(client, openssl_image, name="the target") as container:
        with pytest.raises(EngineError, match=r"`sleep 600` did not end within 0.5 s in the container for the target"):
            container.exec(["sleep", "600"], user="12345:12345", timeout_s=0.5)
        container.kill_processes("12345:12345")
        status, processes = container.exec(["ps"], timeout_s=20)

    assert status == 0
    assert b"sleep 600" not in processes


def test_orphans_do_not_pile_up_as_zombies(client: docker.DockerClient, openssl_image: str) -> None:
    with Container(client, openssl_image) as container:
        for _ in range(5):
            container.exec(["/bin/sh", "-c", "sleep 0.1 & sleep 0.1 &"], timeout_s=20)
        time.sleep(0.5)
        _, processes = container.exec(["ps"], timeout_s=20)

    assert b"sleep" not in processes


@pytest.fixture(params=["dash", "bash"])
def other_shell(request: pytest.FixtureRequest, image_with_shell: Callable[[Path | None], str]) -> str:
    """An image whose ``/bin/sh`` is not busybox's."""
    shell = shutil.which(request.param)
    assert shell is not None, f"this test needs {request.param} on this machine"
    return image_with_shell(Path(shell))


def test_the_kept_open_shell_may_be_any_posix_shell(new_bench: NewBench, other_shell: str) -> None:
    ask = Command("openssl genrsa -aes128 -out k 2048; exit 3", answers=("a pass phrase", "a pass phrase"))
    with new_bench(other_shell) as bench, bench.workspace({}) as workspace:
        steps = [
            workspace.run(command).outcome
            for command in (
                ask,
                replace(ask, input=Input.LINES),
                replace(ask, answers=("a pass phrase",)),
                Command("sleep 600 & sleep 600", timeout_s=0.5),
                Command("kill 0"),
                Command("kill -9 $$", Input.NONE),
                Command("openssl rand 100000000"),
                Command("sleep 600 & sleep 0.2; echo $0; ps"),
                Command("ps; umask"),
            )
        ]

    prompts = ("Enter PEM pass phrase:", "Verifying - Enter PEM pass phrase:")
    assert [(step.ending, step.status) for step in steps] == [
        (Ending.EXITED, 3),
        (Ending.EXITED, 3),
        (Ending.HUNG, -1),
        (Ending.HUNG, -1),
        (Ending.SIGNALLED, signal.SIGTERM),
        (Ending.SIGNALLED, signal.SIGKILL),
        (Ending.SIGNALLED, signal.SIGXFSZ),
        (Ending.EXITED, 0),
        (Ending.EXITED, 0),
    ]
    assert [step.prompts for step in steps[:3]] == [prompts, prompts, prompts]
    assert steps[2].unanswered == prompts[1]
    assert b"sleep 600" in steps[7].stdout
    assert b"sleep 600" not in steps[8].stdout
    assert steps[8].stdout.endswith(b"\n0022\n")


def test_lines_reach_a_step_as_they_reach_a_program_on_a_pipe(bench: ContainerBench) -> None:
    seen = run(bench, "read a; read b; echo $b$a; cat", input=Input.LINES, answers=("one", "two", "three"))

    assert seen.outcome.stdout == b"twoone\nthree\n"
