"""Is this a config file of which ``openssl req -x509`` makes a root CA? Looked at before anything runs.

Only what every version refuses, or silently makes something else of, is refused. Lines are read as
``openssl`` does (``def_load_bio`` of crypto/conf/conf_def.c): comments, quotes, continued lines, sections. What
stands in an included file or a variable cannot be seen here; the finished certificate is checked for the same.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from opensslrun.driver.runner import read_input
from opensslrun.errors import UsageError

_ASSIGNMENT: Final = re.compile(
    r"(?:(?P<section>[^\s=:]+)\s*::\s*)?(?P<name>[^\s=:]*)\s*=\s*(?P<value>.*)\Z", re.DOTALL
)
_DIRECTIVE: Final = re.compile(r"\.(?:include|pragma)\b")
_TRUE: Final = frozenset({"TRUE", "true", "YES", "yes", "Y", "y"})
"""What openssl takes for true (X509V3_get_value_bool). ``True`` is not among it."""


@dataclass(slots=True)
class _Config:
    sections: dict[str, dict[str, str]] = field(default_factory=lambda: {"default": {}})
    partly_seen: bool = False
    """Something is included, so what is missing here may be there."""


def check_root_conf(path: Path) -> None:
    """Raise UsageError with one sentence when ``path`` is not a config file for a root CA.

    It must be text in UTF-8 without a byte order mark, well formed, with ``prompt = no`` in ``[req]`` and, in the
    section that ``x509_extensions`` names, a ``basicConstraints`` with ``CA:true``.
    """
    config = _parsed(_text(read_input(path), path), path)
    request = config.sections.get("req")
    if request is None:
        if not config.partly_seen:
            raise UsageError(f"{path} has no [req] section; write one, with distinguished_name and x509_extensions")
        return
    prompt = _value(config, request, "prompt")
    if prompt != "no" and _is_known(config, prompt):
        raise UsageError(
            f"{path} does not say 'prompt = no' in [req], so openssl would ask for each part of the name; add it"
        )
    _check_ca(config, request, path)


def _text(data: bytes, path: Path) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        raise UsageError(f"{path} is not plain text (it looks like UTF-16); save it as UTF-8 without a byte order mark")
    if data.startswith(codecs.BOM_UTF8):
        raise UsageError(
            f"{path} begins with a byte order mark, which OpenSSL 1.1.1g and LibreSSL 3.0.2 refuse and OpenSSL 3.0 "
            "accepts; save it as UTF-8 without one"
        )
    if not data.strip():
        raise UsageError(f"{path} holds nothing but blanks; write the settings of the root CA into it")
    return data.decode("utf-8", "surrogateescape")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers (that of the last physical line, as openssl counts), continued ones joined."""
    joined = ""
    for number, line in enumerate(text.split("\n"), 1):
        joined += line.rstrip("\r")
        if joined.endswith("\\") and not joined.endswith("\\\\"):
            joined = joined[:-1]
            continue
        yield number, joined
        joined = ""
    if joined:
        yield text.count("\n") + 1, joined


def _without_comment(line: str) -> str:
    """The line up to a ``#`` that is neither quoted nor escaped."""
    quote = ""
    escaped = False
    for place, letter in enumerate(line):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'`":
            quote = letter
        elif letter == "#":
            return line[:place]
    return line


def _parsed(text: str, path: Path) -> _Config:
    config = _Config()
    section = "default"
    for number, raw in _logical_lines(text):
        line = _without_comment(raw).strip()
        if not line:
            continue
        if line.startswith("["):
            if "]" not in line:
                raise UsageError(f"{path}, line {number}: the section's name has no closing bracket; write [name]")
            section = line[1 : line.index("]")].strip()
            config.sections.setdefault(section, {})
        elif (match := _ASSIGNMENT.match(line)) is not None and not _DIRECTIVE.match(line):
            config.sections.setdefault(match["section"] or section, {})[match["name"]] = match["value"].strip()
        elif _DIRECTIVE.match(line):
            config.partly_seen = True
        else:
            raise UsageError(
                f"{path}, line {number}: there is no equal sign; write name = value, or # before a comment"
            )
    return config


def _value(config: _Config, section: dict[str, str], name: str) -> str | None:
    """A value, without quotes; openssl looks in the default section for what its section does not have."""
    value = section.get(name, config.sections["default"].get(name))
    return None if value is None else value.replace('"', "").replace("'", "").strip()


def _is_known(config: _Config, value: str | None) -> bool:
    """Whether the value that openssl will see is the one seen here."""
    return not config.partly_seen if value is None else "$" not in value


def _check_ca(config: _Config, request: dict[str, str], path: Path) -> None:
    name = _value(config, request, "x509_extensions")
    if not _is_known(config, name):
        return
    extensions = config.sections.get(name) if name is not None else None
    if extensions is None:
        if config.partly_seen:
            return
        missing = "x509_extensions in [req]" if name is None else f"the section [{name}] that x509_extensions names"
        raise UsageError(f"{path} lacks {missing}; the certificate would not be a CA certificate")
    constraints = _value(config, extensions, "basicConstraints")
    if not _is_known(config, constraints):
        return
    if not _says_ca(config, constraints or ""):
        raise UsageError(
            f"{path} does not say 'basicConstraints = CA:true' in [{name}], so the certificate would not be a CA "
            "certificate; add it"
        )


def _says_ca(config: _Config, constraints: str) -> bool:
    for part in constraints.split(","):
        if part.strip().startswith("@"):
            section = config.sections.get(part.strip()[1:], {})
            return config.partly_seen or _value(config, section, "CA") in _TRUE
        name, _, value = part.partition(":")
        if name.strip() == "CA":
            return value.strip() in _TRUE
    return False
