"""What a bench is asked and what it answers: plain data, the same for every bench.

A *bench* opens *workspaces* (an empty directory with a case's input files in it); a workspace runs command
lines verbatim, one after another, and reports what each really did. Nothing here interprets a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from opensslrun.driver.outcome import Input, Outcome

MAX_CONTENT = 4 * 1024 * 1024
"""Bytes of all files of a workspace that are carried into an observation, the smallest files first; of what is beyond
them only the size is reported. So what a run has in memory is bounded whatever commands write, and a key or a
certificate is not lost among files that nothing has use for."""


MAX_FILES = 1000
"""Files, directories and links of a workspace that are named, the first by name; of more only their number is reported,
and then no content is carried. Ten times as many would take 20 MB of memory for each step that is looked at."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, exactly as a document prints it, with what it may be given and for how long."""

    line: str
    input: Input = Input.TERMINAL
    answers: tuple[str, ...] = field(default=(), repr=False)
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file of the workspace after a step. ``kind`` is ``file``, ``directory``, ``link`` or ``other``.

    ``mode`` is the permission bits (0777 for a link), None where the program's platform has none. ``size`` is the
    bytes of a file or of a link's text, else 0. ``content`` is None when it is not a regular file or is beyond
    :data:`MAX_CONTENT`.
    """

    kind: str
    mode: int | None
    size: int
    content: bytes | None = field(repr=False)


def carried(sizes: Mapping[str, int]) -> frozenset[str]:
    """Which of these files' contents are carried, by name and size: the smallest as far as :data:`MAX_CONTENT` goes.

    The same whatever order they come in. What is not carried of some files is not carried of those and others either.
    """
    taken: set[str] = set()
    total = 0
    for size, name in sorted((size, name) for name, size in sizes.items()):
        total += size
        if total > MAX_CONTENT:
            break
        taken.add(name)
    return frozenset(taken)


def without_modes(files: Mapping[str, SeenFile]) -> dict[str, SeenFile]:
    """The files of a program for Windows, where permission bits mean nothing."""
    return {name: replace(seen, mode=None) for name, seen in files.items()}


@dataclass(frozen=True, slots=True)
class Observation:
    """What one step really did: how its command ended, and the whole workspace after it, by relative path.

    ``more`` is how many files there are besides, where a command has left more than :data:`MAX_FILES`.
    """

    outcome: Outcome
    files: Mapping[str, SeenFile]
    more: int = 0


class Workspace(Protocol):
    """A private directory in which a case's commands run one after another (umask 022, clean environment)."""

    def run(self, command: Command) -> Observation:
        """Run one command line to its end (or kill it) and report.

        Raises EngineError when the bench itself is gone. Never raises for what the command did.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Bench(Protocol):
    """Where one target's commands run. A context manager: leaving it leaves no process and no container.

    A bench is used by one thread at a time; several benches run side by side.
    """

    def workspace(self, files: Mapping[str, bytes]) -> Workspace:
        """A fresh workspace holding these input files (relative path to content, mode 0644)."""
        ...

    def interrupt(self) -> None:
        """Called from another thread: make a running command and every later one raise EngineError soon."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
