"""The result of a run: the only input of every report, with a published JSON Schema.

``schema`` is raised when a key is removed or changes its meaning; keys may be added at any time, so a reader
ignores those it does not know.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from opensslrun.facts.model import FactValue
from opensslrun.report.cells import CellResult, FindingResult, ObservationResult, ObservedFile, PairResult, StepResult
from opensslrun.report.part import Part

__all__ = [
    "SCHEMA_VERSION",
    "CaseResult",
    "CatalogueResult",
    "CellResult",
    "DifferenceResult",
    "FindingResult",
    "Fingerprint",
    "Group",
    "Image",
    "KnownDifference",
    "ObservationResult",
    "ObservedFile",
    "PairCounts",
    "PairDifferenceResult",
    "PairGroup",
    "PairResult",
    "Part",
    "ReaderResult",
    "Result",
    "Run",
    "Selection",
    "Stale",
    "StepResult",
    "Summary",
    "TargetResult",
]
"""All parts, wherever they are written: whoever reads a result finds them here."""

SCHEMA_VERSION: Final = 1


class Selection(Part):
    """What was asked for, as globs; empty is everything."""

    targets: list[str]
    cases: list[str]
    readers: str | None = None


class Run(Part):
    """Which code ran which cases, when."""

    tool_version: str
    code_sha256: str = Field(description="Over the sources of opensslrun itself.")
    cases_sha256: str = Field(description="Over the selected cases and their fixtures.")
    selection: Selection
    shard: str | None = Field(description="I/N, or null for a whole run.")
    started: str = Field(description="UTC, ISO 8601.")
    duration_s: float = Field(description="Wall-clock seconds.")
    complete: bool = Field(default=True, description="False when the run was interrupted.")
    judged: str | None = Field(
        default=None,
        description="UTC, ISO 8601: when all of it was judged, where that was in an earlier run and nothing that a "
        "verdict rests on has changed since; null when it was in this one.",
    )


class PairCounts(Part):
    """Counts of pairs, one for each verdict."""

    cached: int = Field(default=0, description="Pairs read in an earlier run.")
    error: int = 0
    hung: int = 0
    fail: int = 0
    new: int = 0
    known: int = 0
    pass_: int = Field(default=0, alias="pass")
    unsupported: int = 0
    not_run: int = Field(default=0, alias="not-run")


class Summary(Part):
    """Counts. ``facts`` are the gating facts seen, ``comparisons`` those held against a prediction, pairs included.

    The counts of verdicts are of cells; those of pairs are in ``pair_verdicts``.
    """

    cells: int
    pairs: int = 0
    cached: int = Field(
        default=0, description="Cells observed in an earlier run; `run.judged` says whether they were judged then, too."
    )
    facts: int
    comparisons: int
    error: int = 0
    hung: int = 0
    fail: int = 0
    new: int = 0
    known: int = 0
    pass_: int = Field(default=0, alias="pass")
    unsupported: int = 0
    not_run: int = Field(default=0, alias="not-run")
    pair_verdicts: PairCounts = PairCounts()


class Fingerprint(Part):
    """What ran, by content."""

    binary_sha256: str
    libraries: dict[str, str] = Field(description="Each library and provider module loaded, with its sha256.")
    config_sha256: str | None


class Image(Part):
    """The image that ran; ``digest`` is the registry's, for a pulled one."""

    id: str
    digest: str | None


