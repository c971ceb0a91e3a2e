"""One program run to its end on this machine, with its prompts answered, and no process left behind.

The program becomes the leader of a session of its own. Beside it, in the same process group, waits a *guard*: a
subshell reading a pipe whose only write end this process holds. However this process ends, SIGKILL included,
the pipe closes and the guard kills the whole group. The guard also keeps the group's number from being used
again, so the group can be killed safely after the program itself has gone.

The program is started by :class:`subprocess.Popen` and not by :class:`pexpect.spawn`: the latter runs Python
between fork and exec, which is not safe beside threads, and leaves SIGXFSZ ignored, so that a runaway would not
end at its file size limit. The terminal is a pexpect spawn object all the same.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from opensslrun.driver.child import Child, Feed, Start, Terminal
from opensslrun.driver.dialogue import Stop, check_answers, hold_dialogue, typed
from opensslrun.driver.environment import clean_environment
from opensslrun.driver.outcome import MAX_FILE_SIZE, Ending, Input, Outcome, through_shell
from opensslrun.driver.prompts import find_prompts
from opensslrun.errors import EnvironmentLacksError

MAX_READ_BACK: Final = 2 * 1024 * 1024
"""Bytes of stdout and of stderr that an outcome holds; the rest is left out."""

_LAST_LINE: Final = 2000


def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    input: Input = Input.TERMINAL,  # noqa: A002  (the word of the case files)
    answers: Sequence[str] = (),
    timeout_s: float = 60.0,
    env: Mapping[str, str] | None = None,
    umask: int = 0o022,
    max_file_size: int = MAX_FILE_SIZE,
    interrupted: threading.Event | None = None,
) -> Outcome:
    """Run ``argv`` in ``cwd`` to its end, or kill it, and report; safe from many threads at once.

    ``env`` None means :func:`clean_environment`. A file it writes may grow to ``max_file_size`` bytes, stdout and
    stderr included; of these two the first :data:`MAX_READ_BACK` bytes are reported. When ``interrupted`` is set
    from another thread, the program is killed. No process of its group is left afterwards, however this ends.

    Raises EnvironmentLacksError when there is no such program, or no terminal or temporary file to give it;
    EngineError when interrupted; UsageError for an answer of more than one line. Never for what it did.
    """
    check_answers(answers)
    environment = clean_environment() if env is None else env
    program = _found(argv[0], cwd, environment)
    deadline = time.monotonic() + timeout_s
    with _Streams() as streams:
        start = Start(
            argv=(program, *argv[1:]),
            cwd=cwd,
            env=environment,
            umask=umask,
            max_file_size=max_file_size,
            stdin=None,
            stdout=streams.stdout.fileno(),
            stderr=streams.stderr.fileno(),
        )
        begun = time.monotonic()
        try:
            if input is Input.TERMINAL:
                end = _on_terminal(start, answers, deadline, interrupted)
            else:
                lines = answers if input is Input.LINES else None
                end = _without_terminal(start, lines, deadline, interrupted)
        except OSError as error:
            raise EnvironmentLacksError(
                f"{argv[0]} could not be started in {cwd}: {error.strerror or error}; check that the directory is "
                "there and that the system has processes and terminals left"
            ) from error
        return _outcome(end, streams, time.monotonic() - begun)


def run_line(
    line: str,
    *,
    cwd: Path,
    input: Input = Input.TERMINAL,  # noqa: A002  (the word of the case files)
    answers: Sequence[str] = (),
    timeout_s: float = 60.0,
    env: Mapping[str, str] | None = None,
    umask: int = 0o022,
    max_file_size: int = MAX_FILE_SIZE,
    interrupted: threading.Event | None = None,
) -> Outcome:
    """Run one command line, verbatim, by the POSIX shell; otherwise as :func:`run_program`.

    A shell reports a child that a signal ended as exit status 128 and the signal's number; the outcome says the
    signal. So an ``openssl`` that itself exits over 128 with such a number would be misread; none was seen to.
    """
    outcome = run_program(
        ["/bin/sh", "-c", line],
        cwd=cwd,
        input=input,
        answers=answers,
        timeout_s=timeout_s,
        env=env,
        umask=umask,
        max_file_size=max_file_size,
        interrupted=interrupted,
    )
    ending, status = through_shell(outcome.status) if outcome.ending is Ending.EXITED else (outcome.ending, None)
    return outcome if status is None else replace(outcome, ending=ending, status=status)


@dataclass(frozen=True, slots=True)
class _End:
    """How the program was over. ``returncode`` is Popen's; None when it was killed for being HUNG."""

    returncode: int | None
    prompts: tuple[str, ...] | None
    """None when they are to be found in stderr."""
    unanswered: str = ""


