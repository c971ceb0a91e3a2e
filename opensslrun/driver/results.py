"""Typed results, and how they are read from what ``openssl`` printed. Nothing here runs anything."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.driver.pem import pem_blocks
from opensslrun.errors import CommandFailedError, CommandHungError

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME: Final = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4,5}) GMT")
_VERIFY_ERROR: Final = re.compile(r"error (\d+) at (\d+) depth lookup: ?(.*)")
_ERROR_STACK: Final = re.compile(
    r"(?:[0-9A-Fa-f]+:)?error:[0-9A-Fa-f]+:[^:]*:[^:]*:(?P<reason>[^:]*):[^:]*:\d+:(?P<data>.*)"
)
_NO_REASON: Final = ("error:", "Enter ", "Verifying ", "WARNING: can't open config file")
"""Beginnings of lines that do not say why: stack entries, prompts, a LibreSSL without its default config."""
_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Key:
    """A private key file, read back by ``openssl`` itself. ``public_key`` is its public half, in DER (SPKI)."""

    path: Path
    label: str
    """Of the PEM block: ``ENCRYPTED PRIVATE KEY``, ``RSA PRIVATE KEY``."""
    encrypted: bool
    bits: int | None
    """None for a kind of key that openssl prints no size of (Ed25519)."""
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A certificate request file, read back by ``openssl`` itself; the name is as RFC 2253 writes it."""

    path: Path
    subject: str
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate file (the first in it), read back by ``openssl`` itself; the names are as RFC 2253 writes them.

    ``ca`` is whether openssl lets it sign others. ``sha256`` is the hexadecimal fingerprint.
    """

    path: Path
    subject: str
    issuer: str
    serial: int
    not_before: datetime
    not_after: datetime
    ca: bool
    sha256: str
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifyError:
    """One ``error NUMBER at DEPTH depth lookup: TEXT``; numbers hardly change between versions, texts do."""

    number: int
    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer of ``openssl verify`` about the first certificate of a file.

    ``ok`` is the true one: exit status 0, the line that says OK, and no error on either stream. ``claimed_ok`` is
    what the command claims: LibreSSL before 3.3 says OK and exits 0 with an error printed above it.
    """

    path: Path
    ok: bool
    claimed_ok: bool
    errors: tuple[VerifyError, ...]
    outcome: Outcome = field(repr=False)

    @property
    def sentence(self) -> str:
        """For people."""
        return self.sentence_for(str(self.path))

    def sentence_for(self, name: str) -> str:
        """For people, calling the file by the ``name`` they used; always one line."""
        shown = printable(name)
        if self.ok:
            return f"{shown}: OK"
        reasons = "; ".join(f"{error.text} (error {error.number} at depth {error.depth})" for error in self.errors)
        claim = ", although openssl says OK" if self.claimed_ok else ""
        return f"{shown}: not valid{claim}: {reasons or said(self.outcome)}"


