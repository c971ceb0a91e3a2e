"""This machine against the guide's requirements, and what can run on it."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opensslrun.bench.engine import connect
from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.system import here
from opensslrun.driver.system.names import system_name
from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import ExitStatus, OpensslrunError
from opensslrun.targets.load import load_targets
from opensslrun.targets.model import Availability, Available, Need
from opensslrun.targets.obtain import available_all


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    """Not as the guide has it, and nothing stops."""
    MISSING = "missing"
    """Something cannot be done here."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer: what was looked at, how it is, and what to do where that helps."""

    name: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class ReaderHere:
    """A kind of reader: its own target here, and the stand-in it has when that cannot be had (None: it has none)."""

    own: Available
    stand_in: Available | None

    @property
    def covered(self) -> bool:
        """Whether the target, or else its stand-in, is there or could be had as far as can be said."""
        return any(
            state is not None and state.availability is not Availability.UNOBTAINABLE
            for state in (self.own, self.stand_in)
        )


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at. ``readers`` are the kinds of reader, the guide's own first."""

    checks: tuple[Check, ...]
    targets: tuple[Available, ...]
    readers: tuple[ReaderHere, ...]

    @property
    def status(self) -> ExitStatus:
        """ENVIRONMENT when something is missing that a run of everything needs."""
        lacking = any(reader.own.target.need is Need.REQUIRED and not reader.covered for reader in self.readers)
        missing = any(check.state is State.MISSING for check in self.checks)
        return ExitStatus.ENVIRONMENT if lacking or missing else ExitStatus.OK


MINIMA = {Implementation.LIBRESSL: "2.8.3", Implementation.OPENSSL: "1.1.1"}
"""The oldest versions the guide was written with: LibreSSL on macOS, OpenSSL on Linux and Windows."""

_SYSTEMS = {"Darwin": ("macOS", "10.15"), "Linux": ("Linux", "Ubuntu 18.04.3"), "Windows": ("Windows", "10")}

_LINUX_HELPERS = {
    "apt-get": "unpacks a distribution's own openssl, and the compiler, where no image can be pulled",
    "dpkg-deb": "unpacks packages, for the same",
}

HELPERS = {
    "cargo": "fetches sources where the projects' own servers cannot be reached",
}


def diagnose() -> Diagnosis:
    """Look at this machine. Asks the engine and the binaries here, never the network."""
    targets = tuple(available_all(load_targets(None)))
    return Diagnosis(tuple(_checks()), targets, tuple(readers_here(targets)))


def readers_here(targets: Sequence[Available]) -> list[ReaderHere]:
    """A row for each kind of reader, and for each target that a run of everything requires; the guide's rows first."""
    by_id = {state.target.id: state for state in targets}
    wards = [
        state
        for state in targets
        if state.target.need is not Need.RETIRED
        and (state.target.reader.system or state.target.guide_row or state.target.need is Need.REQUIRED)
    ]
    rows = [ReaderHere(own, by_id[own.target.stand_in.target] if own.target.stand_in else None) for own in wards]
    return sorted(rows, key=lambda row: row.own.target.guide_row is None)


def _checks() -> Iterator[Check]:
    yield _system()
    yield _openssl()
    yield _engine()
    if not here.HAS_POSIX_TOOLS:
        yield _shell()
    helpers = {} if platform.system() != "Linux" else _LINUX_HELPERS
    for name, purpose in (helpers | HELPERS).items():
        found = shutil.which(name)
        detail = found or f"not installed; it {purpose}, and is not needed where images and tarballs can be fetched"
        yield Check(name, State.OK if found else State.NOTE, detail)


def _system() -> Check:
    name, oldest = _SYSTEMS.get(platform.system(), (platform.system(), None))
    if name == "Linux":
        found = system_name()
        wanted = "the guide was written on Ubuntu 18.04.3 or later, and says that other distributions may be tried"
        return Check("system", State.OK, found if found.startswith("Ubuntu") else f"{found} ({wanted})")
    if oldest is None:
        return Check("system", State.NOTE, f"{system_name()}, which is not in the guide's table")
    enough = _numbers(system_name()) >= _numbers(oldest)
    return Check("system", State.OK if enough else State.NOTE, f"{system_name()} (the guide: {oldest} or later)")


def _shell() -> Check:
    try:
        return Check("shell", State.OK, here.shell())
    except OpensslrunError as error:
        return Check("shell", State.MISSING, str(error))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _openssl() -> Check:
    try:
        openssl = OpenSSL()
        seen = openssl.version.version
    except OpensslrunError as error:
        return Check("openssl", State.MISSING, str(error))
    oldest = Version.parse(seen.implementation, MINIMA[seen.implementation])
    if seen < oldest:
        return Check(
            "openssl", State.NOTE, f"{seen} ({openssl.path}) is older than the guide's {oldest}; install a newer one"
        )
    return Check("openssl", State.OK, f"{seen} ({openssl.path}; the guide: {oldest} or later)")


def _engine() -> Check:
    try:
        client = connect()
    except OpensslrunError as error:
        return Check("engine", State.MISSING, str(error))
    try:
        version = client.version()
        return Check("engine", State.OK, f"{version.get('Version')} on {version.get('Os')}/{version.get('Arch')}")
    finally:
        client.close()
