"""A program run to its end on Windows: without a console, its answers as lines on its stdin.

A program that has no console asks on stderr and reads what is answered from its stdin. One that had one, if only an
invisible one, would wait for it for ever; hence DETACHED_PROCESS, and not CREATE_NO_WINDOW.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"  # so the type checker reads this file for this system alone

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO, Final

from opensslrun.driver.dialogue import typed
from opensslrun.driver.outcome import Input
from opensslrun.driver.system.job import SUSPENDED, Job
from opensslrun.driver.system.start import End, Start
from opensslrun.errors import EngineError

_TICK_S: Final = 0.05
"""Seconds between looks at the interruption flag and at what was written."""


def run_started(
    start: Start, how: Input, answers: Sequence[str], deadline: float, interrupted: threading.Event | None
) -> End:
    """Run it to its end, or kill it at ``deadline`` (monotonic), and leave nothing that it started.

    What writes more than ``max_file_size`` bytes to a stream is killed too, and hung: Windows limits no file's size.
    Raises OSError when it cannot be started, EngineError when ``interrupted`` is set.
    """
    lines = () if how is Input.NONE else answers
    with tempfile.TemporaryFile(buffering=0) as stdin, Job() as job:
        stdin.write(b"".join(typed(line) + b"\n" for line in lines))
        stdin.seek(0)
        with _started(start, stdin, job) as process:
            try:
                hung = not _wait(process, start, deadline, interrupted)
            finally:
                job.kill()
            returncode = process.wait()
    return End(None if hung else returncode, None)


def _started(start: Start, stdin: IO[bytes], job: Job) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        start.argv,
        cwd=start.cwd,
        env=dict(start.env),
        stdin=stdin,
        stdout=start.stdout,
        stderr=start.stderr,
        creationflags=subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP | SUSPENDED,
    )
    try:
        job.take(process.pid)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def _wait(process: subprocess.Popen[bytes], start: Start, deadline: float, interrupted: threading.Event | None) -> bool:
    """Whether the program ended by itself."""
    while True:
        if interrupted is not None and interrupted.is_set():
            raise EngineError("the command was interrupted before it ended")
        left_s = max(deadline - time.monotonic(), 0.0)
        try:
            process.wait(min(left_s, _TICK_S))
        except subprocess.TimeoutExpired:
            runaway = any(os.fstat(stream).st_size > start.max_file_size for stream in (start.stdout, start.stderr))
            if left_s == 0 or runaway:
                return False
        else:
            return True
