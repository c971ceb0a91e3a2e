"""Sources carried by a Rust crate, fetched by the user's own cargo with the user's own settings.

A throw-away manifest names one exact version; cargo verifies the crate against its registry's index. CARGO_HOME
is a scratch folder that holds links to the user's configuration and log-ins, so that mirrors and proxies go on
working while nothing is left in the user's own registry cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from opensslrun.errors import ChecksumError, EnvironmentLacksError
from opensslrun.targets.cache import Work, sha256_of
from opensslrun.targets.model import CrateRoute
from opensslrun.targets.process import Finished, require_program, run_program
from opensslrun.targets.roottar import write_tree

_FETCH_TIMEOUT_S = 600
_METADATA_TIMEOUT_S = 120
_SILENCE_S = 10
"""Seconds of silence after which cargo gives up, unless CARGO_HTTP_TIMEOUT says otherwise (its default is 30)."""

_USER_FILES = ("config.toml", "config", "credentials.toml", "credentials")

_MANIFEST = """\
[package]
name = "fetch"
version = "0.0.0"
edition = "2021"
publish = false

[workspace]

[dependencies.carrier]
package = "{crate}"
version = "={version}"
default-features = false
"""


def why_not_crate(route: CrateRoute) -> str | None:
    """Why this machine cannot use this route, as far as can be told without the network; None when it can."""
    try:
        require_program("cargo", *_purpose(route))
    except EnvironmentLacksError as error:
        return str(error)
    return None


def fetch_crate_member(route: CrateRoute, mtime: int, work: Work) -> tuple[Path, str]:
    """The route's archive, or its folder as a tar, in the cache; and the sha256 that names it.

    For a folder that is the hash of its tree (:func:`tree_sha256`). Raises EnvironmentLacksError with cargo's
    own reason, ChecksumError when the sources are not the declared ones.
    """
    folder = work.cache.folder("crates")
    final = folder / f"{route.crate}-{route.version}-{route.member.replace('/', '-')}-{mtime}"
    with work.cache.lock(f"crate-{route.crate}-{route.version}", work), work.cache.scratch() as scratch:
        noted = final.with_name(final.name + ".sha256")
        if final.exists() and noted.exists():
            of_file, _, of_source = noted.read_text().partition(" ")
            if sha256_of(final) == of_file and of_source == (route.sha256 or of_source):
                return final, of_source
        member = _fetch(route, scratch, work)
        of_source = tree_sha256(member) if member.is_dir() else sha256_of(member)
        if route.sha256 not in {None, of_source}:
            raise ChecksumError(
                f"{route.member} of the crate {route.crate} {route.version} is not what it should be: its sha256 is "
                f"{of_source} and should be {route.sha256}; nothing of it was used"
            )
        with work.cache.writing(final) as handle:
            if member.is_dir():
                write_tree(handle, member, "source", mtime)
            else:
                with member.open("rb") as source:
                    shutil.copyfileobj(source, handle)
        noted.write_text(f"{sha256_of(final)} {of_source}")
    return final, of_source


def tree_sha256(folder: Path) -> str:
    """One hash of all files of a folder, as ``find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum``."""
    digest = hashlib.sha256()
    names = sorted(f"./{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file())
    for name in names:
        digest.update(f"{sha256_of(folder / name)}  {name}\n".encode())
    return digest.hexdigest()


def _purpose(route: CrateRoute) -> tuple[str, str]:
    return f"to fetch the sources in the Rust crate {route.crate}", "cargo (Debian and Ubuntu: apt-get install cargo)"


def _fetch(route: CrateRoute, scratch: Path, work: Work) -> Path:
    cargo = require_program("cargo", *_purpose(route))
    work.silent.check("cargo's registry", f"the crate {route.crate} {route.version}")
    work.report(f"fetching the crate {route.crate} {route.version}", None)
    home, project = scratch / "home", scratch / "project"
    (project / "src").mkdir(parents=True)
    (project / "src/lib.rs").touch()
    (project / "Cargo.toml").write_text(_MANIFEST.format(crate=route.crate, version=route.version))
    _link_user_settings(home)
    env = {"CARGO_HTTP_TIMEOUT": str(_SILENCE_S)} | os.environ
    env |= {"CARGO_HOME": str(home), "CARGO_NET_RETRY": "1", "CARGO_TERM_COLOR": "never"}
    began = time.monotonic()
    result = run_program([cargo, "fetch"], work, env=env, cwd=project, timeout_s=_FETCH_TIMEOUT_S)
    if result.status != 0:
        reason = _reason(result)
        if time.monotonic() - began > _SILENCE_S:
            raise work.silent.remember("cargo's registry", f"the crate {route.crate} {route.version}", reason)
        raise EnvironmentLacksError(f"cargo could not fetch {route.crate} {route.version}: {reason}")
    member = _crate_folder(cargo, route, project, env) / route.member
    if not member.exists():
        raise EnvironmentLacksError(
            f"the crate {route.crate} {route.version} was fetched but has no {route.member!r} in it"
        )
    return member


def _reason(result: Finished) -> str:
    """What failed, and the innermost of the causes that cargo lists below it."""
    _, caused, causes = result.output.rpartition("Caused by:")
    return " ".join(f"{result.last_line} ({causes.strip()})".split()) if caused else result.last_line


def _crate_folder(cargo: str, route: CrateRoute, project: Path, env: Mapping[str, str]) -> Path:
    """Where cargo has the crate: in its registry's cache, or wherever the user's settings keep a mirror of it."""
    argv = [cargo, "metadata", "--format-version", "1", "--offline"]
    try:
        done = subprocess.run(argv, cwd=project, env=env, capture_output=True, timeout=_METADATA_TIMEOUT_S, check=True)
        packages = json.loads(done.stdout)["packages"]
        return next(Path(each["manifest_path"]).parent for each in packages if each["name"] == route.crate)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, StopIteration) as error:
        raise EnvironmentLacksError(
            f"cargo fetched {route.crate} {route.version} but could not say where it is: {error}; update cargo"
        ) from error


def _link_user_settings(home: Path) -> None:
    home.mkdir(parents=True)
    own = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    for name in _USER_FILES:
        if (own / name).is_file():
            (home / name).symlink_to((own / name).resolve())
