"""Pass phrases: a value that never shows itself, and the four ways a user may hand one over.

OpenSSL 1.1.1 and LibreSSL ask again for ever for fewer than 4 bytes, OpenSSL 3 and later exit 1, and a prompt reads
into a buffer of 1,024: so a pass phrase outside 4 to 1,023 bytes is refused before anything runs.
"""

from __future__ import annotations

import getpass
import locale
import os
import stat
from pathlib import Path
from typing import Final, NoReturn, Self, final

from opensslrun.driver.outcome import MAX_PASS_PHRASE, MIN_PASS_PHRASE
from opensslrun.driver.system import here
from opensslrun.errors import RefusedPassPhraseError

_READ: Final = 64 * 1024


@final
class PassPhrase:
    """A pass phrase every ``openssl`` accepts. Its ``repr`` and ``str`` do not show it, and it cannot be pickled.

    A ``str`` stands for its UTF-8 bytes. Raises RefusedPassPhraseError for a length outside 4 to 1,023 bytes and
    for control characters: a line break or NUL ends it, and the others edit the line on a terminal.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        length = len(self._value)
        if not MIN_PASS_PHRASE <= length <= MAX_PASS_PHRASE:
            raise RefusedPassPhraseError(
                f"the pass phrase has {length} bytes, and some versions of openssl refuse fewer than "
                f"{MIN_PASS_PHRASE} or more than {MAX_PASS_PHRASE}; choose another"
            )
        if any(byte < 0x20 or byte == 0x7F for byte in self._value):
            raise RefusedPassPhraseError(
                "the pass phrase holds a control character (a tab or a line break, say), which cannot be typed at "
                "a prompt; choose one without"
            )

    @classmethod
    def of(cls, value: PassPhrase | str) -> Self:
        """``value`` itself, or made from its text."""
        return value if isinstance(value, cls) else cls(str(value))

    def answer(self) -> str:
        """The secret itself, as the answer to a prompt; bytes that are not UTF-8 are surrogates (PEP 383)."""
        return self._value.decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return "PassPhrase(...)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PassPhrase) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pass phrase is not written anywhere")


def from_file(path: Path) -> PassPhrase:
    """The one line of a file (a pipe such as ``<(pass show ca)`` included); its line end is not part of it.

    Raises RefusedPassPhraseError when it cannot be read or holds more than one line. See :func:`exposure`.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return _one_line(_read(file.fileno(), to_line_end=False), f"the pass phrase file {path}")
    except OSError as error:
        raise RefusedPassPhraseError(
            f"the pass phrase file {path} could not be read: {error.strerror}; name a readable file"
        ) from error


def exposure(path: Path) -> str | None:
    """A sentence of warning when users other than its owner may read the pass phrase file ``path``, else None.

    It is a warning and no refusal: container engines mount secrets readable by all (0444), where there is
    nobody else.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    mode = stat.S_IMODE(found.st_mode)
    if not here.HAS_MODES or not stat.S_ISREG(found.st_mode) or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    return f"the pass phrase file {path} can be read by other users (mode {mode:04o}); 'chmod 600' keeps it to yourself"


def from_env(name: str) -> PassPhrase:
    """The value of an environment variable, which is removed: no program started later inherits it."""
    value = os.environ.pop(name, None)
    if value is None:
        raise RefusedPassPhraseError(
            f"the environment variable {name}, which is to hold the pass phrase, is not set; set and export it"
        )
    return PassPhrase(os.fsencode(value))


def from_fd(fd: int) -> PassPhrase:
    """One line read from an open file descriptor; the descriptor stays open. Raises RefusedPassPhraseError."""
    try:
        data = _read(fd, to_line_end=True)
    except OSError as error:
        raise RefusedPassPhraseError(
            f"the pass phrase could not be read from file descriptor {fd}: {error.strerror}; "
            f"open it in the shell, as in '{fd}< file'"
        ) from error
    return _one_line(data.partition(b"\n")[0], f"file descriptor {fd}")


def from_prompt(what: str, *, new: bool, options: str = "--pass-file, --pass-env or --pass-fd") -> PassPhrase:
    """Ask on the terminal, without showing what is typed; a new one is asked for twice.

    Raises RefusedPassPhraseError, which names the ``options`` to use instead when there is no terminal, or when the
    two differ.
    """
    try:
        os.close(os.open(here.CONSOLE, os.O_RDWR))
    except OSError as error:
        raise RefusedPassPhraseError(
            f"a pass phrase for {what} is needed and there is no terminal to ask for it; give it with {options}"
        ) from error
    first = PassPhrase(_typed(f"Pass phrase for {what}: "))
    if new and PassPhrase(_typed(f"The same again for {what}: ")) != first:
        raise RefusedPassPhraseError("the two pass phrases typed differ; nothing was done, start again")
    return first


def _typed(question: str) -> bytes:
    try:
        return getpass.getpass(question).encode(locale.getencoding(), "surrogateescape")
    except (EOFError, UnicodeError) as error:
        raise RefusedPassPhraseError("no pass phrase could be read from the terminal; start again") from error


def _read(fd: int, *, to_line_end: bool) -> bytes:
    data = b""
    while len(data) < _READ and not (to_line_end and b"\n" in data):
        more = os.read(fd, 1024)
        if not more:
            break
        data += more
    return data


def _one_line(data: bytes, where: str) -> PassPhrase:
    lines = data.splitlines()
    if not lines:
        raise RefusedPassPhraseError(f"{where} is empty; write the pass phrase into it, as one line")
    if len(lines) > 1:
        raise RefusedPassPhraseError(f"{where} holds {len(lines)} lines; a pass phrase is one line")
    return PassPhrase(lines[0])
