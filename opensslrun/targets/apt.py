"""Packages of a Debian or Ubuntu suite, fetched by this machine's apt without root and without installing them.

apt runs with a configuration, a state folder and an empty package database of its own, so that nothing of the
machine's own apt is read but its sources, its keyrings and its network settings, and nothing is changed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.aptsources import read_sources, sources_of_suite
from opensslrun.targets.cache import Work
from opensslrun.targets.model import SuiteRoute
from opensslrun.targets.process import Finished, require_program, run_program

_LISTS_FRESH_S = 3600
_SILENCE_S = 5
"""Seconds of silence after which apt gives one file up; measured, it then asks once more. Its default is 30."""
_UPDATE_TIMEOUT_S = 300
_DOWNLOAD_TIMEOUT_S = 1200


@dataclass(frozen=True, slots=True)
class Package:
    """A package file that apt has fetched and verified."""

    name: str
    version: str
    path: Path


@dataclass(frozen=True, slots=True)
class _Apt:
    """One apt with its own root: the folder of its state and the environment that leads it there."""

    root: Path
    program: str
    env: dict[str, str]


def why_not_suite(route: SuiteRoute) -> str | None:
    """Why this machine cannot use this route, as far as can be told without the network; None when it can."""
    try:
        _sources_text(route)
        for program in ("apt-get", "dpkg-deb"):
            require_program(program, *_purpose(route))
    except EnvironmentLacksError as error:
        return str(error)
    return None


def fetch_packages(route: SuiteRoute, architecture: str, folder: Path, work: Work) -> tuple[Package, ...]:
    """Fetch the packages of a route and all they depend on into ``folder`` (recommended ones left out).

    ``architecture`` is Debian's name of it. Signatures and checksums are verified by apt with this machine's
    keyrings. Raises EnvironmentLacksError with apt's own reason.
    """
    with work.cache.lock(f"apt-{route.suite}-{architecture}", work):
        apt = _prepare(route, architecture, work)
        fresh = _update_if_old(apt, route, work)
        result = _download(apt, route, folder, work)
        if result.status != 0 and fresh is False:
            # The lists may name files that have since been replaced on the mirror.
            _update(apt, route, work)
            result = _download(apt, route, folder, work)
    packages = tuple(sorted((_package(path) for path in folder.glob("*.deb")), key=lambda package: package.name))
    if result.status != 0 or not packages:
        raise EnvironmentLacksError(
            f"apt could not fetch {' '.join(route.packages)} of {route.suite}: {result.last_line}"
        )
    return packages


def _purpose(route: SuiteRoute) -> tuple[str, str]:
    return f"to fetch packages of {route.suite}", "it (it is part of Debian and Ubuntu)"


def _prepare(route: SuiteRoute, architecture: str, work: Work) -> _Apt:
    require_program("dpkg-deb", *_purpose(route))
    program = require_program("apt-get", *_purpose(route))
    sources = _sources_text(route)
    key = hashlib.sha256(f"{architecture}\n{sources}".encode()).hexdigest()[:12]
    root = work.cache.folder(f"apt/{route.suite}-{architecture}-{key}")
    for folder in ("lists/partial", "cache", "etc/preferences.d", "etc/sources.list.d", "log"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "status").touch()
    (root / "etc/sources.list.d/suite.sources").write_text(sources)
    (root / "etc/preferences").write_text(_pins(route.distribution))
    (root / "apt.conf").write_text(_configuration(root, architecture))
    return _Apt(root, program, os.environ | {"APT_CONFIG": str(root / "apt.conf"), "LC_ALL": "C"})


def _sources_text(route: SuiteRoute) -> str:
    release = _os_release()
    if release.get("ID") != route.distribution:
        raise EnvironmentLacksError(
            f"packages of {route.distribution} {route.suite} come through apt on a {route.distribution} machine, "
            f"and this is {release.get('PRETTY_NAME', platform.system())}"
        )
    etc = _machine_setting("Dir::Etc", "/etc/apt")
    text = sources_of_suite(
        read_sources(Path(etc, "sources.list"), Path(etc, "sources.list.d")),
        release.get("VERSION_CODENAME", "sid"),
        route.suite,
    )
    if not text:
        raise EnvironmentLacksError(
            f"this machine's apt has no source of {route.distribution}'s main section in {etc}; add one and try again"
        )
    return text


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _pins(distribution: str) -> str:
    """Only the distribution's own packages are candidates, whatever other sources were carried along."""
    origin = distribution.capitalize()
    return f"Package: *\nPin: release o={origin}\nPin-Priority: 500\n\nPackage: *\nPin: release n=*\nPin-Priority: -1\n"


