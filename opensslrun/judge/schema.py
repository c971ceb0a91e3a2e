"""The catalogue of known differences as a person writes it (``matrix/differences.toml``)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from opensslrun.cases.said import SaidValue
from opensslrun.driver.version import Implementation, Version, VersionSet
from opensslrun.errors import UsageError
from opensslrun.selection import matches_glob
from opensslrun.tomlfile import Table

Text = Annotated[str, Field(min_length=1)]


class Severity(StrEnum):
    """How much a difference hurts, worst first."""

    SECURITY = "security"
    """Something is accepted that must be refused, or a secret is less protected."""
    BREAKS_SCRIPTS = "breaks-scripts"
    """A script that works on one version fails or takes another path on another."""
    FORMAT = "format"
    """A file of another format comes out; programs that read only one of them stumble."""
    COSMETIC = "cosmetic"
    """Only a person reading along notices."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


Globs = Text | Annotated[list[Text], Field(min_length=1)]
"""A glob, or a list of which any may match."""


def matches_any(name: str, globs: Globs) -> bool:
    """Whether the glob, or one of the list, matches the name."""
    if isinstance(globs, str):
        return matches_glob(name, globs)
    return any(matches_glob(name, glob) for glob in globs)


@lru_cache(maxsize=65536)
def matches_fact(fact: str, glob: str) -> bool:
    """Whether a fact is meant: one without an ``@`` means that fact of every file. Remembered, as it is asked often."""
    return matches_glob(fact if "@" in glob else fact.partition("@")[0], glob)


_ON_WINDOWS = " for Windows"


def version_seen(text: str) -> Version:
    """The version of ``OpenSSL 1.1.1g`` or ``OpenSSL 1.1.1g for Windows``. Raises ValueError for anything else."""
    name, _, number = text.removesuffix(_ON_WINDOWS).partition(" ")
    try:
        return Version.parse(Implementation(name), number)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no version whose output was looked at; write for example 'LibreSSL 3.0.2'"
        ) from error


class Where(Table):
    """Which steps an entry speaks of: globs over the case's id, the step's id and its command line.

    ``unless`` is a glob over the command line too, which takes steps out again (those that follow the advice), and
    ``unless_case`` one over the cases, or a list of them (those that show something else for another reason).
    """

    case: Globs = "*"
    step: Text = "*"
    run: Text = "*"
    unless: Text | None = None
    unless_case: Globs | None = None

    def is_in(self, case: str) -> bool:
        """Whether a step of the case may be meant."""
        return matches_any(case, self.case) and (self.unless_case is None or not matches_any(case, self.unless_case))

    def is_at(self, step: str, run: str) -> bool:
        """Whether the step is meant, in whatever case."""
        if not (matches_glob(step, self.step) and matches_glob(run, self.run)):
            return False
        return self.unless is None or not matches_glob(run, self.unless)


class Shown(Table):
    """One value and the versions that show it instead of the recorded one.

    ``fact`` is a fact's name, as a glob; without an ``@`` it means that fact of every file. ``target`` narrows
    the versions where their cause is something else than the version, such as a missing default config. ``case`` and
    ``run`` narrow the entry's steps, where one cause shows one value here and another there.

    ``made_by`` (versions) and ``made_on`` (platforms) are about the producer of what is read; a value that says either
    is for pairs alone.
    """

    fact: Text
    on: Text | Annotated[list[Text], Field(min_length=1)]
    platform: Globs = "*"
    target: Globs = "*"
    case: Globs = "*"
    run: Text = "*"
    made_by: Text | Annotated[list[Text], Field(min_length=1)] | None = None
    made_on: Globs | None = None
    value: SaidValue

    @field_validator("on", "made_by")
    @classmethod
    def _is_a_set(cls, on: str | list[str] | None) -> str | list[str] | None:
        try:
            _version_sets(on or [])
        except UsageError as error:
            raise ValueError(str(error)) from error
        return on

    @property
    def versions(self) -> tuple[VersionSet, ...]:
        """The versions, as a union of sets."""
        return _version_sets(self.on)

    def names(self, fact: str) -> bool:
        """Whether the fact is meant, on whatever version."""
        return matches_fact(fact, self.fact)

    def is_on(self, target: str, version: Version, platform: str) -> bool:
        """Whether the target with this version and platform is meant, for whatever fact."""
        if not matches_any(target, self.target):
            return False
        return matches_any(platform, self.platform) and any(version in versions for versions in self.versions)

    def is_made(self, producer: tuple[Version, str] | None) -> bool:
        """Whether what is read is made by the version and on the platform that are meant; None is no pair at all."""
        if self.made_by is None and self.made_on is None:
            return True
        if producer is None:
            return False
        version, platform = producer
        by = self.made_by is None or any(version in versions for versions in _version_sets(self.made_by))
        return by and (self.made_on is None or matches_any(platform, self.made_on))

    @property
    def says_absent(self) -> bool:
        """Whether it says that what the fact speaks of is not there at all."""
        return self.value == {"absent": True}

    def is_at(self, case: str, run: str) -> bool:
        """Whether a step of the entry's places is meant."""
        return matches_any(case, self.case) and matches_glob(run, self.run)


