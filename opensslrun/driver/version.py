"""Versions of ``openssl`` binaries: what the version line says, how versions are ordered, and sets of them.

OpenSSL and LibreSSL numbers are two separate orders; comparing across them is a programming error. A letter
after an OpenSSL number is a patch release (1.1.1 < 1.1.1a < 1.1.1g < 1.1.1w < 1.1.1za), which
:mod:`packaging.version` would take for an alpha *before* 1.1.1 (``a``) or refuse (``g``); so letters are
mapped to a fourth release number before :class:`packaging.version.Version` orders anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, total_ordering
from typing import Self

from packaging.version import Version as Pep440

from opensslrun.errors import UsageError


class Implementation(StrEnum):
    """Who wrote the binary."""

    OPENSSL = "OpenSSL"
    LIBRESSL = "LibreSSL"


_NUMBER = re.compile(r"(?P<release>\d+(?:\.\d+){1,3})(?P<letters>z*[a-z])?(?P<rest>(?:[-+][0-9A-Za-z.+-]+)?)\Z")
_LINE = re.compile(
    r"(?P<implementation>OpenSSL|LibreSSL)[ ]+(?P<number>\d[^\s(]*)(?:[ ]+(?P<date>\d{1,2} [A-Z][a-z]{2} \d{4}))?"
    r"(?:[ ]+\(Library:[ ]+(?P<library>(?:OpenSSL|LibreSSL)[ ]+\d[^\s)]*)[^)]*\))?\s*\Z"
)


def _letters_as_number(letters: str) -> int:
    """Place of a patch letter: none 0, a 1 … z 26, za 27 … as OpenSSL numbered 0.9.8 and 1.0.2 releases."""
    return sum(ord(letter) - ord("a") + 1 for letter in letters)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A released version of one implementation. ``suffix`` (``-fips``, ``+quic``, ``-alpha1``) is kept for display.

    Only a pre-release suffix (``-alpha1``, ``-beta2``, ``-pre1``, ``-dev``) counts in the order, before its
    release; builds such as ``-fips`` are that release, and stand directly after it.
    """

    implementation: Implementation
    number: str
    suffix: str = ""

    @classmethod
    def parse(cls, implementation: Implementation, text: str) -> Self:
        """Read ``1.1.1g``, ``3.5.4+quic`` or ``1.0.2k-fips``. Raises ValueError for anything else."""
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a version number of {implementation}")
        return cls(implementation, match["release"] + (match["letters"] or ""), match["rest"])

    @property
    def order(self) -> Pep440:
        """The place of this version among its implementation's, for comparisons."""
        return _order(self.number, self.suffix)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        if self.implementation is not other.implementation:
            raise TypeError(f"{self} and {other} are numbers of two projects and have no order")
        # Builds of one release differ, so they need a place of their own beside it for the order to be total.
        return (self.order, self.number, self.suffix) < (other.order, other.number, other.suffix)

    @property
    def line(self) -> str:
        """The release line: ``1.1.1`` for OpenSSL 1.1.1g, ``3.0`` for 3.0.2 and for LibreSSL 3.0.2."""
        match = _NUMBER.fullmatch(self.number)
        parts = match["release"].split(".") if match else [self.number]
        old_style = self.implementation is Implementation.OPENSSL and int(parts[0]) < 3
        return ".".join(parts[:3] if old_style else parts[:2])

    def __str__(self) -> str:
        return f"{self.implementation} {self.number}{self.suffix}"


@lru_cache(maxsize=1024)
def _order(number: str, suffix: str) -> Pep440:
    """Remembered: a run compares the same few versions thousands of times. Raises ValueError."""
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise ValueError(f"{number!r} is not a version number")
    release = ([*match["release"].split("."), "0", "0"])[:3]
    letters = _letters_as_number(match["letters"] or "")
    pre = re.match(r"-(alpha|beta|pre|dev)(\d*)", suffix)
    stage = {"alpha": "a", "beta": "b", "pre": "rc", "dev": ".dev"}[pre[1]] + (pre[2] or "0") if pre else ""
    return Pep440(f"{'.'.join(release)}.{letters}{stage}")


