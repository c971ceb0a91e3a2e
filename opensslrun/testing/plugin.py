"""The hooks. This module is imported by every pytest session beside it, so it imports the rest only when it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from opensslrun.targets.model import Target
    from opensslrun.testing.target import OpenBench, OpenSSLTarget

FIXTURE = "openssl_target"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--openssl-targets``, ``--openssl-obtain``, and the ini values of the same meaning."""
    group = parser.getgroup("opensslrun", "opensslrun: tests that run once on each openssl")
    group.addoption(
        "--openssl-targets",
        action="append",
        default=[],
        metavar="GLOB",
        help="run tests that use 'openssl_target' on the targets with such an id (repeatable, or separated by commas)",
    )
    group.addoption(
        "--openssl-obtain", action="store_true", help="obtain what is missing (pulled or built) instead of skipping it"
    )
    parser.addini("openssl_targets", "the targets where --openssl-targets is not given", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks that tests get (``-m libressl`` runs those on LibreSSL), and refuse a glob without match."""
    config.addinivalue_line("markers", "openssl(target): runs on this opensslrun target")
    config.addinivalue_line("markers", "libressl: runs on a LibreSSL")
    config.addinivalue_line("markers", "openssl_windows: runs on a Windows build")
    if _globs(config):
        _chosen(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for the fixture becomes one for each target."""
    if FIXTURE in metafunc.fixturenames:
        targets = _chosen(metafunc.config)
        metafunc.parametrize(
            FIXTURE, [pytest.param(each, id=each.id, marks=_marks(each)) for each in targets], indirect=True
        )


def _globs(config: pytest.Config) -> list[str]:
    given: Sequence[str] = config.getoption("--openssl-targets") or config.getini("openssl_targets")
    return [glob for each in given for glob in re.split(r"[,\s]+", each) if glob]


def _chosen(config: pytest.Config) -> tuple[Target, ...]:
    """The same on every worker: what is there is looked at later, test by test."""
    from opensslrun.errors import UsageError  # noqa: PLC0415
    from opensslrun.targets.load import load_targets, select_targets  # noqa: PLC0415

    try:
        return select_targets(load_targets(folder=config.rootpath), _globs(config))
    except UsageError as error:
        raise pytest.UsageError(f"opensslrun: {error}") from error


def _marks(target: Target) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.openssl(target.id)]
    if target.implementation is not None and target.implementation.value == "LibreSSL":
        marks.append(pytest.mark.libressl)
    if target.platform == "windows":
        marks.append(pytest.mark.openssl_windows)
    return marks


@dataclass(frozen=True, slots=True)
class _Absent:
    """Why a target cannot be used; ``wrong`` when it is there and is not what it is declared to be."""

    reason: str
    wrong: bool = False


class _Benches:
    """The benches that are open in this process, each from the first test on its target to the end of the session."""

    def __init__(self, config: pytest.Config) -> None:
        self._obtain = bool(config.getoption("--openssl-obtain"))
        self._named = set(_globs(config))
        self._open: dict[str, OpenBench | _Absent] = {}
        self._stack = ExitStack()

    def bench(self, target: Target) -> OpenBench:
        """The target's bench. Skips the test when the target is not there; fails it when it was named itself."""
        if target.id not in self._open:
            self._open[target.id] = self._enter(target)
        found = self._open[target.id]
        if not isinstance(found, _Absent):
            return found
        if found.wrong:
            pytest.fail(found.reason, pytrace=False)
        if target.id in self._named:
            pytest.fail(f"{target.id} was named and is not there: {found.reason}", pytrace=False)
        pytest.skip(f"{target.id} is not there: {found.reason}")

    def _enter(self, target: Target) -> OpenBench | _Absent:
        from opensslrun.errors import EnvironmentLacksError, TargetNotProvenError  # noqa: PLC0415
        from opensslrun.targets.model import Availability  # noqa: PLC0415
        from opensslrun.targets.obtain import available, obtain  # noqa: PLC0415
        from opensslrun.testing.target import OpenBench  # noqa: PLC0415

        state = available(target)
        if state.availability is Availability.OBTAINABLE and not self._obtain:
            way = f"use --openssl-obtain, or 'opensslrun targets build -t {target.id}'"
            return _Absent(f"it could be had {state.reason}; {way}")
        if state.availability is Availability.UNOBTAINABLE:
            return _Absent(state.reason)
        try:
            return self._stack.enter_context(OpenBench(obtain(target, lambda *_: None)))
        except TargetNotProvenError as error:
            return _Absent(str(error), wrong=True)
        except EnvironmentLacksError as error:
            return _Absent(str(error))

    def close(self) -> None:
        """Prove each target again and close its bench."""
        self._stack.close()


@pytest.fixture(scope="session")
def _openssl_benches(request: pytest.FixtureRequest) -> Iterator[_Benches]:
    benches = _Benches(request.config)
    try:
        yield benches
    finally:
        benches.close()


@pytest.fixture
def openssl_target(request: pytest.FixtureRequest, _openssl_benches: _Benches) -> Iterator[OpenSSLTarget]:
    """One target's ``openssl``, in an empty directory of the test's own; the test runs once on each target."""
    given = _openssl_benches.bench(request.param).for_test()
    try:
        yield given
    finally:
        given.close()
