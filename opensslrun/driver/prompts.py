"""The prompts of ``openssl``, as whole texts, in one place.

A prompt ends in neither a space nor a newline, and error lines end in a colon too (``…pem_lib.c:357:``), so
"ends with a colon" is no test for one: these patterns describe whole texts. Measured wordings:

* ``Enter pass phrase for rootCA.key:`` reading a key in every version, and making one in OpenSSL 1.1.1 and LibreSSL;
* ``Enter PEM pass phrase:`` making one in OpenSSL 3 and later, and ``req -newkey`` everywhere;
* ``Enter Export Password:``, ``Enter Import Password:`` (PKCS #12), ``Enter Encryption Password:`` (PKCS #8),
  ``enter AES-256-CBC encryption password:`` (``enc``), ``Password:`` (``passwd``), ``Enter PIN:``;
* each of them again with ``Verifying - `` before it;
* ``Country Name (2 letter code) [AU]:`` and its like, the questions of the distinguished name dialogue.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from opensslrun.driver.outcome import Outcome

_QUESTION = r"(?:Enter|enter) (?:[^\r\n:]{0,80} )?(?:pass ?phrase|passphrase|[Pp]assword|PIN)"
"""The beginning of every question for a secret, up to an optional ``for FILE``."""

_AT_END = re.compile(rf"(?:Verifying - )?(?:{_QUESTION}(?: for [^\r\n]+)?|Password): ?\Z")

_DRIVE = r"[A-Za-z]:[\\/]"
_NAME_TO_LINE_END = r"(?:(?!:error:)[^\r\n])+?(?=:(?:Verifying - |Enter |[\r\n]|\Z))"
_NAME_TO_COLON = rf"(?:{_DRIVE})?[^\r\n:]+"
_IN_STREAM = re.compile(
    rf"(?:Verifying - )?{_QUESTION}(?: for (?:{_NAME_TO_LINE_END}|{_NAME_TO_COLON}))?:"
    r"|(?:^|(?<=[\r\n]))(?:Verifying - )?Password:"
    r"|(?:^|(?<=[\r\n:]))[^\r\n:\[\]]{1,64} \[[^\]\r\n]{0,64}\]:",
    re.MULTILINE,
)


def prompt_at_end(line: str) -> str | None:
    """The prompt that ``line`` (the last, unterminated line of a terminal) is, as shown; None when it is none."""
    match = _AT_END.match(line)
    return match[0].rstrip(" ") if match else None


def names_a_file(prompt: str) -> bool:
    """Whether a prompt ends in a file's name, which may itself hold a colon: more of it may still be coming."""
    return re.search(r"(?:phrase|[Pp]assword|PIN) for .", prompt) is not None


def find_prompts(text: str) -> tuple[str, ...]:
    """The prompts that a program without a terminal wrote to stderr, in order, as shown.

    They may follow each other, or be followed by an error, on one line (the questions of the distinguished
    name dialogue always do). Where the name of a key file holds a colon and something else follows on the same
    line, the name is cut at its first colon.
    """
    return tuple(match[0] for match in _IN_STREAM.finditer(text))


_LAST_LINE: Final = 2000
"""Characters of what a command without a terminal wrote last that are shown when it hung."""


def asked_in(stderr: bytes, *, hung: bool) -> tuple[tuple[str, ...], str]:
    """What a program without a terminal asked, and the last line at which it stands when it ``hung``."""
    text = stderr.decode("utf-8", "backslashreplace")
    standing = text.strip("\r\n").rpartition("\n")[2].rpartition("\r")[2][-_LAST_LINE:] if hung else ""
    return find_prompts(text), standing


def without_prompts(outcome: Outcome) -> Outcome:
    """An outcome whose prompts stand in stderr, as it would be with a console, which shows them apart from that.

    This is how a step with a terminal is seen where a program cannot be given one: on Windows and under wine.
    """
    kept, rest = b"", outcome.stderr
    for prompt in outcome.prompts:
        before, asked, after = rest.partition(prompt.encode("utf-8"))
        if asked:
            kept, rest = kept + before, after
    return replace(outcome, stderr=kept + rest)
