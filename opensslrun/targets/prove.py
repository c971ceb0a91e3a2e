"""What a target really is: its version line and a fingerprint, asked through the bench that will run the cases."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain

from opensslrun.bench.base import Bench, Command, Workspace
from opensslrun.bench.localbench import LocalBench
from opensslrun.driver.outcome import Ending, Input
from opensslrun.driver.system import here
from opensslrun.driver.version import Implementation, Version, VersionSet, parse_version_line
from opensslrun.errors import TargetNotProvenError
from opensslrun.targets.fingerprint import SCRIPT, SCRIPT_WINE, Found, read_files, read_listing
from opensslrun.targets.model import Proof, Target

_TIMEOUT_S = 60.0


def prove(bench: Bench, target: Target) -> Proof:
    """Ask the target what it is, and compare with what it is declared to be.

    Raises TargetNotProvenError when the version line is none, or another version than declared, when the binary
    and its library disagree, or when something it loads cannot be read; EngineError when the bench is gone.
    """
    with bench.workspace({}) as workspace:
        line = _run(workspace, "openssl version", target).strip("\r\n")
        version = declared_version(target, line)
        return _proof(target, version, line, _fingerprint(bench, workspace, target))


def declared_version(target: Target, line: str) -> Version:
    """The version that a version line names, if it is the one the target is declared to be.

    Raises TargetNotProvenError when it is none, another one, or when the binary and its library disagree.
    """
    try:
        seen = parse_version_line(line)
    except ValueError as error:
        raise TargetNotProvenError(
            f"{target.id} is no openssl that is known: `openssl version` printed {line[:200]!r}"
        ) from error
    _compare(target, seen.version, seen.library, line)
    return seen.version


def _fingerprint(bench: Bench, workspace: Workspace, target: Target) -> Found:
    if isinstance(bench, LocalBench) and not here.HAS_POSIX_TOOLS:
        return read_files(bench.openssl, _run(workspace, "openssl version -a", target))
    script = SCRIPT if target.runtime is None else SCRIPT_WINE
    return read_listing(_run(workspace, script, target))


def _run(workspace: Workspace, line: str, target: Target) -> str:
    outcome = workspace.run(Command(line, Input.NONE, timeout_s=_TIMEOUT_S)).outcome
    if outcome.ending is not Ending.EXITED or (outcome.status != 0 and line.startswith("openssl")):
        said = (outcome.stderr or outcome.stdout).decode("utf-8", "backslashreplace").strip()[:200]
        raise TargetNotProvenError(
            f"{target.id} could not be asked what it is: `{line.strip().splitlines()[0][:60]}` {outcome.ending} with "
            f"status {outcome.status}" + (f" and said {said!r}" if said else "")
        )
    return outcome.stdout.decode("utf-8", "backslashreplace")


def _compare(target: Target, seen: Version, library: Version | None, line: str) -> None:
    if library is not None and library != seen:
        raise TargetNotProvenError(
            f"{target.id} is a binary of {seen} running with the library of {library}; install the two from one release"
        )
    if target.implementation is not None and target.version is None and seen.implementation != target.implementation:
        raise TargetNotProvenError(f"{target.id} is declared to be {target.implementation}, but it is {line!r}")
    if target.implementation is None or target.version is None:
        return
    if not is_declared(seen, target.implementation, target.version):
        raise TargetNotProvenError(
            f"{target.id} is declared to be {target.implementation} {target.version}, but it is {line!r}; "
            f"correct {target.source} or remove the target and build it again"
        )


def is_declared(seen: Version, implementation: Implementation, declared: str) -> bool:
    """Whether a version is the one declared: exactly, suffix included, or in a range such as ``3.0.*``."""
    if declared.endswith(".*"):
        return seen in VersionSet.parse(f"{implementation} {declared}")
    return seen == Version.parse(implementation, declared)


def _proof(target: Target, version: Version, line: str, found: Found) -> Proof:
    for path, sha256 in chain.from_iterable(found.values()):
        if sha256 is None:
            raise TargetNotProvenError(
                f"{target.id} cannot be fingerprinted: {path[:200]!r} cannot be read, "
                "or there is none of sha256sum, shasum and sha256 to read it with"
            )
    sums = {kind: [(path, sha256) for path, sha256 in files if sha256] for kind, files in found.items()}
    if not sums["binary"]:
        raise TargetNotProvenError(f"{target.id} cannot be fingerprinted: its openssl was not found on its own PATH")
    return Proof(
        version_line=line,
        version=version,
        binary_sha256=sums["binary"][0][1],
        libraries=tuple(sorted(set(sums["library"]))),
        config_sha256=_config_sha256([sha256 for _, sha256 in sums["config"]]),
    )


def _config_sha256(parts: Sequence[str]) -> str | None:
    """That of the default config; where it includes others, one over all of theirs."""
    if len(parts) > 1:
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return parts[0] if parts else None
