"""The bench whose commands run on this machine, by the same shell command lines and with the same answers.

On Windows a line that is one ``openssl`` with its arguments is run without a shell: the shell that comes with Git for
Windows gives the programs it starts a console that nobody sees, and there they would wait for their answers.
"""

from __future__ import annotations

import shlex
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from opensslrun.bench.base import Command, Observation, without_modes
from opensslrun.bench.tree import Tree, disk_errors, is_plain, script
from opensslrun.driver.outcome import Ending, through_shell
from opensslrun.driver.process import run_program
from opensslrun.driver.system import here
from opensslrun.errors import EngineError, EnvironmentLacksError


class LocalBench:
    """Runs command lines on this machine, in a private directory, with ``openssl`` naming one binary.

    ``openssl`` is the binary's path. Entering it raises EnvironmentLacksError when there is no program there, or no
    shell; leaving it removes the directory.
    """

    def __init__(self, openssl: Path, *, name: str = "") -> None:
        self._openssl = openssl.absolute()
        self._name = name or str(openssl)
        self._tree: Tree | None = None
        self._interrupted = threading.Event()

    def __enter__(self) -> Self:
        if shutil.which(str(self._openssl)) is None:
            raise EnvironmentLacksError(
                f"{self._openssl} is not a program that can be run; name the path of an openssl that is"
            )
        here.shell()
        self._tree = Tree(None)
        with disk_errors("name the openssl to be run"):
            self._bin(self._tree).mkdir()
            here.name_openssl(self._bin(self._tree), self._openssl)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tree, self._tree = self._tree, None
        if tree is not None:
            tree.close()

    def workspace(self, files: Mapping[str, bytes]) -> LocalWorkspace:
        """A fresh workspace holding these files. Raises UsageError for a name that leads out of it, EngineError."""
        if self._tree is None:
            raise EngineError(f"The bench of {self._name} was used while it was not open; enter it first")
        workspace = self._tree.make(files)
        environment = here.bench_environment(self._bin(self._tree), self._tree.home(workspace))
        return LocalWorkspace(self, self._tree, workspace, environment, self._interrupted)

    @property
    def openssl(self) -> Path:
        """The binary."""
        return self._openssl

    def interrupt(self) -> None:
        """From another thread: a running command and every later one raise EngineError soon."""
        self._interrupted.set()

    @staticmethod
    def _bin(tree: Tree) -> Path:
        return tree.root / "bin"


class LocalWorkspace:
    """A directory of this machine; see :class:`~opensslrun.bench.base.Workspace`."""

    def __init__(
        self, bench: LocalBench, tree: Tree, number: int, environment: Mapping[str, str], interrupted: threading.Event
    ) -> None:
        self._bench = bench
        self._tree = tree
        self._number = number
        self._environment = environment
        self._interrupted = interrupted
        self._steps = 0

    def run(self, command: Command) -> Observation:
        """Run one command line. Raises EngineError when interrupted, UsageError for an answer of two lines."""
        self._steps += 1
        step = str(self._steps)
        self._tree.give(self._number, step, script(command.line), None)
        direct = not here.HAS_TERMINALS and is_plain(command.line)
        argv = self._words(command.line) if direct else [here.shell(), f"../s/{step}"]
        outcome = run_program(
            argv,
            cwd=self._tree.case(self._number),
            input=command.input,
            answers=command.answers,
            timeout_s=command.timeout_s,
            env=self._environment,
            interrupted=self._interrupted,
        )
        if not direct and outcome.ending is Ending.EXITED:
            ending, status = through_shell(outcome.status)
            outcome = replace(outcome, ending=ending, status=status)
        left = self._tree.files(self._number)
        return Observation(outcome, left.files if here.HAS_MODES else without_modes(left.files), left.more)

    def _words(self, line: str) -> list[str]:
        """A plain line as the program and its arguments."""
        return [str(self._bench.openssl), *shlex.split(line)[1:]]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tree.remove(self._number)
