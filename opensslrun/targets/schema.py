"""The tables a person writes to describe targets, checked one by one so that a mistake is told by its target."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opensslrun.driver.version import Implementation, Version
from opensslrun.tomlfile import Table

_ID = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:/-]*\Z")
_CRATE_VERSION = re.compile(r"\d+\.\d+\.\d+\Z")
_SUITE = re.compile(r"[a-z][a-z0-9.-]*\Z")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("an id is of lower-case letters and digits, with single '.', '_' or '-' between them")
    return text


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise ValueError("a sha256 is 64 lower-case hexadecimal digits")
    return text


def _package(text: str) -> str:
    if not _PACKAGE.fullmatch(text):
        raise ValueError("a package name begins with a letter or digit and has none but those and '.+_:/-'")
    return text


def _url(text: str) -> str:
    if not re.match(r"https?://[^\s/]+/\S+\Z", text):
        raise ValueError("the URL of a tarball begins with https:// or http://")
    return text


def _crate_version(text: str) -> str:
    if not _CRATE_VERSION.fullmatch(text):
        raise ValueError("the version of a crate is one exact version of three numbers, as in '111.9.0'")
    return text


def _suite(text: str) -> str:
    if not _SUITE.fullmatch(text):
        raise ValueError("a suite is a release's code name, as in 'bookworm'")
    return text


def _inside(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/") or not text or any(sign in text for sign in "*?[\\"):
        raise ValueError("a member is a relative path inside the crate, without '..' or wildcards")
    return text


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text


Name = Annotated[str, AfterValidator(_id)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
Packages = tuple[Annotated[str, AfterValidator(_package)], ...]
Words = Annotated[str, AfterValidator(_not_empty)]


class ImageTable(Table):
    """Pull an image, and install packages into it."""

    image: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")]
    packages: Annotated[Packages, Field(strict=False)] = ()


class TarballTable(Table):
    """Build from the project's own release."""

    tarball: Annotated[str, AfterValidator(_url)]
    sha256: Sha256


class CrateTable(Table):
    """Build from sources that a Rust crate carries."""

    crate: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    version: Annotated[str, AfterValidator(_crate_version)]
    member: Annotated[str, AfterValidator(_inside)]
    sha256: Sha256 | None = None


class SuiteTable(Table):
    """Unpack packages of a suite of a distribution."""

    suite: Annotated[str, AfterValidator(_suite)]
    packages: Annotated[Packages, Field(strict=False, min_length=1)]
    distribution: Literal["debian", "ubuntu"] = "debian"


RouteTable = ImageTable | TarballTable | CrateTable | SuiteTable

ROUTE_TABLES: dict[str, type[RouteTable]] = {
    "image": ImageTable,
    "tarball": TarballTable,
    "crate": CrateTable,
    "suite": SuiteTable,
}
"""Which key says which kind of route a table is."""


SystemVersion = Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")]


class ReaderTable(Table):
    """Whom a target stands for: a name in words, and the versions of a system."""

    name: Words
    system: Name | None = None
    first: SystemVersion | None = None
    last: SystemVersion | None = None

    @model_validator(mode="after")
    def _versions_of_a_system(self) -> Self:
        if self.system is None and (self.first or self.last):
            raise ValueError("'first' and 'last' are versions of a 'system'; name it")
        if self.first and self.last:
            first, last = ([int(part) for part in text.split(".")] for text in (self.first, self.last))
            if first[: len(last)] > last:
                raise ValueError(f"'first' ({self.first}) is later than 'last' ({self.last})")
        return self


def _named(given: object) -> object:
    """``reader = "Debian 12"`` is short for a table with only a name."""
    return {"name": given} if isinstance(given, str) else given


class StandInTable(Table):
    """Which target runs for one that cannot be had, and what that does not show."""

    target: Name
    lacks: Words


class TargetTable(Table):
    """A ``[[target]]``. ``routes`` are checked one by one, by their kind."""

    id: Name
    implementation: Literal["OpenSSL", "LibreSSL"] | None = None
    version: Words | None = None
    platform: Words | None = None
    need: Literal["required", "informational", "retired"] = "informational"
    reader: Annotated[ReaderTable, BeforeValidator(_named)] | None = None
    guide_row: Words | None = None
    released: date | None = None
    end_of_life: date | None = None
    lts: bool = False
    builder: Name | None = None
    runtime: Name | None = None
    stand_in: StandInTable | None = None
    path: Words | None = None
    routes: list[dict[str, object]] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.path is None) == (self.routes is None):
            raise ValueError(
                "give either 'path' (a binary of this machine) or 'routes' (how its image is had), not both"
            )
        if self.routes is not None and not self.routes:
            raise ValueError("'routes' is empty; give at least one")
        return self

    @model_validator(mode="after")
    def _declared_version(self) -> Self:
        if self.routes is not None and (self.version is None or self.implementation is None):
            raise ValueError("a target with 'routes' declares its 'implementation' and its 'version'")
        if self.version is not None:
            if self.implementation is None:
                raise ValueError("'version' needs 'implementation' beside it, OpenSSL or LibreSSL")
            number = self.version.removesuffix(".*")
            try:
                Version.parse(Implementation(self.implementation), number if number == self.version else f"{number}.0")
            except ValueError as error:
                raise ValueError(
                    f"version {self.version!r} is neither exact ('1.1.1g') nor a range ('3.0.*')"
                ) from error
        return self


class ProfileTable(Table):
    """A ``[[profile]]``: a name for readers that are often picked together."""

    id: Name
    readers: Words


class BuilderTable(Table):
    """A ``[[builder]]``."""

    id: Name
    prepare: Literal["wine"] | None = None
    routes: list[dict[str, object]]
