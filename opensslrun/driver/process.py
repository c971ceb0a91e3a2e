"""One program run to its end on this machine, with its prompts answered, and no process left behind.

On POSIX systems the program becomes the leader of a session of its own. Beside it, in the same process group, waits a
*guard*: a subshell reading a pipe whose only write end this process holds. However this process ends, SIGKILL included,
the pipe closes and the guard kills the whole group. The guard also keeps the group's number from being used
again, so the group can be killed safely after the program itself has gone. On Windows a job object does the same, and
what would be asked on a terminal is asked on stderr and answered by lines.

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
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from opensslrun.driver.dialogue import check_answers
from opensslrun.driver.environment import clean_environment
from opensslrun.driver.outcome import MAX_FILE_SIZE, Ending, Input, Outcome, through_shell
from opensslrun.driver.prompts import asked_in, without_prompts
from opensslrun.driver.system import here
from opensslrun.driver.system.start import End, Start
from opensslrun.errors import EnvironmentLacksError

MAX_READ_BACK: Final = 2 * 1024 * 1024
"""Bytes of stdout and of stderr that an outcome holds; the rest is left out."""


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
            stdout=streams.stdout.fileno(),
            stderr=streams.stderr.fileno(),
        )
        begun = time.monotonic()
        try:
            end = here.run_started(start, input, answers, deadline, interrupted)
        except OSError as error:
            raise EnvironmentLacksError(
                f"{argv[0]} could not be started in {cwd}: {error.strerror or error}; check that the directory is "
                "there and that the system has processes and terminals left"
            ) from error
        outcome = _outcome(end, streams, time.monotonic() - begun)
    on_console = input is Input.TERMINAL and not here.HAS_TERMINALS
    return without_prompts(outcome) if on_console else outcome


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
        [here.shell(), "-c", line],
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
    if Path(program).name != program:
        path = cwd / program
        if path.is_file() and os.access(path, os.X_OK):
            return program
        raise EnvironmentLacksError(f"{program} is not a program that can be run; name one that is")
    found = shutil.which(program, path=env.get("PATH", os.defpath))
    if found is None:
        raise EnvironmentLacksError(f"no program {program} is on PATH; install it, or name the path of one")
    return str(Path(found).absolute())


def _outcome(end: End, streams: _Streams, duration_s: float) -> Outcome:
    stdout, stderr = _content(streams.stdout), _content(streams.stderr)
    prompts, unanswered = end.prompts, end.unanswered
    if prompts is None:
        prompts, unanswered = asked_in(stderr, hung=end.returncode is None)
    if end.returncode is None:
        ending, status = Ending.HUNG, -1
    elif end.returncode < 0:
        ending, status = Ending.SIGNALLED, -end.returncode
    else:
        ending, status = Ending.EXITED, end.returncode
    return Outcome(ending, status, prompts, unanswered, stdout, stderr, duration_s)


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read(MAX_READ_BACK)