class _Streams:
    """Files for stdout and stderr that have no name, so that nothing of them can be left behind."""

    def __init__(self) -> None:
        try:
            self.stdout: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed by __exit__)
            self.stderr: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed by __exit__)
        except OSError as error:
            raise EnvironmentLacksError(
                f"no temporary file could be made in {tempfile.gettempdir()}: {error.strerror}; "
                "make room there or set TMPDIR"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stdout.close()
        self.stderr.close()


def _found(program: str, cwd: Path, env: Mapping[str, str]) -> str:
    """The program's path, found as a shell standing in ``cwd`` would. Raises EnvironmentLacksError."""
    if "/" in program:
        path = cwd / program
        if path.is_file() and os.access(path, os.X_OK):
            return program
        raise EnvironmentLacksError(f"{program} is not a program that can be run; name one that is")
    found = shutil.which(program, path=env.get("PATH", os.defpath))
    if found is None:
        raise EnvironmentLacksError(f"no program {program} is on PATH; install it, or name the path of one")
    return str(Path(found).absolute())


def _on_terminal(start: Start, answers: Sequence[str], deadline: float, interrupted: threading.Event | None) -> _End:
    with Terminal() as terminal, Child(replace(start, terminal=terminal.path), interrupted) as child:
        terminal.serve(child)
        dialogue = hold_dialogue(terminal, answers, end=None, deadline=deadline)
        returncode = child.kill()
    hung = dialogue.stop is Stop.HUNG
    return _End(None if hung else returncode, dialogue.prompts, dialogue.unanswered)


def _without_terminal(
    start: Start, lines: Sequence[str] | None, deadline: float, interrupted: threading.Event | None
) -> _End:
    """Run without a controlling terminal; ``lines`` are written to stdin, None leaves it empty."""
    with ExitStack() as stack:
        feed = None
        if lines is not None:
            theirs, mine = os.pipe()
            feed = stack.enter_context(Feed(mine, b"".join(typed(line) + b"\n" for line in lines)))
            start = replace(start, stdin=theirs)
        try:
            child = stack.enter_context(Child(start, interrupted))
        finally:
            if lines is not None:
                os.close(theirs)
        if feed is not None:
            feed.write_to(child, deadline)
        child.wait_for(None, 0, deadline - time.monotonic())
        hung = not child.ended()
        returncode = child.kill()
    return _End(None if hung else returncode, None)


def _outcome(end: _End, streams: _Streams, duration_s: float) -> Outcome:
    stdout, stderr = (os.pread(stream.fileno(), MAX_READ_BACK, 0) for stream in (streams.stdout, streams.stderr))
    unanswered, prompts = end.unanswered, end.prompts
    if prompts is None:
        text = stderr.decode("utf-8", "backslashreplace")
        prompts = find_prompts(text)
        if end.returncode is None:
            unanswered = text.strip("\r\n").rpartition("\n")[2].rpartition("\r")[2][-_LAST_LINE:]
    if end.returncode is None:
        ending, status = Ending.HUNG, -1
    elif end.returncode < 0:
        ending, status = Ending.SIGNALLED, -end.returncode
    else:
        ending, status = Ending.EXITED, end.returncode
    return Outcome(ending, status, prompts, unanswered, stdout, stderr, duration_s)
