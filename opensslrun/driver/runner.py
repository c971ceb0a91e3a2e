"""Where the typed methods' commands run: this machine, or any place files can be carried to and from.

A command is written with the files it reads and makes as words of their own kind, so that a place may give them
other names than they have here.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final, Protocol

from opensslrun.driver.outcome import Input, Outcome
from opensslrun.driver.process import run_program
from opensslrun.errors import UsageError

PRIVATE_UMASK: Final = 0o077

MAX_INPUT: Final = 16 * 1024 * 1024
"""Bytes of a file that is carried to another place, or read here."""


@dataclass(frozen=True, slots=True)
class Source:
    """A word that names an existing file of this machine, which the command reads."""

    path: Path


@dataclass(frozen=True, slots=True)
class Product:
    """A word that names a file of this machine, which the command makes."""

    path: Path


@dataclass(frozen=True, slots=True)
class Task:
    """One ``openssl`` command, without the word ``openssl``. It runs under umask 077.

    ``cwd`` is where it stands when it runs on this machine: relative names inside a config file count from there.
    """

    words: tuple[str | Source | Product, ...]
    cwd: Path
    input: Input = Input.NONE
    answers: tuple[str, ...] = field(default=(), repr=False)
    timeout_s: float = 60.0


class Runner(Protocol):
    """A place with one ``openssl`` in it."""

    @property
    def name(self) -> str:
        """For messages: ``/usr/bin/openssl``, ``openssl of libressl-3.0.2``."""
        ...

    def run(self, task: Task) -> Outcome:
        """Run to the end, or kill, and bring back what was made. Raises OpensslrunError subclasses only."""
        ...


def spelled(task: Task, word: str | Source | Product) -> str:
    """A word as it is written on a command line of this machine: as printed in documents, where that is safe."""
    if isinstance(word, str):
        return word
    near = word.path.parent == task.cwd and not word.path.name.startswith("-")
    return word.path.name if near else str(word.path.absolute())


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """An ``openssl`` of this machine. Set ``interrupted`` from another thread to stop it."""

    path: Path
    interrupted: Event | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def run(self, task: Task) -> Outcome:
        """Run it here."""
        return run_program(
            [str(self.path), *(spelled(task, word) for word in task.words)],
            cwd=task.cwd,
            input=task.input,
            answers=task.answers,
            timeout_s=task.timeout_s,
            umask=PRIVATE_UMASK,
            interrupted=self.interrupted,
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """What is carried to another place: a command line for a POSIX shell there, in an empty directory that holds
    ``files`` (by name). The line sets umask 077 itself.
    """

    line: str
    files: Mapping[str, bytes] = field(repr=False)
    input: Input
    answers: tuple[str, ...] = field(repr=False)
    timeout_s: float


Carry = Callable[[Errand], tuple[Outcome, Mapping[str, bytes]]]
"""Does an errand and returns its outcome and the files that were in its directory afterwards."""


@dataclass(frozen=True, slots=True)
class CarryingRunner:
    """An ``openssl`` of another place, reached by carrying files there and back.

    A config file goes alone: what it includes, and variables of this machine's environment, are not there.
    """

    name: str
    carry: Carry

    def run(self, task: Task) -> Outcome:
        """Run it there. Raises UsageError when a file it reads cannot be read, and what ``carry`` raises."""
        names = _carried_names(task)
        words = [word if isinstance(word, str) else names[word.path] for word in task.words]
        files = {names[word.path]: read_input(word.path) for word in task.words if isinstance(word, Source)}
        line = f"umask 077; openssl {shlex.join(words)}"
        outcome, after = self.carry(Errand(line, files, task.input, task.answers, task.timeout_s))
        for word in task.words:
            if isinstance(word, Product) and names[word.path] in after:
                word.path.write_bytes(after[names[word.path]])
        return outcome


def _carried_names(task: Task) -> dict[Path, str]:
    """A name for each file: its own where it is plain and free, so that prompts read as in the document."""
    names: dict[Path, str] = {}
    for word in task.words:
        if isinstance(word, str) or word.path in names:
            continue
        plain = "".join(
            letter if (letter.isascii() and letter.isalnum()) or letter in "._" else "_" for letter in word.path.name
        )
        name = plain
        while name in names.values() or not name.strip("."):
            name = f"{len(names)}_{plain}"
        names[word.path] = name
    return names


def read_input(path: Path) -> bytes:
    """The content of a file that a user named. Raises UsageError with the reason when there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_INPUT + 1)
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a directory; name a file") from error
    except OSError as error:
        raise UsageError(f"{path} could not be read: {error.strerror}; name a readable file") from error
    if not data:
        raise UsageError(f"{path} is empty; name a file with something in it")
    if len(data) > MAX_INPUT:
        raise UsageError(
            f"{path} is larger than {MAX_INPUT // 1024**2} MiB; that is no key, certificate or config file"
        )
    return data
