"""Part I of N of a run: whole cases, so that what is made in a case is read in the same part, and equally long parts.

How long a case takes is data (``matrix/durations.json``, seconds over all targets that ran), never this machine's own
memory: every part has to divide the cases alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from opensslrun.cases.model import Case
from opensslrun.data import shipped
from opensslrun.errors import UsageError

_FORM = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (from 1) of ``of``."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of ``2/5``. Raises UsageError for anything else."""
        match = _FORM.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]):
            raise UsageError(f"--shard {text} is not I/N with I from 1 to N; write --shard 2/5, say")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def cases_of_shard(
    cases: Sequence[Case], shard: Shard, durations: Mapping[str, float] | None = None
) -> tuple[Case, ...]:
    """The cases of one part, in their own order. Every case is in one part, whatever the order they come in.

    The longest goes first, each to the part that has least so far. Raises UsageError when nothing is left for it.
    """
    seconds = shipped_durations() if durations is None else durations
    loads = [0.0] * shard.of
    mine: set[str] = set()
    for case in sorted(cases, key=lambda case: (-expected_duration(case, seconds), case.id)):
        part = loads.index(min(loads))
        loads[part] += expected_duration(case, seconds)
        if part == shard.number - 1:
            mine.add(case.id)
    if not mine:
        raise UsageError(f"--shard {shard} has nothing to run: there are only {len(cases)} cases; use fewer parts")
    return tuple(case for case in cases if case.id in mine)


def expected_duration(case: Case, durations: Mapping[str, float]) -> float:
    """Seconds over all targets: as measured, else as the measured cases take for each of their steps."""
    measured = durations.get(case.id)
    return measured if measured is not None else len(case.steps) * durations.get("", 1.0)


@cache
def shipped_durations() -> Mapping[str, float]:
    """Seconds by case; under the empty name those of a step of a case that was not measured."""
    text = shipped("durations.json").read_text(encoding="utf-8")
    return {str(name): float(seconds) for name, seconds in json.loads(text).items()}
