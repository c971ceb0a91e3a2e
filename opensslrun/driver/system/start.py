"""How a program is started, and how it was over: what both kinds of system are given and give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Start:
    """``argv[0]`` is a path. ``stdout`` and ``stderr`` are descriptors of files. ``umask`` and ``max_file_size`` (bytes
    a file may grow to) are as the system can: Windows has no umask, and looks at the sizes of the two streams only.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    umask: int
    max_file_size: int
    stdout: int
    stderr: int


@dataclass(frozen=True, slots=True)
class End:
    """``returncode`` is Popen's; None when the program was killed for being HUNG.

    ``prompts`` is None when they are to be found in stderr.
    """

    returncode: int | None
    prompts: tuple[str, ...] | None
    unanswered: str = ""
