"""The content of what a target is: its binary, what that loads, and its default config, by sha256.

Nothing the binary under test computes is believed: the hashes come from the bench's own ``sha256sum`` (Linux,
busybox), ``shasum`` (macOS) or ``sha256`` (the BSDs), or from Python where the bench is this machine and that has none
of them (Windows).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

Found = Mapping[str, Sequence[tuple[str, str | None]]]
"""Of each kind (``binary``, ``library``, ``config``) the paths with their sha256, None where it could not be read."""

SCRIPT: Final = r"""
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
# The loader of macOS tells what it loads, on standard error, but not of Apple's own programs; what is in its cache of
# Apple's libraries is in no file.
{ DYLD_PRINT_LIBRARIES=1 openssl version >/dev/null; } 2>&1 | sed -n 's/^dyld[^/]*\(\/.*\)$/\1/p' | sort -u |
    while read -r library; do
        if [ -f "$library" ] && ! [ "$library" -ef "$binary" ]; then show library "$library"; fi
    done
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
"""Prints ``kind TAB sha256 TAB path`` a line. POSIX sh and ``-ef``, with what busybox has."""

SCRIPT_WINE: Final = r"""
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

_OWN_LIBRARIES: Final = ("libcrypto*.dll", "libssl*.dll", "libeay32.dll", "ssleay32.dll")
"""What Windows looks for beside a program first; later ones are Windows' own."""

_DEEPEST: Final = 5


def read_listing(listing: str) -> Found:
    """What one of the scripts printed."""
    found: dict[str, list[tuple[str, str | None]]] = {"binary": [], "library": [], "config": []}
    for text in listing.splitlines():
        match = _LINE.fullmatch(text)
        kind, path = (match["kind"], match["path"]) if match else ("binary", text)
        found[kind].append((path, match["sha256"] if match else None))
    return found


def read_files(binary: Path, described: str) -> Found:
    """The same of a program of this machine, by Python. ``described`` is what ``openssl version -a`` printed."""
    places = {
        name: Path(folder) for name, folder in re.findall(r'^(\w+DIR): "(.*?)"\r?$', described, flags=re.MULTILINE)
    }
    config = places.get("OPENSSLDIR", binary.parent) / "openssl.cnf"
    return {
        "binary": [_read(binary)],
        "library": [_read(path) for path in sorted(set(_libraries(binary, places)))],
        "config": [_read(path) for path in _configs(config, 1)],
    }


def _configs(config: Path, depth: int) -> Iterator[Path]:
    """A config and what it includes, five deep."""
    if not config.is_file():
        return
    yield config
    if depth < _DEEPEST:
        text = config.read_text(encoding="utf-8", errors="replace")
        for included in re.findall(r"^[ \t]*\.include[ \t]*=?[ \t]*(.*?)[ \t]*$", text, flags=re.MULTILINE):
            for part in (Path(included), *sorted(Path(included).glob("*.cnf")), *sorted(Path(included).glob("*.conf"))):
                yield from _configs(part, depth + 1)


def _libraries(binary: Path, places: Mapping[str, Path]) -> Iterator[Path]:
    for pattern in _OWN_LIBRARIES:
        yield from binary.parent.glob(pattern)
    for name in ("ENGINESDIR", "MODULESDIR"):
        if name in places:
            yield from places[name].glob("*.dll")


def _read(path: Path) -> tuple[str, str | None]:
    try:
        with path.open("rb") as file:
            return str(path), hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return str(path), None
