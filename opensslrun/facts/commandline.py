"""What a command line asks for, as far as a fact depends on it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_WITH_VALUE: Final = frozenset(
    {
        "-CAfile", "-CApath", "-CAstore", "-CRLfile", "-untrusted", "-trusted", "-policy", "-purpose", "-verify_name",
        "-verify_depth", "-auth_level", "-attime", "-verify_hostname", "-verify_email", "-verify_ip", "-engine",
        "-nameopt", "-provider", "-provider-path", "-propquery", "-provparam", "-vfyopt",
    }
)  # fmt: skip
"""Options of ``verify`` that take a value, of all versions (``openssl verify -help`` of 3.0, manual of LibreSSL)."""

_OPERATORS: Final = frozenset("();<>|&")

_PASS_PHRASE_OPTIONS: Final = frozenset({"-passin", "-passout", "-pass", "-password", "-k", "-kfile"})


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The subcommand of the first ``openssl`` of the line (empty when there is none), and its arguments."""

    subcommand: str
    arguments: tuple[str, ...]

    @property
    def verified(self) -> tuple[str, ...]:
        """The certificate files that ``openssl verify`` is given; none for any other command."""
        if self.subcommand != "verify":
            return ()
        files: list[str] = []
        arguments = iter(self.arguments)
        for argument in arguments:
            option = "-" + argument.lstrip("-") if argument.startswith("-") else ""
            if option in _WITH_VALUE and not files:
                next(arguments, None)
            elif not option or files:
                files.append(argument)
        return tuple(dict.fromkeys(files))

    @property
    def gives_pass_phrase(self) -> bool:
        """Whether an option carries a pass phrase."""
        return any(argument.split("=")[0] in _PASS_PHRASE_OPTIONS for argument in self.arguments)


@lru_cache(maxsize=4096)
def parse(line: str) -> CommandLine:
    """Read a command line as a shell does; what no shell would take gives an empty one. Never raises.

    Remembered, because every target is given the same lines.
    """
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.commenters = ""
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return CommandLine("", ())
    for place, word in enumerate(words):
        if word.replace("\\", "/").rsplit("/", 1)[-1] in {"openssl", "openssl.exe"}:
            rest = words[place + 1 :]
            end = next((index for index, one in enumerate(rest) if one and set(one) <= _OPERATORS), len(rest))
            if 0 < end < len(rest) and rest[end][0] in "<>" and rest[end - 1].isdigit():
                end -= 1  # the 2 of 2>&1
            return CommandLine(rest[0] if end else "", tuple(rest[1:end]))
    return CommandLine("", ())
