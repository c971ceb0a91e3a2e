"""Picking targets by the readers they stand for: ``macos>=13, ubuntu-lts``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from opensslrun.errors import UsageError
from opensslrun.suggestion import did_you_mean, nearest
from opensslrun.targets.model import Need, Reader, Target

_TERM = re.compile(
    r"(?P<system>[a-z0-9]+(?:[._-][a-z0-9]+)*)\s*(?:(?P<sign>>=|<=|==|>|<)\s*(?P<version>\d+(?:\.\d+)*))?\Z"
)
_LTS = "-lts"
_ANY = 1 << 30
"""Stands for any number: ``12`` as the last version is 12.anything."""


def targets_of_readers(expression: str, targets: Sequence[Target], profiles: Mapping[str, str]) -> tuple[Target, ...]:
    """The targets whose reader any term of a comma-separated expression picks, in their own order.

    A term is a profile's name, a system (``macos``), a system and its versions (``macos>=13``; a reader of several
    versions is picked when any of them fits), a system's long-term-support releases (``ubuntu-lts``), or a glob of
    target ids. Retired targets are picked by their id only. Raises UsageError for a term that picks nothing, also for
    one of a profile's own: a profile that shrinks unseen promises readers that nobody asked.
    """
    chosen: set[str] = set()
    for term in _terms(expression, "--readers"):
        where = f"--readers: profile {term!r}" if term in profiles else "--readers"
        for each in _terms(profiles[term], where) if term in profiles else [term]:
            picked = {target.id for target in targets if _fits(each, target)}
            if not picked:
                raise UsageError(f"{where}: {each!r} picks no reader; {_instead(each, targets, profiles)}")
            chosen |= picked
    return tuple(target for target in targets if target.id in chosen)


def has_version(target: Target, version: str) -> bool:
    """Whether the target stands for users of this version (``14.5``) of its reader's system."""
    return bool(version) and _overlaps(target.reader, "==", _numbers(version))


def _instead(term: str, targets: Sequence[Target], profiles: Mapping[str, str]) -> str:
    """The term that was meant, or all that a user can write, in words."""
    known = [target for target in targets if target.reader.system and target.need is not Need.RETIRED]
    systems = sorted({target.reader.system or "" for target in known})
    lts = sorted({f"{target.reader.system}{_LTS}" for target in known if target.lts})
    match = _TERM.fullmatch(term)
    name = match["system"] if match and match["sign"] else term
    versions = term[len(name) :]
    others = systems if versions else [*systems, *lts, *profiles, *(target.id for target in targets)]
    meant = () if name in others else nearest(name, others)  # of a system that there is, the versions were wrong
    return did_you_mean([each + versions for each in meant]) or (
        f"there are the systems {', '.join(systems) or '(none)'} (with a version, as in 'macos>=13'), "
        f"the long-term-support releases {', '.join(lts) or '(none)'}, the profiles {', '.join(profiles) or '(none)'}, "
        "and the ids that 'opensslrun targets list' shows"
    )


def _terms(expression: str, where: str) -> list[str]:
    terms = [term.strip() for term in expression.split(",")]
    if not all(terms):
        raise UsageError(f"{where}: {expression!r} has an empty term; separate terms by one comma each")
    return terms


def _fits(term: str, target: Target) -> bool:
    if fnmatchcase(target.id, term):
        return True
    if target.need is Need.RETIRED or target.reader.system is None:
        return False
    if term == target.reader.system + _LTS:
        return target.lts
    match = _TERM.fullmatch(term)
    if match is None or match["system"] != target.reader.system:
        return False
    return match["sign"] is None or _overlaps(target.reader, match["sign"], _numbers(match["version"]))


def _overlaps(reader: Reader, sign: str, version: tuple[int, ...]) -> bool:
    """Whether any version from ``first`` to ``last`` compares so with ``version``, taken to its own precision.

    ``macos==12`` is any 12.x, and a reader whose last version is 12 has 12.5 too. A reader without versions is a
    system's current one, which no version is known of.
    """
    if reader.first is None and reader.last is None:
        return False
    first = _numbers(reader.first)[: len(version)] if reader.first else ()
    last = (*(_numbers(reader.last) if reader.last else ()), *[_ANY] * len(version))[: len(version)]
    match sign:
        case ">=":
            return last >= version
        case ">":
            return last > version
        case "<=":
            return first <= version
        case "<":
            return first < version
        case _:
            return first <= version <= last


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
