"""The targets that ran as columns of tables: families side by side, each from its oldest version to its newest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.version import Version as Pep440

from opensslrun.driver.version import Implementation, Version
from opensslrun.report import model as m
from opensslrun.report.marks import has_begun
from opensslrun.report.words import names_in_words, visible


class Family(StrEnum):
    """Versions that readers know to be related, in the order of the columns."""

    LIBRESSL = "LibreSSL"
    OPENSSL_1_1_1 = "OpenSSL 1.1.1"
    OPENSSL_3 = "OpenSSL 3.x"
    OPENSSL_4 = "OpenSSL 4.x"
    WINDOWS = "Windows"
    OTHER = "others"


@dataclass(frozen=True, slots=True)
class Column:
    """A target that ran. ``stands_in_for`` names the readers whose own target could not be had."""

    number: int
    id: str
    slug: str
    family: Family
    version: str
    stands_in_for: tuple[str, ...]


def slug(name: str) -> str:
    """A name as part of a fragment: what is no letter, digit, dot or hyphen is spelled by its code point."""
    return "".join(
        character if character.isascii() and (character.isalnum() or character in ".-") else f"_{ord(character):x}_"
        for character in name
    )


def columns_of(result: m.Result) -> list[Column]:
    """Every target of which there is something to show."""
    names = {row.target: row.name for row in result.readers}
    ordered = sorted(has_begun(result), key=_order)
    return [
        Column(
            number=number,
            id=target.id,
            slug=slug(target.id),
            family=_family(target),
            version=f"{target.implementation or 'openssl'} {target.version or '(version not seen)'}",
            stands_in_for=tuple(names.get(each, each) for each in target.stand_in_for),
        )
        for number, target in enumerate(ordered)
    ]


def by_family(columns: Sequence[Column]) -> list[tuple[Family, list[Column]]]:
    """The columns of each family that has any."""
    groups = [(family, [column for column in columns if column.family is family]) for family in Family]
    return [(family, members) for family, members in groups if members]


def who(numbers: Collection[int], columns: Sequence[Column]) -> str:
    """``all``, or whole families by their names, and the rest one by one."""
    if len(numbers) == len(columns):
        return "all"
    families: list[str] = []
    names: list[str] = []
    for family, members in by_family(columns):
        seen = [column.id for column in members if column.number in numbers]
        if len(seen) == len(members) > 1:
            families.append(f"all of {family}" if family is not Family.OTHER else names_in_words(seen))
        else:
            names += seen
    return ", ".join([*families, *([names_in_words(names)] if names else [])]) or "none"


def numbers_of(names: Iterable[str], columns: Sequence[Column]) -> tuple[int, ...]:
    """The numbers of the columns with such ids, in their order."""
    wanted = set(names)
    return tuple(column.number for column in columns if column.id in wanted)


def _family(target: m.TargetResult) -> Family:
    if target.platform == "windows":
        return Family.WINDOWS
    match target.implementation:
        case Implementation.LIBRESSL:
            return Family.LIBRESSL
        case Implementation.OPENSSL:
            release = tuple((target.version or "").split("."))
            starts = {
                ("1", "1"): Family.OPENSSL_1_1_1,
                ("3",): Family.OPENSSL_3,
                ("4",): Family.OPENSSL_4,
            }
            return next((family for start, family in starts.items() if release[: len(start)] == start), Family.OTHER)
        case _:
            return Family.OTHER


def _order(target: m.TargetResult) -> tuple[int, str, Pep440, str]:
    """By family, then by version; a version that cannot be read comes first."""
    place = list(Family).index(_family(target))
    try:
        version = Version.parse(Implementation(target.implementation or ""), target.version or "").order
    except ValueError:
        version = Pep440("0")
    return place, target.implementation or "", version, visible(target.id)
