"""One class owns one container; with the code that makes images, it is all that knows how an engine is spoken to.

A container lives as long as its client: its first process reads a standard input that only the client holds, so
when the client closes it, or dies by any means, the container ends and the engine removes it.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from opensslrun.bench.confinement import Options
from opensslrun.bench.engine import engine_errors
from opensslrun.bench.removal import RUN_LABEL, await_removal, remove
from opensslrun.bench.sockets import EngineSocket, Pieces, engine_socket, frames
from opensslrun.errors import EngineError

if TYPE_CHECKING:
    import docker

KEEPER = ("/bin/sh", "-c", "cat >/dev/null; exit 0")
"""The first process: ends when its stdin ends. The shell around ``cat`` waits for every child it inherits, so that
ended orphans do not pile up, without needing the engine's own init program (which is not always installed)."""

_PIECE = 1024 * 1024
"""Bytes of an archive that are in memory at once; the SDK asks for them in pieces of 2 MiB."""

_KILL_TRIES = 10
_KILL_PAUSE_S = 0.2


class Container:
    """One running container: ``with Container(client, image) as container: container.exec([...])``.

    Every method raises EngineError, in one sentence, when the engine or the container does not do as asked.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        image: str,
        options: Options | None = None,
        *,
        run_id: str = "",
        name: str = "",
    ) -> None:
        """``run_id`` goes into the label :data:`RUN_LABEL`; ``name`` says what the container is for, in sentences."""
        self._api = client.api
        self._image = image
        self._options = options or Options()
        self._run_id = run_id or uuid.uuid4().hex
        self._name = name or image
        self._id: str | None = None
        self._keeper: EngineSocket | None = None

    @property
    def id(self) -> str:
        """The engine's id of the container. Raises EngineError before :meth:`start` and after :meth:`close`."""
        if self._id is None:
            raise EngineError(f"The container for {self._name} was used while it was not running; start it first")
        return self._id

    def start(self) -> Self:
        """Make and start it. Raises EngineError; nothing is left behind then."""
        options = self._options
        try:
            with engine_errors(f"start a container of the image {self._image} for {self._name}"):
                created = self._api.create_container(
                    self._image,
                    entrypoint=list(KEEPER),
                    command=[],
                    stdin_open=True,
                    user=options.user,
                    working_dir="/",
                    environment=dict(options.environment),
                    labels={RUN_LABEL: self._run_id},
                    name=f"opensslrun-{uuid.uuid4().hex[:16]}",
                    healthcheck={"test": ["NONE"]},
                    volumes=list(options.volumes),
                    network_disabled=options.network == "loopback",
                    host_config=self._host_config(),
                )
                self._id = str(created["Id"])
                self._keeper = engine_socket(
                    self._api.attach_socket(self._id, params={"stdin": 1, "stdout": 0, "stderr": 0, "stream": 1})
                )
                self._api.start(self._id)
        except BaseException:
            with contextlib.suppress(EngineError):
                self.close()
            raise
        return self

    def _host_config(self) -> dict[str, Any]:
        from docker.types import LogConfig, Mount  # noqa: PLC0415 -- the SDK is imported late

        options = self._options
        return dict(
            self._api.create_host_config(
                auto_remove=True,
                network_mode="none" if options.network == "loopback" else options.network,
                read_only=options.read_only,
                cap_drop=None if options.capabilities else ["ALL"],
                security_opt=None if options.capabilities else ["no-new-privileges"],
                mounts=[Mount(b.target, b.source, type="bind", read_only=b.read_only) for b in options.binds],
                tmpfs=dict(options.tmpfs),
                mem_limit=options.memory,
                memswap_limit=options.memory,
                pids_limit=options.processes,
                nano_cpus=None if options.cpus is None else int(options.cpus * 1e9),
                log_config=LogConfig(type=LogConfig.types.NONE),
            )
        )

    def close(self) -> None:
        """End it and wait until the engine has removed it. Twice does nothing. Raises EngineError."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.close()
        identity, self._id = self._id, None
        if identity is not None:
            with engine_errors(f"remove the container for {self._name}"):
                if keeper is not None:
                    await_removal(self._api, identity)
                remove(self._api, identity)

    def end(self) -> None:
        """From another thread: let the container end, so that whatever is waited for in it comes back with an error."""
        keeper = self._keeper
        if keeper is not None:
            keeper.shut()

    def exec(
        self,
        argv: list[str],
        *,
        user: str | None = None,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        on_output: Callable[[bytes], None] | None = None,
    ) -> tuple[int, bytes]:
        """Run a command with no stdin to its end; its exit status and what it wrote (stdout and stderr as they came).

        ``on_output`` is called with each piece as it comes. Raises EngineError when the command has not ended (and
        closed its output) within ``timeout_s``; it then still runs, until :meth:`close` or :meth:`kill_processes`.
        """
        deadline = time.monotonic() + timeout_s
        with engine_errors(f"run `{argv[0]}` in the container for {self._name}"):
            made = self._api.exec_create(
                self.id, argv, user=user or "", environment=dict(env or {}), workdir=workdir, stdin=False
            )
            stream = engine_socket(self._api.exec_start(made["Id"], socket=True))
            try:
                output = []
                for piece in frames(stream, deadline):
                    output.append(piece)
                    if on_output is not None:
                        on_output(piece)
            except TimeoutError as error:
                raise EngineError(
                    f"`{' '.join(argv)[:200]}` did not end within {timeout_s:g} s in the container for {self._name}; "
                    "see whether the machine is overloaded, and run the command again"
                ) from error
            finally:
                stream.close()
            return self._exit_status(made["Id"], deadline), b"".join(output)

    def _exit_status(self, exec_id: str, deadline: float) -> int:
        """The output ends a moment before the engine knows the status, so ask until it does."""
        while True:
            seen = self._api.exec_inspect(exec_id)
            if not seen["Running"] and seen["ExitCode"] is not None:
                return int(seen["ExitCode"])
            if time.monotonic() > deadline:
                raise EngineError(
                    f"A command in the container for {self._name} closed its output and did not end in time; "
                    "see whether the machine is overloaded, and run the command again"
                )
            time.sleep(0.005)

    def begin(self, argv: list[str], *, user: str | None = None, timeout_s: float) -> bytes:
        """Start a command that goes on without us; what it said first on its standard output, empty if it ended.

        Raises EngineError when it has neither said anything nor ended within ``timeout_s``.
        """
        deadline = time.monotonic() + timeout_s
        with engine_errors(f"run `{argv[0]}` in the container for {self._name}"):
            made = self._api.exec_create(self.id, argv, user=user or "", stderr=False, stdin=False)
            stream = engine_socket(self._api.exec_start(made["Id"], socket=True))
            try:
                return next(frames(stream, deadline), b"")
            except TimeoutError as error:
                raise EngineError(
                    f"A shell in the container for {self._name} did not start within {timeout_s:g} s; "
                    "see whether the machine is overloaded, and run the command again"
                ) from error
            finally:
                stream.close()

    def open_terminal(self, argv: list[str], *, user: str | None = None, workdir: str | None = None) -> EngineSocket:
        """Start a command on a terminal of its own; the connection to that terminal. Closing it kills nothing."""
        with engine_errors(f"run `{argv[0]}` in the container for {self._name}"):
            made = self._api.exec_create(self.id, argv, user=user or "", workdir=workdir, stdin=True, tty=True)
            stream = engine_socket(self._api.exec_start(made["Id"], tty=True, socket=True))
            stream.exec_id = str(made["Id"])
            return stream

    def terminal_ended(self, stream: EngineSocket, patience_s: float = 2.0) -> bool:
        """Whether the command of :meth:`open_terminal` has ended, and not only the connection to it."""
        deadline = time.monotonic() + patience_s
        with engine_errors(f"look for a command in the container for {self._name}"):
            while self._api.exec_inspect(stream.exec_id)["Running"]:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.01)
        return True

    def kill_processes(self, user: str) -> None:
        """End every process of ``user`` in the container by SIGKILL (not the one that keeps the container).

        Where processes multiply, the one that is to end them may find no place or be killed by another: it is
        sent again.
        """
        for _ in range(_KILL_TRIES):
            status, said = self.exec(["/bin/sh", "-c", "kill -9 -1; :"], user=user, timeout_s=self._api.timeout)
            if status == 0:
                return
            time.sleep(_KILL_PAUSE_S)
        raise EngineError(
            f"Could not end the processes in the container for {self._name}: "
            f"{said.decode('utf-8', 'backslashreplace').strip() or 'they ended together'}; run the command again"
        )

    def put(self, archive: bytes | IO[bytes], path: str) -> None:
        """Unpack a tar archive into the directory ``path``, which must exist and not be a tmpfs (see the engine)."""
        with engine_errors(f"copy files into the container for {self._name}"):
            if not self._api.put_archive(self.id, path, archive):
                raise EngineError(
                    f"The engine did not unpack files into {path} of the container for {self._name}; "
                    "see that its disk is not full, and run the command again"
                )

    def get(self, path: str) -> bytes:
        """The file or directory at ``path`` as a tar archive (member names begin with the last part of ``path``)."""
        with engine_errors(f"copy {path} from the container for {self._name}"):
            stream, _ = self._api.get_archive(self.id, path)
            return b"".join(stream)

    @contextlib.contextmanager
    def archive_of(self, path: str) -> Iterator[tarfile.TarFile]:
        """The same to be read as it comes, member by member: what was written there may be large.

        Raises tarfile.TarError inside when what comes is no tar.
        """
        with engine_errors(f"copy {path} from the container for {self._name}"):
            pieces, _ = self._api.get_archive(self.id, path)
            coming = io.BufferedReader(Pieces(pieces), _PIECE)
            with coming, tarfile.open(fileobj=coming, mode="r|", bufsize=_PIECE, errors="surrogateescape") as archive:
                yield archive
                while coming.read(_PIECE):  # to the end, so that the connection serves again
                    pass

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        with contextlib.suppress(EngineError):  # the first error says more than this one would
            self.close()
