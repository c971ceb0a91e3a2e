"""``opensslrun try``."""

from __future__ import annotations

import argparse
import shlex
from contextlib import nullcontext

from opensslrun.cli.output import err, out, print_document
from opensslrun.driver.outcome import Input
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.attempt import Attempt, Tried, answers_of, attempt, files_of
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.report.attempts import show_tried, tried_as_data
from opensslrun.report.progress import progress_on


def run(args: argparse.Namespace) -> ExitStatus:
    """Try the command everywhere, and say by the exit status whether all answers are the same."""
    words: list[str] = args.command
    what = Attempt(
        line=words[0] if len(words) == 1 else shlex.join(words),
        files=files_of(args.file),
        answers=answers_of(args.answers),
        input=Input(args.input),
        timeout_s=args.timeout,
        targets=tuple(args.target),
        readers=args.readers,
        targets_file=args.targets_file,
        jobs=args.jobs,
    )
    with Interruptions() as interruptions:
        told = progress_on(err()) if err().is_terminal else nullcontext(Listener())
        with told as listener:
            tried = attempt(what, listener, interruptions)
        if interruptions.seen.is_set():
            raise KeyboardInterrupt
    if args.format == "json":
        print_document(tried_as_data(tried))
    else:
        show_tried(tried, out())
    return _status(tried)


def _status(tried: Tried) -> ExitStatus:
    """FOUND when answers differ, ENVIRONMENT when a target that was to answer could not."""
    if len(tried.answers) > 1:
        return ExitStatus.FOUND
    return ExitStatus.ENVIRONMENT if tried.failed or not tried.answers else ExitStatus.OK
