"""One ``openssl``: any command of it, and typed methods that believe no exit status alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from opensslrun.driver.newfiles import NewFiles
from opensslrun.driver.outcome import Ending, Input, Outcome
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.pem import PemBlock, pem_blocks
from opensslrun.driver.results import (
    Certificate,
    Key,
    Verification,
    printable,
    public_key_printed,
    read_bits,
    read_certificate_printed,
    read_verification,
    require_success,
    said,
)
from opensslrun.driver.runner import LocalRunner, Product, Runner, Source, Task, read_input
from opensslrun.driver.version import Implementation, Version, VersionLine, parse_version_line
from opensslrun.errors import CommandFailedError, EnvironmentLacksError, RefusedPassPhraseError, UsageError

MIN_BITS: Final = 1024
"""OpenSSL from 1.1.1 on refuses fewer than 512, and distributions refuse to use fewer than 2,048."""
MAX_BITS: Final = 16384
"""Keys over 16,384 bits are refused by every version when they are used."""
MAX_DAYS: Final = 365 * 1000
"""A validity that ends in a year of four digits."""

_CREATE_TIMEOUT_S: Final = 600.0
_READ_TIMEOUT_S: Final = 60.0


class OpenSSL:
    """An ``openssl`` binary: the one at ``path``, the first on PATH, or the one of another place by its ``runner``.

    Raises EnvironmentLacksError when there is none. Its methods raise CommandFailedError when the command did not
    do what they promise, CommandHungError when it did not end, UsageError for wrong arguments and input files.
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
        outcome = self._runner.run(Task(("version",), Path.cwd(), timeout_s=_READ_TIMEOUT_S))
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

    def genrsa(
        self,
        out: str | Path,
        bits: int = 4096,
        *,
        pass_phrase: PassPhrase | str,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Key:
        """``openssl genrsa -des3 -out OUT BITS``: a new RSA key, encrypted with ``pass_phrase``, mode 0600.

        The key appears only when it is whole and could be read with its pass phrase.
        """
        check_bits(bits)
        secret = PassPhrase.of(pass_phrase)
        place = Path(out).absolute()
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            words = ("genrsa", "-des3", "-out", Product(made), str(bits))
            answers = (secret.answer(), secret.answer())
            self._create(Task(words, new.private, Input.TERMINAL, answers, timeout_s), new, made)
            key = self.read_key(made, secret)
            if not key.encrypted or key.bits != bits:
                kind = "an encrypted" if key.encrypted else "an unencrypted"
                raise CommandFailedError(f"{self.name} genrsa made {kind} key of {key.bits} bits; it was not kept")
            new.publish()
        return replace(key, path=place)

    def req_x509(
        self,
        config: str | Path,
        key: str | Path,
        out: str | Path,
        days: int = 1024,
        *,
        pass_phrase: PassPhrase | str | None = None,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Certificate:
        """``openssl req -x509 -config CONFIG -new -nodes -key KEY -sha256 -days DAYS -out OUT``: a root certificate.

        It stands in the current directory, so relative names inside the config file count from there. The
        certificate appears only when it is whole, could be read, and is ``key``'s.
        """
        check_days(days)
        config, key, place = Path(config).absolute(), Path(key).absolute(), Path(out).absolute()
        read_input(config)
        owner = self.read_key(key, pass_phrase)
        answers = () if pass_phrase is None or not owner.encrypted else (PassPhrase.of(pass_phrase).answer(),)
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            words = ("req", "-x509", "-config", Source(config), "-new", "-nodes", "-key", Source(key), "-sha256")
            task = Task(
                (*words, "-days", str(days), "-out", Product(made)), Path.cwd(), Input.TERMINAL, answers, timeout_s
            )
            self._create(task, new, made)
            certificate = self.read_certificate(made)
            if certificate.public_key != owner.public_key:
                raise CommandFailedError(
                    f"{self.name} req made a certificate of another key than {key}; it was not kept"
                )
            new.publish()
        return replace(certificate, path=place)

    def read_key(self, path: str | Path, pass_phrase: PassPhrase | str | None = None) -> Key:
        """Read a private key file. Raises RefusedPassPhraseError when it is encrypted and no pass phrase is given.

        A wrong pass phrase is a CommandFailedError: openssl exits 1 and its text is not always the same.
        """
        place = Path(path).absolute()
        block = _first(place, "PRIVATE KEY")
        if block.encrypted and pass_phrase is None:
            raise RefusedPassPhraseError(f"{place} is encrypted and no pass phrase was given; give one")
        secret = PassPhrase.of(pass_phrase) if pass_phrase is not None and block.encrypted else None
        how, answers = (Input.TERMINAL, (secret.answer(),)) if secret else (Input.NONE, ())
        task = Task(("pkey", "-in", Source(place), "-pubout", "-text_pub"), place.parent, how, answers, _READ_TIMEOUT_S)
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
        block = _first(place, "CERTIFICATE")
        asked = ("-noout", "-subject", "-issuer", "-serial", "-dates", "-purpose", "-pubkey", "-nameopt", "RFC2253")
        outcome = self._runner.run(
            Task(("x509", "-in", Source(place), *asked), place.parent, timeout_s=_READ_TIMEOUT_S)
        )
        what = f"reading the certificate {place} with {self.name}"
        require_success(outcome, what)
        return read_certificate_printed(place, block.content, outcome, what)

    def verify(
        self, certificate: str | Path, ca_file: str | Path, untrusted: Iterable[str | Path] = ()
    ) -> Verification:
        """``openssl verify -CAfile CA_FILE [-untrusted …] CERTIFICATE``, with the true answer on every version.

        Only ``ca_file`` is trusted: by itself, ``-CAfile`` leaves the system's trusted certificates trusted too
        (measured: OpenSSL 3.0.19 says OK to a public root with any CA file). The files are copied under plain names
        first, so that no file's name can pass for a line of the answer.
        """
        place = Path(certificate).absolute()
        _first(place, "CERTIFICATE")
        _first(Path(ca_file), "CERTIFICATE")
        between = [Path(name) for name in untrusted]
        for path in between:
            _first(path, "CERTIFICATE")
        with TemporaryDirectory(prefix="opensslrun-verify-") as name:
            work = Path(name)
            (work / "certificate.pem").write_bytes(read_input(place))
            (work / "ca.pem").write_bytes(read_input(Path(ca_file)))
            words: list[str | Source] = ["verify", *self._only_given_roots(), "-CAfile", Source(work / "ca.pem")]
            if between:
                # One file: LibreSSL reads only the last -untrusted.
                (work / "untrusted.pem").write_bytes(b"\n".join(read_input(path) for path in between))
                words += ["-untrusted", Source(work / "untrusted.pem")]
            words.append(Source(work / "certificate.pem"))
            outcome = self._runner.run(Task(tuple(words), work, timeout_s=_READ_TIMEOUT_S))
        if outcome.ending is not Ending.EXITED:
            require_success(outcome, f"verifying {place} with {self.name}")
        return read_verification(place, "certificate.pem", outcome)

    def _only_given_roots(self) -> tuple[str, ...]:
        """Options that keep the system's trusted certificates out. LibreSSL has none: its work directory holds no
        file named as a CA directory's are."""
        version = self.version.version
        if version.implementation is Implementation.LIBRESSL:
            return ("-CApath", ".")
        has_stores = version >= Version(Implementation.OPENSSL, "3.0.0")
        return ("-no-CApath", "-no-CAstore") if has_stores else ("-no-CApath",)

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


def check_bits(bits: int) -> None:
    """Raise UsageError for a size of key that is not made."""
    if not MIN_BITS <= bits <= MAX_BITS:
        raise UsageError(f"a key of {bits} bits is not made; choose between {MIN_BITS} and {MAX_BITS}, 4096 say")


def check_days(days: int) -> None:
    """Raise UsageError for a validity that is not made."""
    if not 1 <= days <= MAX_DAYS:
        raise UsageError(f"a validity of {days} days is not made; choose between 1 and {MAX_DAYS}, 1024 say")


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


def _first(path: Path, label: str) -> PemBlock:
    """The first PEM block of a file whose label ends in ``label``. Raises UsageError when there is none."""
    what = "certificate" if label == "CERTIFICATE" else "private key"
    try:
        blocks = [block for block in pem_blocks(read_input(path)) if block.label.endswith(label)]
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}; name a whole PEM file") from error
    if not blocks:
        raise UsageError(f"{path} holds no {what} in PEM format (-----BEGIN ...{label}-----); name a file that does")
    return blocks[0]


def _how_it_ended(outcome: Outcome) -> str:
    match outcome.ending:
        case Ending.EXITED:
            return f"exited with {outcome.status}"
        case Ending.SIGNALLED:
            return f"was ended by signal {outcome.status}"
        case Ending.HUNG:
            return "did not end"
