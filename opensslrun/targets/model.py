"""A target as data: one ``openssl`` under test, and the routes by which it can be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from opensslrun.driver.version import Implementation, Version


class Need(StrEnum):
    """What a missing target means for a run of everything."""

    REQUIRED = "required"
    """The run cannot answer its question without it (exit status 3)."""
    INFORMATIONAL = "informational"
    RETIRED = "retired"
    """Run only when it is named."""


@dataclass(frozen=True, slots=True)
class ImageRoute:
    """Pull an image; ``packages`` are installed into it with its own package manager (empty: used as it is)."""

    image: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TarballRoute:
    """Build from the project's own release."""

    tarball: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CrateRoute:
    """Build from sources carried by a Rust crate: the archive ``member`` of it, or the folder ``member``."""

    crate: str
    version: str
    member: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SuiteRoute:
    """Unpack the packages of a suite, with this machine's apt and its own sources of that ``distribution``.

    ``distribution`` is the ``ID`` of os-release (``debian``, ``ubuntu``).
    """

    suite: str
    packages: tuple[str, ...]
    distribution: str = "debian"


@dataclass(frozen=True, slots=True)
class PathRoute:
    """A binary of this machine; None is the ``openssl`` found on PATH at the moment of use."""

    path: Path | None


Route = ImageRoute | TarballRoute | CrateRoute | SuiteRoute | PathRoute


@dataclass(frozen=True, slots=True)
class Builder:
    """An image that others are made with: where sources are compiled, or what a program is laid on to run.

    It is had by the first route that works. ``prepare`` names a shell script of :mod:`opensslrun.targets.scripts`
    that is run in it once, when it is made.
    """

    id: str
    routes: tuple[ImageRoute | SuiteRoute, ...]
    prepare: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of reader that a target stands for: ``name`` in words (``macOS 10.15 to 12``).

    ``system`` and the versions of that system from ``first`` to ``last`` (both included, None where it is open) let a
    user pick readers (``macos>=13``); a reader without a system is picked by its target only.
    """

    name: str
    system: str | None = None
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class StandIn:
    """Which target runs for one that cannot be had, and in words what it does not show of that one."""

    target: str
    lacks: str


@dataclass(frozen=True, slots=True)
class Target:
    """One ``openssl`` under test.

    ``version`` is exact (``1.1.1g``), a range (``3.0.*``), or None where nothing is declared (``host``, paths).
    ``reader`` says whom it stands for; ``guide_row`` is the row of the guide's requirements that it answers, if one.
    ``source`` names the file that declares it. ``lts`` says whether its line, or its distribution, has long-term
    support; ``end_of_life`` is the day that ends. ``released`` is the day of the release itself, which a build takes
    for the present (``SOURCE_DATE_EPOCH``). ``builder`` compiles it when it is had from source; ``runtime`` is the
    image it is laid on when it cannot run on a bare one (a Windows program needs wine).
    """

    id: str
    implementation: Implementation | None
    version: str | None
    platform: str
    need: Need
    reader: Reader
    routes: tuple[Route, ...]
    source: Path
    guide_row: str | None = None
    stand_in: StandIn | None = None
    released: date | None = None
    end_of_life: date | None = None
    lts: bool = False
    builder: Builder | None = None
    runtime: Builder | None = None


class Availability(StrEnum):
    """Whether a target can run here, as far as can be said without asking the network."""

    READY = "ready"
    OBTAINABLE = "obtainable"
    UNOBTAINABLE = "unobtainable"


@dataclass(frozen=True, slots=True)
class Available:
    """A target's availability, why, and the bytes its image takes (0 when there is none).

    ``shared`` are those of them that are its runtime's, and taken once for all targets that have the same.
    """

    target: Target
    availability: Availability
    reason: str
    size: int = 0
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Obtained:
    """A target that is there: an image in the engine, or a binary of this machine (one of the two is None).

    ``origin`` says in words how it was obtained; ``digest`` is the registry's, for a pulled image; ``system`` is this
    machine's operating system and its version, for a binary of this machine.
    """

    target: Target
    image_id: str | None
    path: Path | None
    origin: str
    digest: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a target turned out to be.

    ``libraries`` maps each library and provider module the binary loads to its sha256; empty for a static one.
    ``config_sha256`` is that of its default config with what it includes, None where there is none.
    """

    version_line: str
    version: Version
    binary_sha256: str
    libraries: tuple[tuple[str, str], ...]
    config_sha256: str | None
