"""A case as plain data: the steps a document prints, their answers, and what the document promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opensslrun.driver.outcome import Input
from opensslrun.facts.model import FactValue


@dataclass(frozen=True, slots=True)
class Promise:
    """What the document says will happen, as one fact and the value it must have."""

    fact: str
    value: FactValue
    sentence: str
    """For people: ``rootCA.crt is a CA certificate``."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command line, verbatim. ``id`` is its number in the case, from 1, unless the case names it."""

    id: str
    run: str
    input: Input
    answers: tuple[str, ...] = field(repr=False)
    timeout_s: float
    promises: tuple[Promise, ...]
    gates: frozenset[str]
    """Facts that gate here although they are wording (``stdout``, ``stderr``)."""
    line: int = 0
    """The line of the case's file on which it begins, from 1; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Case:
    """One workflow. ``files`` are its fixtures, by the name they have in the workspace."""

    id: str
    title: str
    steps: tuple[Step, ...]
    files: Mapping[str, bytes] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """All answers of the case: public test data, also tried as pass phrases when a key is parsed."""
    needs_default_config: bool = False
    """Its commands name no config, so a target that has no default one cannot run it."""
    needs_file_permissions: bool = False
    """Its commands meet a file that they must not read; where permissions bind nobody it shows nothing."""
    source: Path = Path()
    sha256: str = ""
    """Over everything that decides what the case does: its file and its fixtures, not its recorded values."""
    hands_over: tuple[str, ...] = ()
    """Files that its steps make and that every other version must read; empty for most cases."""
    reads: tuple[Step, ...] = field(default=(), repr=False)
    """What a consumer does with them, in a workspace of its own that holds the fixtures and those files."""

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Its steps and what a consumer does, under ids of which no two are alike."""
        return (*self.steps, *self.reads)

    @property
    def record_path(self) -> Path:
        """Where the case's recorded values stand: beside its file."""
        return self.source.with_suffix(".recorded.json")
