"""One ``openssl`` binary: where it is, what version it is, any command of it, and reading what it made."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from opensslrun.driver.inputs import first_block
from opensslrun.driver.newfiles import NewFiles
from opensslrun.driver.outcome import Ending, Input, Outcome
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.pem import pem_blocks
from opensslrun.driver.results import (
    Certificate,
    Key,
    Request,
    printable,
    public_key_printed,
    read_bits,
    read_certificate_printed,
    read_request_printed,
    require_success,
    said,
)
from opensslrun.driver.runner import LocalRunner, Runner, Source, Task
from opensslrun.driver.version import VersionLine, parse_version_line
from opensslrun.errors import CommandFailedError, EnvironmentLacksError, RefusedPassPhraseError

READ_TIMEOUT_S: Final = 60.0

_READING = Path(__file__).with_name("reading.cnf")
"""``req`` opens a config even to read, and fails where there is no default one (seen with 4.0.3)."""


class Binary:
    """An ``openssl`` binary: the one at ``path``, the first on PATH, or the one of another place by its ``runner``.

    Raises EnvironmentLacksError when there is none.
    """

    def __init__(self, path: str | Path | None = None, *, runner: Runner | None = None) -> None:
        self._runner = runner if runner is not None else LocalRunner(_find(path))

    @property
    def path(self) -> Path | None:
        """The binary's path; None when it is in another place."""
        return self._runner.path if isinstance(self._runner, LocalRunner) else None

    @property
    def name(self) -> str:
        """For messages: the path, or what the other place calls it."""
        return self._runner.name

    @cached_property
    def version(self) -> VersionLine:
        """What ``openssl version`` says, asked once. Raises EnvironmentLacksError when it says nothing of the kind."""
        outcome = self._runner.run(Task(("version",), Path.cwd(), timeout_s=READ_TIMEOUT_S))
        if outcome.ending is Ending.EXITED and outcome.status == 0:
            try:
                return parse_version_line(outcome.stdout_text)
            except ValueError:
                pass
        shown = printable(outcome.stdout_text.strip())[:100]
        raise EnvironmentLacksError(
            f"{self.name} is no openssl that works: 'version' {_how_it_ended(outcome)} and printed "
            f"{repr(shown) if shown else 'nothing'}; name another with --openssl"
        )

    def run(
        self,
        argv: Sequence[str],
        answers: Sequence[str | PassPhrase] = (),
        *,
        input: Input = Input.TERMINAL,  # noqa: A002  (the word of the case files)
        timeout_s: float = 60.0,
        cwd: str | Path | None = None,
    ) -> Outcome:
        """Run any command: ``run(["x509", "-in", "rootCA.crt", "-noout", "-text"])``.

        Prompts are answered in order; nothing is judged, and files it writes are its own affair (umask 077).
        Only files of the place where it runs are seen. Raises EnvironmentLacksError when it cannot be started.
        """
        words = tuple(argv[1:] if argv[:1] == ["openssl"] else argv)
        given = tuple(answer.answer() if isinstance(answer, PassPhrase) else answer for answer in answers)
        where = Path.cwd() if cwd is None else Path(cwd).absolute()
        return self._runner.run(Task(words, where, input, given, timeout_s))

    def read_key(self, path: str | Path, pass_phrase: PassPhrase | str | None = None) -> Key:
        """Read a private key file. Raises RefusedPassPhraseError when it is encrypted and no pass phrase is given.

        A wrong pass phrase is a CommandFailedError: openssl exits 1 and its text is not always the same.
        """
        place = Path(path).absolute()
        block = first_block(place, "PRIVATE KEY")
        if block.encrypted and pass_phrase is None:
            raise RefusedPassPhraseError(f"{place} is encrypted and no pass phrase was given; give one")
        secret = PassPhrase.of(pass_phrase) if pass_phrase is not None and block.encrypted else None
        how, answers = (Input.TERMINAL, (secret.answer(),)) if secret else (Input.NONE, ())
        task = Task(("pkey", "-in", Source(place), "-pubout", "-text_pub"), place.parent, how, answers, READ_TIMEOUT_S)
        outcome = self._runner.run(task)
        what = f"reading the key {place} with {self.name}"
        if secret and outcome.ending is Ending.EXITED and outcome.status != 0:
            raise CommandFailedError(f"{what} failed; its pass phrase is another, or it is damaged: {said(outcome)}")
        require_success(outcome, what)
        return Key(
            place, block.label, block.encrypted, read_bits(outcome.stdout_text), public_key_printed(outcome, what)
        )

    def read_certificate(self, path: str | Path) -> Certificate:
        """Read the first certificate of a PEM file."""
        place = Path(path).absolute()
        block = first_block(place, "CERTIFICATE")
        asked = ("-noout", "-subject", "-issuer", "-serial", "-dates", "-purpose", "-pubkey", "-nameopt", "RFC2253")
        outcome = self._runner.run(Task(("x509", "-in", Source(place), *asked), place.parent, timeout_s=READ_TIMEOUT_S))
        what = f"reading the certificate {place} with {self.name}"
        require_success(outcome, what)
        return read_certificate_printed(place, block.content, outcome, what)

    def read_request(self, path: str | Path) -> Request:
        """Read the first certificate request of a PEM file. Its own signature is not checked."""
        place = Path(path).absolute()
        first_block(place, "CERTIFICATE REQUEST")
        asked = ("-noout", "-subject", "-pubkey", "-nameopt", "RFC2253")
        words = ("req", "-config", Source(_READING), "-in", Source(place), *asked)
        outcome = self._runner.run(Task(words, place.parent, timeout_s=READ_TIMEOUT_S))
        what = f"reading the request {place} with {self.name}"
        require_success(outcome, what)
        return read_request_printed(place, outcome, what)

    def _create(self, task: Task, new: NewFiles, made: Path) -> None:
        """Run a command that makes ``made``; raise unless it succeeded and left one whole PEM block."""
        what = f"{self.name} {task.words[0]}"
        outcome = self._runner.run(task)
        try:
            require_success(outcome, what)
            _require_whole(made, what, outcome)
        except CommandFailedError:
            full = new.full()
            if full:
                raise full from None
            raise


def _require_whole(made: Path, what: str, outcome: Outcome) -> None:
    try:
        whole = len(pem_blocks(made.read_bytes())) == 1
    except (FileNotFoundError, ValueError):
        whole = False
    if not whole:
        raise CommandFailedError(f"{what} exited with 0 and left no whole {made.name}: {said(outcome)}")


def _find(path: str | Path | None) -> Path:
    if path is None:
        found = shutil.which("openssl")
        if found is None:
            raise EnvironmentLacksError("no openssl is on PATH; install one, or name its path with --openssl")
        return Path(found).absolute()
    named = Path(path).expanduser()
    found = shutil.which(str(named.absolute())) if named.is_absolute() or len(named.parts) > 1 else shutil.which(path)
    if found is None:
        raise EnvironmentLacksError(f"{path} is not a program that can be run; name the path of an openssl")
    return Path(found).absolute()


def _how_it_ended(outcome: Outcome) -> str:
    match outcome.ending:
        case Ending.EXITED:
            return f"exited with {outcome.status}"
        case Ending.SIGNALLED:
            return f"was ended by signal {outcome.status}"
        case Ending.HUNG:
            return "did not end"
