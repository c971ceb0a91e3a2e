"""The bench whose commands run in a container: one container a target, one shell kept open in it."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Self

from opensslrun.bench.base import Command
from opensslrun.bench.confinement import KEEPER_USER, Options
from opensslrun.bench.connection import Connection
from opensslrun.bench.container import Container
from opensslrun.bench.containerworkspace import ContainerWorkspace
from opensslrun.bench.exchange import ROOT, ArchiveVolume, Exchange, SharedDirectory
from opensslrun.bench.pseudoterminal import PseudoTerminal
from opensslrun.bench.shell import Shell
from opensslrun.driver.outcome import Input
from opensslrun.driver.system import here
from opensslrun.errors import EngineError

if TYPE_CHECKING:
    import docker

RUN_USER = 12345
"""Whom commands run as when this process is root, or where users have no numbers: nobody of any distribution."""

_TMP = {"/tmp": "rw,nosuid,nodev,mode=1777,size=67108864"}  # noqa: S108 -- the container's own


class Transfer(StrEnum):
    """How files get into the container and out of it."""

    AUTO = "auto"
    """By a shared directory where the engine sees this machine's files (tried by really using it), else by archive."""
    SHARED = "shared"
    ARCHIVE = "archive"


class ContainerBench:
    """Runs command lines in a container of an image, confined as tightly as :class:`Options` says.

    Entering it starts the container and raises EngineError when that fails; leaving it removes the container and
    every file of this machine. ``image`` is an id or a name; ``name`` is the target's, for sentences. ``connection`` is
    shared with other benches, or around a ``client``, or made for this bench alone. ``run_id`` goes into the
    container's label.
    """

    def __init__(
        self,
        image: str,
        *,
        name: str = "",
        client: docker.DockerClient | None = None,
        connection: Connection | None = None,
        transfer: Transfer = Transfer.AUTO,
        run_id: str = "",
        windows: bool = False,
    ) -> None:
        """``windows``: the programs are Windows builds under wine, which cannot use a terminal (1.1.1g fails or hangs).

        Where a step has one its answers are given as lines, and what was asked on standard error is taken out of it
        again. Files have no modes.
        """
        self._image = image
        self._name = name or image
        self._connection = connection or Connection(client)
        self._owns_connection = connection is None
        self._transfer = transfer
        self._run_id = run_id
        self._windows = windows
        ours = here.user_ids()
        self._user = (RUN_USER, RUN_USER) if ours is None or ours[0] == 0 else ours
        self._exchange: Exchange | None = None
        self._container: Container | None = None
        self._shell: Shell | None = None
        self._terminal: PseudoTerminal | None = None
        self._interrupted = threading.Event()

    @property
    def transfer(self) -> Transfer:
        """How files really move; AUTO before the bench is entered."""
        if self._exchange is None:
            return Transfer.AUTO
        return Transfer.ARCHIVE if self._exchange.archives else Transfer.SHARED

    @property
    def container_id(self) -> str:
        """The engine's id of the container. Raises EngineError when it is not running."""
        if self._container is None:
            raise EngineError(f"The bench of {self._name} was used while it was not open; enter it first")
        return self._container.id

    def __enter__(self) -> Self:
        try:
            self._start(self._connection.client())
        except BaseException:
            with contextlib.suppress(EngineError):
                self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._close()
            return
        with contextlib.suppress(EngineError):  # the first error says more than this one would
            self._close()

    def workspace(self, files: Mapping[str, bytes]) -> ContainerWorkspace:
        """A fresh workspace holding these files. Raises UsageError for a name that leads out of it, EngineError."""
        exchange, shell = self._open()
        return ContainerWorkspace(self, exchange, shell, exchange.make(files), files, windows=self._windows)

    def interrupt(self) -> None:
        """From another thread: a running command and every later one raise EngineError soon."""
        self._interrupted.set()
        if self._shell is not None:
            self._shell.interrupt()
        if self._container is not None:
            self._container.end()

    @property
    def interrupted(self) -> bool:
        """Whether :meth:`interrupt` was called."""
        return self._interrupted.is_set()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Says of whatever fails inside after :meth:`interrupt` that it was interrupted."""
        try:
            self._check_interrupted()
            yield
        except EngineError as error:
            if self._interrupted.is_set():
                raise EngineError(self._interruption()) from error
            raise
        self._check_interrupted()

    def _check_interrupted(self) -> None:
        if self._interrupted.is_set():
            raise EngineError(self._interruption())

    def _interruption(self) -> str:
        return f"The commands of {self._name} were interrupted; run again for what is missing"

    def _open(self) -> tuple[Exchange, Shell]:
        if self._exchange is None or self._shell is None:
            raise EngineError(f"The bench of {self._name} was used while it was not open; enter it first")
        return self._exchange, self._shell

    def _start(self, client: docker.DockerClient) -> None:
        """By the quickest way that works here; whatever is wrong with none of them is met again by the last and told.

        A shared directory and a terminal of this machine, a shared directory and the engine's terminal, archives.
        """
        if self._transfer is not Transfer.ARCHIVE:
            with contextlib.suppress(EngineError):
                return self._start_with(client, SharedDirectory(self._user), PseudoTerminal(self._user))
            self._stop()
        if self._transfer is Transfer.AUTO:
            with contextlib.suppress(EngineError):
                return self._start_with(client, SharedDirectory(self._user), None)
            self._stop()
        if self._transfer is Transfer.SHARED:
            return self._start_with(client, SharedDirectory(self._user), None)
        return self._start_with(client, ArchiveVolume(self._user), None)

    def _start_with(self, client: docker.DockerClient, exchange: Exchange, terminal: PseudoTerminal | None) -> None:
        self._exchange = exchange
        self._terminal = terminal
        user = f"{self._user[0]}:{self._user[1]}"
        keeper = KEEPER_USER if self._user[0] != KEEPER_USER else KEEPER_USER - 1
        options = Options(user=f"{keeper}:{keeper}", tmpfs=_TMP)
        options = exchange.mounted(options)
        if terminal is not None:
            options = terminal.mounted(options)
        container = Container(client, self._image, options, run_id=self._run_id, name=self._name)
        self._container = container
        with self.interruptible():
            container.start()
            exchange.attach(container)
            self._shell = Shell(
                container, user=user, root=ROOT, archives=exchange.archives, name=self._name, terminal=terminal
            )
            self._probe()

    def _probe(self) -> None:
        """Raise EngineError unless a file written here is read there and the other way round, by the same bytes."""
        word = secrets.token_hex(16).encode()
        with self.workspace({"given": word}) as workspace:
            seen = workspace.run(Command("umask 077; cat given >taken; rm given; exit 3", Input.NONE, timeout_s=30))
        taken = seen.files.get("taken")
        if seen.outcome.status != 3 or set(seen.files) != {"taken"} or taken is None or taken.content != word:
            said = seen.outcome.stderr.decode("utf-8", "backslashreplace").strip()[:300]
            raise EngineError(
                f"Files do not get into the container for {self._name} and out again ({said or 'no message'}); "
                "see that the engine's disk is not full and that TMPDIR is a directory the engine may share"
            )

    def _close(self) -> None:
        try:
            self._stop()
        finally:
            if self._owns_connection:
                self._connection.close()

    def _stop(self) -> None:
        shell, self._shell = self._shell, None
        container, self._container = self._container, None
        exchange, self._exchange = self._exchange, None
        terminal, self._terminal = self._terminal, None
        try:
            if shell is not None:
                shell.close()
            if terminal is not None:
                terminal.close()
            if container is not None:
                container.close()
        finally:
            if exchange is not None:
                exchange.close()
