"""Reading a stream line by line into message classes. What the lines look like is in :mod:`.messages`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

from opensslrun.facts.messages import (
    BLOCKS,
    DECODING_LIBRARIES,
    LINES,
    NAME_LINE,
    PEM_BEGIN,
    PEM_END,
    PEM_INSIDE,
    QUEUE_LINE,
    REASONS,
    VERIFY_ERROR_LINE,
    Message,
    pem_class,
)
from opensslrun.facts.pem import is_der
from opensslrun.facts.remembered import MAX_PRINTED, remembered
from opensslrun.facts.wording import lines_of, stable

MAX_UNKNOWN = 20
"""Unknown lines that are named one by one; of more only their presence is told."""

MAX_CLASSIFIED = 1024 * 1024
"""Bytes of a stream that are classified. A runaway that repeats itself says nothing new after them."""

_UNKNOWN_WIDTH = 200
_NAMED_BY = 4096
"""Characters of an unknown line from which its name is made: enough for a path that is left out of it."""

_REMEMBERED = 1000
"""Characters of a line whose class is remembered. The messages of ``openssl`` are shorter, a runaway's may be 1 MiB."""


@dataclass(frozen=True, slots=True)
class Context:
    """What else decides a line's class: prompts asked, the files verified, and whether a pass phrase was used."""

    prompts: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    pass_phrase_used: bool = False


@dataclass(slots=True)
class _Reading:
    """What has been read of one stream so far."""

    classes: set[str] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    block: re.Pattern[str] | None = None


@remembered(1024, MAX_PRINTED)
def classes_of(stream: bytes, context: Context) -> Sequence[str]:
    """The classes of a stream's lines, sorted; ``unknown: …`` for each line that has none."""
    if is_der(stream):
        return [Message.DER.value]
    if b"\0" in stream:
        return ["unknown: binary data"]
    reading = _Reading()
    for line, following in pairwise(chain(lines_of(stream[:MAX_CLASSIFIED]), [""])):
        _read_line(line, following, context, reading)
    _read_queue(context, reading)
    return sorted(reading.classes | set(_unknown(reading, cut=len(stream) > MAX_CLASSIFIED)))


def _unknown(reading: _Reading, *, cut: bool) -> Iterator[str]:
    names = list(reading.unknown)
    yield from (f"unknown: {name}" for name in names[:MAX_UNKNOWN])
    if len(names) > MAX_UNKNOWN:
        yield "unknown: and more"
    if cut:
        yield f"unknown: more than {MAX_CLASSIFIED} bytes"


def _read_line(line: str, following: str, context: Context, reading: _Reading) -> None:
    if reading.block is not None:
        if _continues(line, reading.block):
            return
        ended = reading.block is PEM_INSIDE and PEM_END.match(line)
        reading.block = None
        if ended:
            return
    line = _without_prompts(line, context, reading).rstrip(" ")
    if not line or _begins_block(line, reading):
        return
    if QUEUE_LINE.match(line):
        reading.queue.append(line)
    elif _is_verify(line, following, context, reading):
        return
    else:
        found = _class_of(line)
        if found is None:
            if len(reading.unknown) <= MAX_UNKNOWN:
                reading.unknown.setdefault(stable(line[:_NAMED_BY])[:_UNKNOWN_WIDTH])
        else:
            reading.classes.add(found)


def _continues(line: str, block: re.Pattern[str]) -> bool:
    return not line or (block.match(line) is not None and QUEUE_LINE.match(line) is None)


def _begins_block(line: str, reading: _Reading) -> bool:
    begin = PEM_BEGIN.match(line)
    if begin is not None and (found := pem_class(begin[1])) is not None:
        reading.classes.add(found)
        reading.block = PEM_INSIDE
        return True
    block = next((block for block in BLOCKS if block.begin.match(line)), None)
    if block is None:
        return False
    reading.classes.add(block.message.value)
    reading.block = block.inside
    return True


def _without_prompts(line: str, context: Context, reading: _Reading) -> str:
    """The line without the prompts it begins with, which have no newline of their own where answers come from stdin."""
    while line:
        asked = next((prompt for prompt in context.prompts if prompt and line.startswith(prompt)), None)
        if asked is None:
            return line
        reading.classes.add(Message.PROMPT.value)
        line = line[len(asked) :].lstrip(" ")
    return line


def _is_verify(line: str, following: str, context: Context, reading: _Reading) -> bool:
    """Lines of ``openssl verify`` that mean nothing elsewhere: ``FILE: OK``, and the subject above an error."""
    if not context.verified:
        return False
    names = [line.removeprefix(f"{name}: ") for name in context.verified if line.startswith(f"{name}: ")]
    if line == "OK" or "OK" in names:
        reading.classes.add(Message.VERIFY_OK.value)
        return True
    if VERIFY_ERROR_LINE.match(following) and any(NAME_LINE.match(part) for part in (line, *names)):
        reading.classes.add(Message.VERIFY_ERROR.value)
        return True
    return False


@remembered(4096, _REMEMBERED)
def _class_of(line: str) -> str | None:
    return next((message.value for message, pattern in LINES if pattern.match(line)), None)


def _read_queue(context: Context, reading: _Reading) -> None:
    """The error queue as a whole is one report: what it tells depends on all its lines."""
    if not reading.queue:
        return
    told: set[str] = set()
    libraries: set[str] = set()
    unknown: dict[str, None] = {}
    for line in reading.queue:
        library, reason, known, message = _reason_of(line)
        libraries.add(library)
        if not known:
            unknown.setdefault(f"error {library}: {reason}")
        elif message is not None:
            told.add(message)
    if _is_wrong_pass_phrase(context, reading, told, libraries, unknown):
        told, unknown = {Message.WRONG_PASS_PHRASE.value}, {}
    if not told and not unknown:
        told = {Message.LIBRARY_ERROR.value}
    reading.classes |= told
    reading.unknown |= unknown


def _is_wrong_pass_phrase(
    context: Context, reading: _Reading, told: set[str], libraries: set[str], unknown: dict[str, None]
) -> bool:
    """A key that did not load although a pass phrase was given, with nothing but the decoders complaining.

    Data that was decrypted wrongly and data that is damaged look alike; which libraries then complain, and of what,
    is chance. So this is one class, whatever they said.
    """
    if Message.WRONG_PASS_PHRASE in told:
        return told <= {Message.WRONG_PASS_PHRASE, Message.MALFORMED} and libraries <= DECODING_LIBRARIES
    decoding = context.pass_phrase_used and Message.CANNOT_LOAD in reading.classes and libraries <= DECODING_LIBRARIES
    return decoding and told <= {Message.MALFORMED, Message.UNSUPPORTED} and bool(told or unknown)


@remembered(4096, _REMEMBERED)
def _reason_of(line: str) -> tuple[str, str, bool, str | None]:
    """Library, reason, whether a pattern knows it, and its class."""
    match = QUEUE_LINE.match(line)
    library, reason = (match["library"], match["reason"]) if match else ("", line)
    for message, pattern in REASONS:
        if pattern.match(f"{library}:{reason}"):
            return library, reason, True, None if message is None else message.value
    return library, reason, False, None
