"""What a target really is: its version line and a fingerprint, asked through the bench that will run the cases.

Nothing the binary under test computes is believed: the hashes come from the bench's own ``sha256sum`` (Linux,
busybox), ``shasum`` (macOS) or ``sha256`` (the BSDs).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from opensslrun.bench.base import Bench, Command, Workspace
from opensslrun.driver.outcome import Ending, Input
from opensslrun.driver.version import Implementation, Version, VersionSet, parse_version_line
from opensslrun.errors import TargetNotProvenError
from opensslrun.targets.model import Proof, Target

_TIMEOUT_S = 60.0

_FINGERPRINT = r"""
sum() {
    { sha256sum "$1" || shasum -a 256 "$1" || sha256 -r "$1"; } 2>/dev/null |
        sed -n '1s/^\\\{0,1\}\([0-9a-f]\{64\}\).*/\1/p'
}
show() { printf '%s\t%s\t%s\n' "$1" "$(sum "$2")" "$2"; }
config() {  # a config and what it includes, five deep
    show config "$1"
    if [ "$2" -lt 5 ]; then
        sed -n 's/^[[:space:]]*\.include[[:space:]]*=\{0,1\}[[:space:]]*//p' "$1" | while read -r included; do
            for part in "$included" "$included"/*.cnf "$included"/*.conf; do
                if [ -f "$part" ]; then config "$part" $(($2 + 1)); fi
            done
        done
    fi
}
found=$(command -v openssl)
binary=$(readlink -f "$found" 2>/dev/null || printf '%s' "$found")
show binary "$binary"
{
    # The dynamic loader of glibc lists instead of running; a static binary ignores the variable and says its version.
    LD_TRACE_LOADED_OBJECTS=1 openssl version
    # musl's loader lists when it is told to.
    for loader in /lib/ld-musl-*.so.1; do if [ -x "$loader" ]; then "$loader" --list "$binary"; fi; done
} 2>/dev/null | sed -n 's/^[[:space:]]\{1,\}\([^ ]* => \)\{0,1\}\(\/[^ ]*\) (0x[0-9a-f]*)$/\2/p' | sort -u |
    while read -r library; do show library "$library"; done
openssl version -a 2>/dev/null | tr -d '\r' | sed -n \
    -e 's/^OPENSSLDIR: "\(.*\)"$/config \1/p' \
    -e 's/^ENGINESDIR: "\(.*\)"$/modules \1/p' \
    -e 's/^MODULESDIR: "\(.*\)"$/modules \1/p' |
    while read -r kind folder; do
        if [ "$kind" = config ]; then
            if [ -f "$folder/openssl.cnf" ]; then config "$folder/openssl.cnf" 1; fi
        else
            for module in "$folder"/*.so "$folder"/*.dylib; do
                if [ -f "$module" ]; then show library "$module"; fi
            done
        fi
    done
"""
"""Prints ``kind TAB sha256 TAB path`` a line. Plain POSIX sh with what busybox has."""

_FINGERPRINT_WINE = r"""
drive=/opt/wine/drive_c
show() { printf '%s\t%s\t%s\n' "$1" "$(sha256sum "$2" | sed -n '1s/^\\\{0,1\}\([0-9a-f]\{64\}\).*/\1/p')" "$2"; }
show binary "$drive/Program Files/OpenSSL/bin/openssl.exe"
show library "$(command -v openssl)"
wine=/usr/lib/wine
for library in "$wine"/wine64 "$wine"/wineserver64 /usr/lib/*/wine/x86_64-unix/ntdll.so \
    "$drive"/windows/system32/ntdll.dll "$drive"/windows/system32/kernel32.dll \
    "$drive"/windows/system32/kernelbase.dll "$drive"/windows/system32/msvcrt.dll; do
    show library "$library"
done
openssl version -a | tr -d '\r' | tr '\\' / | sed -n 's/^OPENSSLDIR: "C:\(.*\)"$/\1/p' |
    while read -r folder; do
        if [ -f "$drive$folder/openssl.cnf" ]; then show config "$drive$folder/openssl.cnf"; fi
    done
"""
"""The same for a Windows build in an image with wine: what `openssl` is there only starts it."""

_LINE = re.compile(r"(?P<kind>binary|library|config)\t(?P<sha256>[0-9a-f]{64})?\t(?P<path>.+)")


def prove(bench: Bench, target: Target) -> Proof:
    """Ask the target what it is, and compare with what it is declared to be.

    Raises TargetNotProvenError when the version line is none, or another version than declared, when the binary
    and its library disagree, or when something it loads cannot be read; EngineError when the bench is gone.
    """
    with bench.workspace({}) as workspace:
        line = _run(workspace, "openssl version", target).strip("\r\n")
        version = declared_version(target, line)
        return _proof(target, version, line, _run(workspace, _fingerprint(target), target))


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


def _fingerprint(target: Target) -> str:
    return _FINGERPRINT_WINE if target.runtime is not None else _FINGERPRINT


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


def _proof(target: Target, version: Version, line: str, listing: str) -> Proof:
    found: dict[str, list[tuple[str, str]]] = {"binary": [], "library": [], "config": []}
    for text in listing.splitlines():
        match = _LINE.fullmatch(text)
        if match is None or match["sha256"] is None:
            raise TargetNotProvenError(
                f"{target.id} cannot be fingerprinted: {text.rpartition(chr(9))[2][:200]!r} cannot be read, "
                "or there is none of sha256sum, shasum and sha256 to read it with"
            )
        found[match["kind"]].append((match["path"], match["sha256"]))
    if not found["binary"]:
        raise TargetNotProvenError(f"{target.id} cannot be fingerprinted: its openssl was not found on its own PATH")
    return Proof(
        version_line=line,
        version=version,
        binary_sha256=found["binary"][0][1],
        libraries=_sorted(found["library"]),
        config_sha256=_config_sha256([sha256 for _, sha256 in found["config"]]),
    )


def _config_sha256(parts: Sequence[str]) -> str | None:
    """That of the default config; where it includes others, one over all of theirs."""
    if len(parts) > 1:
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return parts[0] if parts else None


def _sorted(libraries: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(set(libraries)))
