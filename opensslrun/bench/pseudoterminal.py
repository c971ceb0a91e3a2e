"""A pseudo-terminal of this machine for the shell in a container, where the engine shares this machine's files.

What is typed and printed then goes from process to process through the kernel, and not through the engine. Its slave
is bound into the container as a device. The number of a pseudo-terminal may mean somebody else's on another machine,
so the container opens it only after its device and inode are seen to be this very one's; all kernels give an instance
of devpts a device number of its own. Measured on Linux 6.1 with Docker 20.10; the engine's own terminal stays the way
wherever this one is not to be had (another machine, Docker Desktop, user namespaces, SELinux).
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace

from pexpect.fdpexpect import fdspawn

from opensslrun.bench.confinement import Bind, Options
from opensslrun.bench.container import Container
from opensslrun.bench.loop import LEAD
from opensslrun.errors import EngineError

INSIDE = "/dev/opensslrun-terminal"
"""Where the container has it; ``/dev`` is the engine's, so that no image is changed."""


class PseudoTerminal:
    """One pseudo-terminal, for one shell: once that has ended, it is not used again.

    ``user`` (user and group id) is who runs the commands. Raises EngineError where this machine has none to give.
    """

    def __init__(self, user: tuple[int, int]) -> None:
        self._master, self._slave, self._path = -1, -1, ""
        if sys.platform == "linux":
            try:
                self._master, self._slave = os.openpty()
                self._path = os.ttyname(self._slave)
                os.set_inheritable(self._master, False)
                if os.geteuid() == 0:
                    os.fchown(self._slave, *user)
                os.fchmod(self._slave, 0o600)
            except OSError as error:
                self.close()
                raise EngineError(f"This machine gave no pseudo-terminal ({error.strerror}); try again") from error
        else:
            raise EngineError("Only Linux shares pseudo-terminals with containers; the engine's own is used")

    def mounted(self, options: Options) -> Options:
        """``options`` with this terminal at :data:`INSIDE`."""
        return replace(options, binds=(*options.binds, Bind(self._path, INSIDE)))

    def lead(self, container: Container, user: str, argv: list[str], timeout_s: float) -> None:
        """Start the shell ``argv`` in the container, in a session of its own; :data:`INSIDE` is its last argument.

        Raises EngineError unless what the container has is this terminal, and ``user`` may use it.
        """
        looking = ["/bin/sh", "-c", LEAD, "sh", INSIDE, _identity(self._slave)]
        if not container.begin([*looking, *argv, INSIDE], user=user, timeout_s=timeout_s):
            raise EngineError("The container has another terminal than this machine's; the engine's own is used")

    def spawn(self) -> fdspawn[bytes]:
        """What is typed and read through."""
        return fdspawn(self._master)

    def handed_over(self) -> None:
        """The shell has opened it: from now on its end is seen here, because nobody else holds it open."""
        slave, self._slave = self._slave, -1
        if slave >= 0:
            os.close(slave)

    def close(self) -> None:
        """Hang up. Twice does nothing."""
        self.handed_over()
        master, self._master = self._master, -1
        if master >= 0:
            with contextlib.suppress(OSError):
                os.close(master)


def _identity(terminal: int) -> str:
    """What tells this terminal from every other of this machine: as ``stat`` prints it for :data:`_LOOK`."""
    if sys.platform == "linux":
        seen = os.fstat(terminal)
        return f"{seen.st_dev} {seen.st_ino} {os.major(seen.st_rdev):x} {os.minor(seen.st_rdev):x}"
    else:  # noqa: RET505  (to the type checker only one of the two is there)
        raise EngineError("Only Linux shares pseudo-terminals with containers; the engine's own is used")