class TargetResult(Part):
    """One target: what it was declared to be, and what it proved to be."""

    id: str
    implementation: str | None
    version: str | None = Field(description="As seen, or null when it did not run.")
    platform: str
    system: str | None = Field(
        default=None, description="The operating system and its version, for a binary of the machine that ran it."
    )
    reader: str
    need: str
    version_line: str | None
    fingerprint: Fingerprint | None
    image: Image | None
    origin: str | None = Field(description="How it was obtained, in words.")
    chosen: str = Field(
        default="all",
        description="How it came into the run: named (with -t), readers (by --readers), all, or stand-in (it was not "
        "asked for, and runs for another).",
    )
    stand_in_for: list[str] = Field(default_factory=list, description="Targets that could not be had and it ran for.")
    stand_in: str | None = Field(
        default=None, description="The target that was to run for this one, which could not be had."
    )
    lacks: str | None = Field(default=None, description="What that stand-in does not show of this one.")
    guide_row: str | None = Field(default=None, description="The row of the guide's requirements that it answers.")
    released: str | None = Field(default=None, description="The day of its release, ISO 8601.")
    end_of_life: str | None = Field(default=None, description="When its support ends, ISO 8601.")
    lts: bool = False
    outcome: str = Field(description="ran, error or not-run.")
    proof_cached: bool = Field(
        default=False, description="True when nothing of it was started: its image proved itself in an earlier run."
    )
    reason: str = Field(default="", description="Why it did not run, or failed.")


class ReaderResult(Part):
    """A kind of reader, and what the run says for it.

    ``quality`` is ``measured`` (its own target ran), ``stand-in`` (``by`` ran instead, and ``lacks`` says what that
    does not show) or ``not-run``. ``verdict`` is the worst of the cells that ``by`` has, ``error`` where ``by`` broke
    down, null when nothing ran. ``reason`` says why its own target did not run, or what broke.
    """

    target: str
    name: str
    guide_row: str | None
    quality: str
    by: str | None = None
    lacks: str | None = None
    verdict: str | None = None
    differences: dict[str, int] = Field(
        default_factory=dict, description="How many known differences of each severity this reader meets."
    )
    untried: int = Field(default=0, description="Cases that could not run on the target that ran.")
    reason: str = ""


class Group(Part):
    """A value, and the targets that show it."""

    value: FactValue
    targets: list[str]


class DifferenceResult(Part):
    """A fact that differs between targets; ``known`` names the catalogue's entry that explains it."""

    case: str
    step: str
    fact: str
    groups: list[Group]
    known: str | None


class PairGroup(Part):
    """A value, shown with the files of each of these producers on each of these consumers."""

    value: FactValue
    made_by: list[str]
    read_by: list[str]


class PairDifferenceResult(Part):
    """A fact that differs between pairs. More than one group may have one value."""

    case: str
    step: str
    fact: str
    groups: list[PairGroup]
    known: str | None


class Stale(Part):
    """An entry of the catalogue that this run shows to be wrong."""

    id: str
    reason: str


class CatalogueResult(Part):
    """What the run says of the catalogue."""

    proven: list[str]
    unproven: list[str]
    stale: list[Stale]


class KnownDifference(Part):
    """A catalogue entry, carried along so that a report needs nothing else."""

    id: str
    title: str
    severity: str
    why: str
    advice: str
    link: str | None = None
    since: str | None = None


class CaseResult(Part):
    """A case: its title, and where it stands."""

    id: str
    title: str
    sha256: str | None = Field(default=None, description="Over the case and its fixtures.")
    file: str | None = Field(
        default=None, description="Its file from the directory the run was started in; null when it is not under it."
    )
    lines: list[int] = Field(default_factory=list, description="The line of its file on which each step begins.")


class Result(Part):
    """A whole result."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    run: Run
    summary: Summary
    targets: list[TargetResult]
    readers: list[ReaderResult] = Field(default_factory=list)
    cases: list[CaseResult] = Field(default_factory=list)
    cells: list[CellResult]
    pairs: list[PairResult] = Field(
        default_factory=list, description="Every case that hands files over, by each target that began, on each."
    )
    observations: dict[str, ObservationResult] = Field(default_factory=dict)
    differences: list[DifferenceResult]
    pair_differences: list[PairDifferenceResult] = Field(default_factory=list)
    catalogue: CatalogueResult
    known_differences: list[KnownDifference] = Field(default_factory=list)
