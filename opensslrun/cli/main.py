"""The command line: parse, call one function, turn every outcome into its exit status."""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

import opensslrun
from opensslrun.cli import parsers
from opensslrun.errors import ExitStatus, OpensslrunError
from opensslrun.pipeline.interruption import SIGNALS

_COLLECT_AFTER = 100_000
"""Objects made and not yet gone, after which garbage is looked for. Loading the modules of a run makes more than that,
all of which stay, and at Python's 700 a tenth of the loading is looking through them."""


def run() -> None:
    """The console script. Ctrl-C pressed again and again, until the process is gone, changes nothing any more."""
    gc.set_threshold(_COLLECT_AFTER)
    try:
        status = main()
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    if status == ExitStatus.INTERRUPTED:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; no traceback reaches the user."""
    arguments = parsers.build_parser(opensslrun.__version__).parse_args(argv)
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _as_interrupt)
    try:
        status = _handler(arguments)(arguments)
        sys.stdout.flush()
    except OpensslrunError as error:
        print(f"opensslrun: {error}", file=sys.stderr)  # noqa: T201  (messages go to stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("opensslrun: interrupted", file=sys.stderr)  # noqa: T201
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not our failure, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.OK
    except Exception as error:  # noqa: BLE001  (the last resort: a defect becomes a sentence)
        return _defect(error)
    return status


def _handler(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], ExitStatus]:
    handler = arguments.handler
    if isinstance(handler, str):
        module, _, name = handler.partition(":")
        found: Callable[[argparse.Namespace], ExitStatus] = getattr(importlib.import_module(module), name)
        return found
    given: Callable[[argparse.Namespace], ExitStatus] = handler
    return given


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    """A CI system ends a job with SIGTERM; clean up as for Ctrl-C."""
    raise KeyboardInterrupt


def _defect(error: Exception) -> ExitStatus:
    """Say what went wrong in opensslrun itself, without values that may hold a secret."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}" if frame else ""  # noqa: PTH119
    print(  # noqa: T201
        f"opensslrun: this is a defect of opensslrun {opensslrun.__version__} ({type(error).__name__}{where}); please "
        "report it with the command you ran. OPENSSLRUN_TRACEBACK=1 shows the details.",
        file=sys.stderr,
    )
    if os.environ.get("OPENSSLRUN_TRACEBACK"):
        raise error
    return ExitStatus.DEFECT


if __name__ == "__main__":
    run()
