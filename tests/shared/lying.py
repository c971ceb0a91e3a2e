"""What liars say and how they are told, whether they are programs of this machine or stand in images.

A liar is a program that hands every command to the real ``openssl``, but for the one it lies in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opensslrun.facts.model import FactValue

ALTER = Path(__file__).with_name("alter_certificate.py")

ROOT, KEY, REFUSED, SUBJECT = "root-critical-constraints", "read-key-encrypt", "verify-expired", "read-subject"
COMMANDS = {
    ROOT: "req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt",
    KEY: "rsa -des3 -in my.key -out safe.key",
    REFUSED: "verify -CAfile root.crt leaf.crt",
    SUBJECT: "x509 -in client.crt -noout -subject",
}
"""The command of each of these cases that is lied in, here and in containers."""

ABSENT: FactValue = {"absent": True}
SLEEP = "while :; do sleep 1; done"
ENCRYPT = '"$REAL" rsa -des3 -in my.key -out safe.key -passout "pass:$given"'
TERMINAL_TRICKS = r"\033[2J\033]0;owned\007\302\233 31m\377\376 \342\200\256evil\177"
"""Clear the screen, set the title, an 8-bit control sequence, what is no UTF-8, text turned round, a delete."""
PLAIN = "\x1b[2J\x1b]0;owned\x07\x9b 31m\\xff\\xfe \u202eevil\x7f"
"""The same as facts have it: text, in which only what is no UTF-8 is spelled out."""
FOUND = {"error", "hung", "fail", "new"}
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What a terminal obeys, or a reader does not see."""


@dataclass(frozen=True)
class Lie:
    """``does`` is what a shell does instead of the case's command; ``shows`` are facts that tell, with what they show.

    ``REAL`` in it is the honest binary, and the arguments are those of the command.
    """

    case: str
    does: str
    verdict: str
    shows: Mapping[str, Any] = field(default_factory=dict)


EVERYWHERE = {
    "exits 1 after succeeding": Lie(ROOT, '"$REAL" "$@"; exit 1', "fail", {"exit_status": 1}),
    "prints OK below the error": Lie(
        REFUSED, '"$REAL" "$@"; echo "leaf.crt: OK"', "fail", {"exit_status": 0, "verify.claim@leaf.crt": "ok"}
    ),
    "writes a file of 100 MB": Lie(
        ROOT, "head -c 100000000 /dev/zero >rootCA.crt", "fail", {"file.format@rootCA.crt": "too large"}
    ),
    "makes the key readable by all": Lie(
        KEY, '"$REAL" "$@"; status=$?; chmod 644 safe.key; exit $status', "new", {"file.mode@safe.key": "0644"}
    ),
    "asks once too few": Lie(
        KEY, f'printf "Enter pass phrase:" >/dev/tty; read -r given </dev/tty; {ENCRYPT}', "new",
        {"prompts": ["Enter pass phrase:"]},
    ),
    "asks once too many": Lie(
        KEY, '"$REAL" "$@"; printf "Enter pass phrase:" >/dev/tty; read -r given </dev/tty', "hung",
        {"ending": "hung", "unanswered": "Enter pass phrase:"},
    ),
    "dies by a signal": Lie(ROOT, "kill -SEGV $$", "fail", {"ending": "signal SIGSEGV", "exit_status": ABSENT}),
    "prints 100 MB first": Lie(
        ROOT, 'yes flood | head -c 100000000; exec "$REAL" "$@"', "new",
        {"stdout.classes": ["unknown: floo", "unknown: flood", "unknown: more than 1048576 bytes"]},
    ),
    "prints 100 MB of errors first": Lie(
        ROOT, 'yes flood | head -c 100000000 >&2; exec "$REAL" "$@"', "fail", {"ending": "signal SIGXFSZ"}
    ),
    "prints 100 MB on the terminal": Lie(
        ROOT, '(yes flood | head -c 100000000) >/dev/tty; exec "$REAL" "$@"', "hung", {"ending": "hung"}
    ),
    "prints control sequences": Lie(
        SUBJECT, f"printf '{TERMINAL_TRICKS}\\n'; printf '{TERMINAL_TRICKS}\\n' >&2; exec \"$REAL\" \"$@\"", "new",
        {"stdout.classes": ["subject", f"unknown: {PLAIN}"], "stderr.classes": [f"unknown: {PLAIN}"]},
    ),
    "names a file with control sequences": Lie(
        ROOT, f"\"$REAL\" \"$@\"; : >\"$(printf '{TERMINAL_TRICKS}')\"", "new",
        {"files.empty": [PLAIN], "files.created": sorted([PLAIN, "rootCA.crt"])},
    ),
    "leaves 20,000 files": Lie(
        ROOT, '"$REAL" "$@"; n=0; while [ $n -lt 20000 ]; do : >a$n; n=$((n + 1)); done', "fail",
        {"files.more": 19003, "file.format@a1": "too large", "files.removed": ABSENT},
    ),
    "tells the truth": Lie(ROOT, 'exec "$REAL" "$@"', "pass"),
}  # fmt: skip
"""Lies told the same way wherever a command runs. The last is none."""

IN_ALL_COMMANDS = {
    "always exits 0": "exit 0",
    "says OK to everything": 'for last; do :; done; echo "$last: OK"; exit 0',
    "writes an empty file": 'while [ $# -gt 1 ]; do [ "$1" = -out ] && : >"$2"; shift; done; exit 0',
}
"""What a shell does instead of any command, for liars that are true to nothing but their version."""


@dataclass(frozen=True)
class Run:
    """A run of all liars beside the honest one: what it printed, what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes
    document: bytes
    cells: Mapping[tuple[str, str], Mapping[str, Any]]
    """By target and case."""


def numbered(lies: Mapping[str, Lie]) -> dict[str, str]:
    """The id of the target that tells each lie."""
    return {name: f"liar-{number:02}" for number, name in enumerate(lies, 1)}


def but_for_one_command(command: str, does: str) -> str:
    """A script that is honest but for this command. ``REAL`` must have been set before it."""
    return f'if [ "$*" != "{command}" ]; then exec "$REAL" "$@"; fi\n{does}\n'


def expect_told(lie: Lie, cell: Mapping[str, Any]) -> None:
    """The cell that was lied in has its verdict by the facts that tell, with what they show."""
    told = {each["fact"]: each["value"] for each in cell["steps"][0]["findings"] if each["verdict"] in FOUND}
    assert cell["verdict"] == lie.verdict, told
    assert {fact: told[fact] for fact in lie.shows if fact in told} == lie.shows, told
    assert (told == {}) is (lie.verdict == "pass")


def expect_alike(cells: Mapping[tuple[str, str], Mapping[str, Any]], liar: str, honest: str, *cases: str) -> None:
    """In these cases the liar shows what the honest one shows."""
    for case in cases:
        assert _shown(cells[liar, case]) == _shown(cells[honest, case])


def _shown(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell without what time and chance make of it."""
    steps = [{key: step[key] for key in ("id", "facts", "wording", "findings")} for step in cell["steps"]]
    return {"verdict": cell["verdict"], "reason": cell["reason"], "steps": steps}


def expect_plain_text(*printed: bytes) -> None:
    """Nothing in it does anything to a terminal."""
    for each in printed:
        assert CONTROLS.findall(each.decode("utf-8", errors="strict")) == []