@dataclass(frozen=True, slots=True)
class VersionLine:
    """What ``openssl version`` printed, taken apart. ``library`` is None where the binary does not say."""

    version: Version
    library: Version | None
    date: str | None


def parse_version_line(text: str) -> VersionLine:
    """Read the one line of ``openssl version`` (CRLF allowed).

    Measured forms: ``OpenSSL 1.1.1g  21 Apr 2020`` (two spaces), ``OpenSSL 3.0.20 7 Apr 2026 (Library:
    OpenSSL 3.0.20 7 Apr 2026)``, ``LibreSSL 3.0.2``. Raises ValueError when it is none of these.
    """
    match = _LINE.fullmatch(text.strip("\r\n"))
    if match is None:
        raise ValueError(f"{text.strip()[:200]!r} is not the version line of an OpenSSL or LibreSSL")
    library = None
    if match["library"]:
        name, number = match["library"].split()
        library = Version.parse(Implementation(name), number)
    return VersionLine(Version.parse(Implementation(match["implementation"]), match["number"]), library, match["date"])


_CLAUSE = re.compile(r"(?P<op>==|!=|<=|>=|<|>)\s*(?P<number>\S+)\Z")


@dataclass(frozen=True, slots=True)
class VersionSet:
    """A set of versions of one implementation, written ``LibreSSL < 3.3`` or ``OpenSSL >= 3.0, < 3.6.1``.

    ``OpenSSL`` alone is all of them, ``OpenSSL 1.1.1g`` and ``OpenSSL == 1.1.1g`` one release, ``OpenSSL
    3.0.*`` one line. Raises UsageError from :meth:`parse` with the text that was not understood.
    """

    implementation: Implementation
    clauses: tuple[tuple[str, str], ...]
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one set. Raises UsageError naming the part that is not understood."""
        name, _, rest = text.strip().partition(" ")
        if name not in set(Implementation):
            raise UsageError(
                f"{text!r} is no set of versions: it must begin with OpenSSL or LibreSSL, as in 'LibreSSL < 3.3'"
            )
        implementation = Implementation(name)
        clauses = tuple(cls._clause(part.strip(), implementation, text) for part in rest.split(",") if part.strip())
        return cls(implementation, clauses, text.strip())

    @staticmethod
    def _clause(part: str, implementation: Implementation, text: str) -> tuple[str, str]:
        match = _CLAUSE.fullmatch(part)
        operator, number = (match["op"], match["number"]) if match else ("==", part)
        wildcard = number.endswith(".*") and operator == "=="
        try:
            Version.parse(
                implementation,
                (number[:-2] + ".0") if wildcard else number + (".0" if "." not in number else ""),
            )
        except ValueError as error:
            raise UsageError(
                f"{text!r} is no set of versions: {error}; write for example '{implementation} >= 3.0, < 3.3'"
            ) from error
        return ("in" if wildcard else operator), (number[:-2] if wildcard else number)

    def __contains__(self, version: Version) -> bool:
        if version.implementation is not self.implementation:
            return False
        return all(self._holds(operator, number, version) for operator, number in self.clauses)

    @staticmethod
    def _holds(operator: str, number: str, version: Version) -> bool:
        if operator == "in":
            return version.number == number or re.match(re.escape(number) + r"(?![0-9])", version.number) is not None
        bound = Version.parse(version.implementation, number if "." in number else number + ".0")
        match operator:
            case "==":
                return version.order == bound.order
            case "!=":
                return version.order != bound.order
            case "<":
                return version.order < bound.order
            case "<=":
                return version.order <= bound.order
            case ">":
                return version.order > bound.order
            case _:
                return version.order >= bound.order

    def __str__(self) -> str:
        return self.text
