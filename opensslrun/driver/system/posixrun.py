"""A program run to its end on a POSIX system: on a terminal of its own, or with lines on its stdin."""

from __future__ import annotations

import sys

assert sys.platform != "win32"  # so the type checker reads this file for these systems alone

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack

from opensslrun.driver.dialogue import Stop, hold_dialogue, typed
from opensslrun.driver.outcome import Input
from opensslrun.driver.system.posixchild import Child, Feed, Terminal
from opensslrun.driver.system.start import End, Start


def run_started(
    start: Start, how: Input, answers: Sequence[str], deadline: float, interrupted: threading.Event | None
) -> End:
    """Run it to its end, or kill it at ``deadline`` (monotonic), and leave no process of its group.

    Raises OSError when it cannot be started, EngineError when ``interrupted`` is set.
    """
    if how is Input.TERMINAL:
        return _on_terminal(start, answers, deadline, interrupted)
    return _without_terminal(start, answers if how is Input.LINES else None, deadline, interrupted)


def _on_terminal(start: Start, answers: Sequence[str], deadline: float, interrupted: threading.Event | None) -> End:
    with Terminal() as terminal, Child(start, interrupted, terminal=terminal.path) as child:
        terminal.serve(child)
        dialogue = hold_dialogue(terminal, answers, end=None, deadline=deadline)
        returncode = child.kill()
    hung = dialogue.stop is Stop.HUNG
    return End(None if hung else returncode, dialogue.prompts, dialogue.unanswered)


def _without_terminal(
    start: Start, lines: Sequence[str] | None, deadline: float, interrupted: threading.Event | None
) -> End:
    """Run without a controlling terminal; ``lines`` are written to stdin, None leaves it empty."""
    with ExitStack() as stack:
        feed, theirs = None, None
        if lines is not None:
            theirs, mine = os.pipe()
            feed = stack.enter_context(Feed(mine, b"".join(typed(line) + b"\n" for line in lines)))
        try:
            child = stack.enter_context(Child(start, interrupted, stdin=theirs))
        finally:
            if theirs is not None:
                os.close(theirs)
        if feed is not None:
            feed.write_to(child, deadline)
        child.wait_for(None, 0, deadline - time.monotonic())
        hung = not child.ended()
        returncode = child.kill()
    return End(None if hung else returncode, None)
