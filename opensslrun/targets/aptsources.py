"""This machine's own apt sources, read from both of apt's formats and turned to another suite.

The hosts packages come from are always the user's own choice: nothing here names one. Formats: sources.list(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_POCKETS = ("-updates", "-security", "/updates")
"""Kept when a suite is replaced: the release itself and its corrections, no backports and nothing proposed."""

_ONLY_MAIN = frozenset({"sid", "unstable", "experimental", "rc-buggy"})
"""Suites that have no corrections of their own."""

_ALIASES = frozenset({"stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"})

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>(?:\s+\S+)*)")

_NOT_CARRIED = frozenset(
    {"types", "uris", "suites", "components", "enabled", "architectures", "arch", "languages", "lang", "targets",
     "target", "pdiffs", "x-repolib-name"}
)  # fmt: skip
"""What a generated source states itself or does not need; the rest (Signed-By, Trusted, …) goes with the URI."""


@dataclass(frozen=True, slots=True)
class AptSource:
    """One place packages come from. ``options`` are its other fields by deb822 name, as they were written."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


def read_sources(main: Path, parts: Path) -> tuple[AptSource, ...]:
    """The enabled binary sources of ``sources.list`` and ``sources.list.d``; unreadable files count as absent."""
    sources: list[AptSource] = []
    for path in [main, *(sorted(parts.iterdir()) if parts.is_dir() else [])]:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            sources += parse_deb822(text)
        elif path.suffix == ".list":
            sources += parse_one_line(text)
    return tuple(sources)


def parse_one_line(text: str) -> list[AptSource]:
    """Read the one-line format. Lines that are no binary source are passed over."""
    sources = []
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        options = dict(option.split("=", 1) for option in (match["options"] or "").split() if "=" in option)
        sources.append(
            AptSource(
                (match["uri"],),
                (match["suite"],),
                tuple(match["components"].split()),
                {name: value.replace(",", " ") for name, value in options.items() if _carried(name)},
            )
        )
    return sources


def parse_deb822(text: str) -> list[AptSource]:
    """Read the deb822 format. Stanzas that are disabled or no binary source are passed over."""
    sources = []
    for stanza in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        fields = _fields(stanza.splitlines())
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {"no", "false"}:
            continue
        sources.append(
            AptSource(
                tuple(fields.get("uris", "").split()),
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                {name: value for name, value in fields.items() if _carried(name)},
            )
        )
    return sources


def _fields(lines: Iterable[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line.startswith("#"):
            continue
        if line[:1].isspace() and name:
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _carried(name: str) -> bool:
    return name.lower().removesuffix("+").removesuffix("-") not in _NOT_CARRIED


def sources_of_suite(sources: Iterable[AptSource], codename: str, suite: str) -> str:
    """The machine's sources turned from its own release (``codename``) to ``suite``, as one deb822 text.

    Empty when the machine has no source of its own release. Entries of other projects that happen to use the
    same suite name may be among them; the caller pins the distribution's origin.
    """
    stanzas: dict[str, None] = {}
    for source in sources:
        suites = [turned for name in source.suites if (turned := _turned(name, codename, suite))]
        if suite in {"experimental", "rc-buggy"} and suites:
            suites.append("sid")
        if not suites or "main" not in source.components or any(uri.startswith("cdrom:") for uri in source.uris):
            continue
        lines = [
            "Types: deb",
            f"URIs: {' '.join(source.uris)}",
            f"Suites: {' '.join(dict.fromkeys(suites))}",
            f"Components: {' '.join(source.components)}",
            *(f"{name}: {value}" for name, value in source.options.items()),
        ]
        stanzas["\n".join(lines)] = None
    return "\n\n".join(stanzas) + "\n" if stanzas else ""


def _turned(name: str, codename: str, suite: str) -> str | None:
    """``bookworm-updates`` to ``trixie-updates``; None for what is no part of this machine's release."""
    pocket = next((pocket for pocket in _POCKETS if name.endswith(pocket)), "")
    if name.removesuffix(pocket) not in _ALIASES | {codename}:
        return None
    if suite in _ONLY_MAIN:
        return None if pocket else suite
    return f"{suite}{pocket}"