def printable(text: str) -> str:
    """``text`` on one line, with what would steer a terminal written as an escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def said(outcome: Outcome) -> str:
    """What the command said of its failure, for a message: its own lines, else the reasons of the error stack."""
    lines = [line for line in outcome.stderr_text.splitlines() if line.strip()]
    own = [line for line in lines if ":error:" not in line and not line.startswith(_NO_REASON)]
    reasons = [
        match["reason"] + (f" ({match['data']})" if match["data"] else "")
        for match in map(_ERROR_STACK.match, lines)
        if match
    ]
    told = "; ".join(dict.fromkeys([*own[:3], *reasons[:2]])) or "it said nothing"
    return printable(told)[:_SHOWN]


def require_success(outcome: Outcome, what: str) -> None:
    """Raise CommandHungError or CommandFailedError unless the command, named ``what``, exited with 0."""
    match outcome.ending:
        case Ending.HUNG if outcome.prompts and outcome.unanswered == outcome.prompts[-1]:
            raise CommandHungError(
                f"{what} asked once more than expected: {printable(outcome.unanswered)}; it was ended"
            )
        case Ending.HUNG:
            at = f" after {printable(outcome.unanswered)!r}" if outcome.unanswered else ""
            raise CommandHungError(f"{what} did not end within {outcome.duration_s:.0f} s{at}; it was ended")
        case Ending.SIGNALLED:
            raise CommandFailedError(
                f"{what} was ended by signal {outcome.status} ({signal.strsignal(outcome.status)}): {said(outcome)}"
            )
        case Ending.EXITED if outcome.status != 0:
            raise CommandFailedError(f"{what} failed with exit status {outcome.status}: {said(outcome)}")
        case Ending.EXITED:
            return


def public_key_printed(outcome: Outcome, what: str) -> bytes:
    """The one PUBLIC KEY block on stdout, in DER. Raises CommandFailedError when it is not there."""
    try:
        keys = [block.content for block in pem_blocks(outcome.stdout) if block.label == "PUBLIC KEY"]
    except ValueError:
        keys = []
    if len(keys) != 1:
        raise CommandFailedError(f"{what} exited with 0 and printed no public key: {said(outcome)}")
    return keys[0]


def read_bits(text: str) -> int | None:
    """From ``Public-Key: (4096 bit)``, ``RSA Public-Key: (4096 bit)`` or ``Public-Key: (4096 bit, 2 primes)``."""
    match = re.search(r"^(?:[\w-]+ )?Public-Key: \((\d+) bit", text, re.MULTILINE)
    return int(match[1]) if match else None


def read_certificate_printed(path: Path, content: bytes, outcome: Outcome, what: str) -> Certificate:
    """From ``x509 -noout -subject -issuer -serial -dates -purpose -pubkey -nameopt RFC2253``.

    LibreSSL and OpenSSL before 1.1 write a blank after ``subject=``; ``CRL signing CA : Yes`` says that it may sign
    (basicConstraints and keyUsage together), whatever other uses it is limited to.
    """
    text = outcome.stdout_text
    try:
        return Certificate(
            path=path,
            subject=_line(text, r"subject= ?(.*)"),
            issuer=_line(text, r"issuer= ?(.*)"),
            serial=int(_line(text, r"serial=(-?[0-9A-Fa-f]+)"), 16),
            not_before=_time(_line(text, r"notBefore=(.*)")),
            not_after=_time(_line(text, r"notAfter=(.*)")),
            ca=_line(text, r"CRL signing CA : (Yes|No).*") == "Yes",
            sha256=sha256(content).hexdigest(),
            public_key=public_key_printed(outcome, what),
        )
    except ValueError as error:
        raise CommandFailedError(f"{what} exited with 0, and {error}: {said(outcome)}") from error


def read_request_printed(path: Path, outcome: Outcome, what: str) -> Request:
    """From ``req -noout -subject -pubkey -nameopt RFC2253``."""
    try:
        subject = _line(outcome.stdout_text, r"subject= ?(.*)")
    except ValueError as error:
        raise CommandFailedError(f"{what} exited with 0, and {error}: {said(outcome)}") from error
    return Request(path, subject, public_key_printed(outcome, what))


def _line(text: str, pattern: str) -> str:
    match = re.search(rf"^{pattern}\r?$", text, re.MULTILINE)
    if match is None:
        raise ValueError(f"printed no line like {pattern.partition('=')[0].partition(' :')[0]}")
    return match[1].rstrip("\r")


def _time(text: str) -> datetime:
    match = _TIME.fullmatch(text)
    if match is None or match[1] not in _MONTHS:
        raise ValueError(f"{text!r} is not a time as openssl writes it")
    month, day, hour, minute, second, year = match.groups()
    return datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)


def read_verification(path: Path, spelled: str, outcome: Outcome) -> Verification:
    """The answer about ``path``, which the command line named ``spelled``.

    OpenSSL prints ``NAME: OK``; LibreSSL 3.0.2, after an error, ``NAME: SUBJECT``, the error, and ``OK`` alone.
    """
    lines = outcome.stdout_text.replace("\r\n", "\n").split("\n")
    errors = tuple(_verify_errors([*lines, *outcome.stderr_text.replace("\r\n", "\n").split("\n")]))
    exited_0 = outcome.ending is Ending.EXITED and outcome.status == 0
    says_so = f"{spelled}: OK" in lines
    late = "OK" in lines and any(line.startswith(f"{spelled}: ") for line in lines)
    return Verification(
        path=path,
        ok=exited_0 and says_so and not errors,
        claimed_ok=exited_0 and (says_so or late),
        errors=errors,
        outcome=outcome,
    )


def _verify_errors(lines: Sequence[str]) -> list[VerifyError]:
    found = [match for match in map(_VERIFY_ERROR.search, lines) if match]
    return [VerifyError(int(match[1]), int(match[2]), printable(match[3].strip())) for match in found]