def _version_sets(said: str | list[str]) -> tuple[VersionSet, ...]:
    """A set, or a list of which any may hold a version. Raises UsageError."""
    return tuple(_version_set(text) for text in ([said] if isinstance(said, str) else said))


@lru_cache(maxsize=1024)
def _version_set(text: str) -> VersionSet:
    """Remembered: the same few sets are asked for each target. Raises UsageError."""
    return VersionSet.parse(text)


class TestedBy(Table):
    """The step of a case that runs the advice, and on which nothing differs.

    ``facts`` narrows what is claimed to be the same everywhere, as globs of facts (without an ``@`` those of every
    file), where other entries speak of the rest; without it nothing at all may differ there.
    """

    case: Text
    step: Text = "1"
    facts: list[Text] = []

    def claims(self, fact: str) -> bool:
        """Whether this fact is claimed to be the same everywhere."""
        return not self.facts or any(matches_fact(fact, glob) for glob in self.facts)


class Difference(Table):
    """One known difference: one cause, one entry."""

    id: Annotated[str, Field(pattern=r"^D\d{3}$")]
    title: Text
    severity: Severity = Field(strict=False)
    where: Where | list[Where] = Where()
    shows: Annotated[list[Shown], Field(min_length=1)]
    why: Text
    link: Annotated[str, Field(pattern=r"^https://")] | None = None
    since: Text | None = None
    seen_on: list[Text] = []
    """Versions whose raw output was looked at; the rest of a range is interpolated between them."""
    advice: Text
    tested_by: TestedBy | list[TestedBy] = []
    """Where the advice runs."""
    untested: Text | None = None
    """Why there is nothing to run: no spelling gives the same everywhere."""

    @model_validator(mode="after")
    def _is_tested_or_not(self) -> Self:
        if self.tests and self.untested is not None:
            raise ValueError(f"{self.id} has tested_by and untested; an advice is either, so take one of them out")
        return self

    @field_validator("seen_on")
    @classmethod
    def _are_versions(cls, seen_on: list[str]) -> list[str]:
        for text in seen_on:
            version_seen(text)
        return seen_on

    @property
    def tests(self) -> tuple[TestedBy, ...]:
        """The steps that run the advice."""
        return (self.tested_by,) if isinstance(self.tested_by, TestedBy) else tuple(self.tested_by)

    @property
    def seen(self) -> tuple[Version, ...]:
        """The versions whose raw output was looked at, each once, in their order within an implementation."""
        found = {version_seen(text) for text in self.seen_on}
        return tuple(sorted(found, key=lambda version: (version.implementation, version.order)))

    @property
    def is_of_platform(self) -> bool:
        """Whether all it says is of one platform and not of a version: line ends and modes on Windows."""
        return all(
            shown.platform != "*" and not any(versions.clauses for versions in shown.versions) for shown in self.shows
        )

    @property
    def places(self) -> tuple[Where, ...]:
        """The places it speaks of, any of which suffices."""
        return (self.where,) if isinstance(self.where, Where) else tuple(self.where)


class CatalogueTable(Table):
    """The whole file."""

    difference: list[Difference] = []

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [entry.id for entry in self.difference]
        for each in ids:
            if ids.count(each) > 1:
                raise ValueError(f"the id {each} is given to two differences; an id never changes and is never reused")
        return self