def _machine_setting(name: str, otherwise: str) -> str:
    """A setting of the machine's own apt, as an absolute path (``otherwise`` where there is no apt-config)."""
    try:
        output = subprocess.run(
            ["apt-config", "shell", "VALUE", f"{name}/d"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return otherwise
    words = shlex.split(output)
    return words[0].removeprefix("VALUE=") if words else otherwise


def _configuration(root: Path, architecture: str) -> str:
    """An apt.conf(5) of our own, with the machine's proxies, certificates and log-ins for the network."""
    etc = _machine_setting("Dir::Etc", "/etc/apt").rstrip("/")
    lines = [
        f'Dir "{root}/";',
        f'Dir::State "{root}";',
        f'Dir::State::lists "{root}/lists";',
        f'Dir::State::status "{root}/status";',
        f'Dir::Cache "{root}/cache";',
        'Dir::Cache::pkgcache "";',
        'Dir::Cache::srcpkgcache "";',
        f'Dir::Etc "{root}/etc";',
        f'Dir::Etc::trusted "{etc}/trusted.gpg";',
        f'Dir::Etc::trustedparts "{etc}/trusted.gpg.d";',
        f'Dir::Etc::netrc "{etc}/auth.conf";',
        f'Dir::Etc::netrcparts "{etc}/auth.conf.d";',
        f'Dir::Log "{root}/log";',
        f'APT::Architecture "{architecture}";',
        f'APT::Architectures {{ "{architecture}"; }};',
        # The folder is the user's own; root's apt would else hand it to a user who may not enter it.
        'APT::Sandbox::User "root";',
        *_machine_network_settings(),
        'Acquire::Languages "none";',
        'Acquire::GzipIndexes "true";',
        'Acquire::Retries "1";',
        f'Acquire::http::Timeout "{_SILENCE_S}";',
        f'Acquire::https::Timeout "{_SILENCE_S}";',
    ]
    return "\n".join(lines) + "\n"


def _machine_network_settings() -> list[str]:
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in dump.splitlines() if re.match(r"Acquire::(?!IndexTargets|Languages|Changelogs)\S", line)]


def _update_if_old(apt: _Apt, route: SuiteRoute, work: Work) -> bool:
    stamp = apt.root / "updated"
    if stamp.exists() and 0 <= time.time() - stamp.stat().st_mtime < _LISTS_FRESH_S:
        return False
    _update(apt, route, work)
    return True


def _update(apt: _Apt, route: SuiteRoute, work: Work) -> None:
    """Fetch the lists. Sources of other projects may fail: what counts is the distribution's own release file."""
    sources = f"{route.distribution}'s own apt source"
    work.silent.check(sources, f"the suite {route.suite}")
    work.report(f"reading the package lists of {route.suite}", None)
    stamp = apt.root / "updated"
    stamp.unlink(missing_ok=True)
    began = time.monotonic()
    argv = [apt.program, "update", "-o", "Acquire::Retries=0"]
    result = run_program(argv, work, env=apt.env, timeout_s=_UPDATE_TIMEOUT_S)
    if not any(_is_release_of(path, route) for path in (apt.root / "lists").glob("*Release")):
        reason = next((line for line in result.output.splitlines() if "Failed to fetch" in line), result.last_line)
        if time.monotonic() - began > _SILENCE_S:
            raise work.silent.remember(sources, f"the suite {route.suite}", reason)
        raise EnvironmentLacksError(
            f"apt could not read the package lists of {route.distribution} {route.suite}: {reason}"
        )
    stamp.touch()


def _is_release_of(path: Path, route: SuiteRoute) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")[:4096]
    named = re.findall(r"^(?:Suite|Codename): (\S+)$", text, re.MULTILINE)
    return f"Origin: {route.distribution.capitalize()}\n" in text and route.suite in named


def _download(apt: _Apt, route: SuiteRoute, folder: Path, work: Work) -> Finished:
    work.report(f"fetching packages of {route.suite}", None)
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    argv = [apt.program, "install", "--yes", "--no-install-recommends", "--download-only"]
    argv += ["-o", f"Dir::Cache::archives={folder}", "--", *route.packages]
    return run_program(argv, work, env=apt.env, timeout_s=_DOWNLOAD_TIMEOUT_S)


def _package(path: Path) -> Package:
    name, version, _ = unquote(path.stem).split("_", 2)
    return Package(name, version, path)
