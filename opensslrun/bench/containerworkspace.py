"""A case's directory in a container, and its commands run there one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from opensslrun.bench.base import Command, Observation, SeenFile, without_modes
from opensslrun.bench.exchange import Exchange
from opensslrun.bench.loop import step_script
from opensslrun.bench.shell import Shell, StepEnd
from opensslrun.driver.dialogue import check_answers, typed
from opensslrun.driver.outcome import Ending, Input, Outcome
from opensslrun.driver.prompts import asked_in, without_prompts

if TYPE_CHECKING:
    from opensslrun.bench.containerbench import ContainerBench


class ContainerWorkspace:
    """A directory in the container; see :class:`~opensslrun.bench.base.Workspace`."""

    def __init__(
        self,
        bench: ContainerBench,
        exchange: Exchange,
        shell: Shell,
        number: int,
        given: Mapping[str, bytes],
        *,
        windows: bool = False,
    ) -> None:
        self._bench = bench
        self._exchange = exchange
        self._shell = shell
        self._number = number
        self._windows = windows
        self._steps = 0
        self._killed = False
        self._contents: dict[str, bytes | None] = dict(given)

    def run(self, command: Command) -> Observation:
        """Run one command line. Raises EngineError when the bench is gone, UsageError for an answer of two lines.

        What ends under wine with status 1 without a word, a question or a change of the files is run once more: wine
        itself did that twice in some 1,500 starts on a busy machine (OpenSSL 3.5.5), before the program began. A
        program that does so by itself does it again, and is believed.
        """
        check_answers(command.answers)
        seen = self._once(command)
        if self._windows and _is_silent_failure(seen.outcome) and _contents(seen.files) == self._contents:
            seen = self._once(command)
        self._contents = _contents(seen.files)
        return seen

    def _once(self, command: Command) -> Observation:
        self._steps += 1
        step = str(self._steps)
        on_console = self._windows and command.input is Input.TERMINAL
        if on_console:
            command = replace(command, input=Input.LINES)
        stdin = b"".join(typed(answer) + b"\n" for answer in command.answers) if command.input is Input.LINES else None
        with self._bench.interruptible():
            self._exchange.give(self._number, step, step_script(command.line, command.input), stdin)
            end = self._shell.run(
                self._number,
                step,
                command.input,
                command.answers if command.input is Input.TERMINAL else (),
                command.timeout_s,
                line=command.line,
            )
            self._killed = self._killed or end.ending is not Ending.EXITED
            left = self._exchange.take(self._number, step)
        outcome = _outcome(command, end, left.stdout, left.stderr)
        files = without_modes(left.listing.files) if self._windows else left.listing.files
        return Observation(without_prompts(outcome) if on_console else outcome, files, left.listing.more)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and not self._bench.interrupted:
                with self._bench.interruptible():
                    self._shell.clean(self._number)
        finally:
            self._exchange.remove(self._number, again=error is None and not self._killed)


def _is_silent_failure(outcome: Outcome) -> bool:
    return (outcome.ending, outcome.status) == (Ending.EXITED, 1) and not (
        outcome.stdout or outcome.stderr or outcome.prompts
    )


def _contents(files: Mapping[str, SeenFile]) -> dict[str, bytes | None]:
    """What tells whether a step left the files as they were; directories are made with their files."""
    return {name: seen.content for name, seen in files.items() if seen.kind != "directory"}


def _outcome(command: Command, end: StepEnd, stdout: bytes, stderr: bytes) -> Outcome:
    prompts, unanswered = end.prompts, end.unanswered
    if command.input is not Input.TERMINAL:
        prompts, unanswered = asked_in(stderr, hung=end.ending is Ending.HUNG)
    return Outcome(end.ending, end.status, prompts, unanswered, stdout, stderr, end.duration_s)
