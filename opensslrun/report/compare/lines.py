"""Which target of one run is which of another, and what a person means by ``openssl-3.5``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import UsageError
from opensslrun.report import model as m
from opensslrun.report.words import listed, visible
from opensslrun.suggestion import begins, suggestion


@dataclass(frozen=True, slots=True)
class Twin:
    """A target of the old run and what it is in the new one.

    ``by_line`` is true where the ids differ, and the release line told; ``moved`` where one id is of another release
    line now, as that of a machine that was upgraded.
    """

    before: m.TargetResult
    after: m.TargetResult
    by_line: bool
    moved: bool


@dataclass(frozen=True, slots=True)
class Twins:
    """All of them, and what has no twin: ``other`` are ids of which another implementation runs now."""

    both: tuple[Twin, ...]
    only_before: tuple[m.TargetResult, ...]
    only_after: tuple[m.TargetResult, ...]
    other: tuple[str, ...]


def release_line(target: m.TargetResult) -> str | None:
    """``1.1.1`` of OpenSSL 1.1.1w, ``3.5`` of 3.5.9; None for one that did not run, whose version nobody saw."""
    version = _version(target)
    return version.line if version else None


def _version(target: m.TargetResult) -> Version | None:
    if target.version is None or target.implementation is None:
        return None
    try:
        return Version.parse(Implementation(target.implementation), target.version)
    except ValueError:  # a result may come from anywhere
        return None


def twins_of(old: Sequence[m.TargetResult], new: Sequence[m.TargetResult]) -> Twins:
    """Match by id, then by release line where that leaves one candidate on either side and no more."""
    later = {target.id: target for target in new}
    same = [(target, later[target.id]) for target in old if target.id in later]
    other = [before.id for before, after in same if _implementations_differ(before, after)]
    both = [Twin(before, after, by_line=False, moved=_moved(before, after)) for before, after in same]
    both = [twin for twin in both if twin.before.id not in other]
    earlier = {target.id for target in old}
    rest_before = _by_line(target for target in old if target.id not in later)
    rest_after = _by_line(target for target in new if target.id not in earlier)
    for line, candidates in rest_before.items():
        found = rest_after.get(line, [])
        if len(candidates) == 1 and len(found) == 1:
            both.append(Twin(candidates[0], found[0], by_line=True, moved=False))
    matched_before = {twin.before.id for twin in both}
    matched_after = {twin.after.id for twin in both}
    return Twins(
        tuple(sorted(both, key=lambda twin: [each.id for each in old].index(twin.before.id))),
        tuple(target for target in old if target.id not in matched_before and target.id not in other),
        tuple(target for target in new if target.id not in matched_after and target.id not in other),
        tuple(other),
    )


def _implementations_differ(before: m.TargetResult, after: m.TargetResult) -> bool:
    return None not in (before.implementation, after.implementation) and before.implementation != after.implementation


def _moved(before: m.TargetResult, after: m.TargetResult) -> bool:
    lines = (release_line(before), release_line(after))
    return None not in lines and lines[0] != lines[1]


_Line = tuple[str, str, str, str]


def _by_line(targets: Iterable[m.TargetResult]) -> Mapping[_Line, list[m.TargetResult]]:
    """Targets without a twin of their own name, by implementation, release line, platform and kind of origin."""
    found: dict[_Line, list[m.TargetResult]] = {}
    for target in targets:
        line = release_line(target)
        if line is not None and target.implementation is not None:
            key = (target.implementation, line, target.platform, _origin_kind(target))
            found.setdefault(key, []).append(target)
    return found


def _origin_kind(target: m.TargetResult) -> str:
    """Built from sources, of which distribution's packages, or whatever else its origin begins with."""
    origin = (target.origin or "").removeprefix("imported: ")
    if origin.startswith("built from"):
        return "built"
    package = re.search(r" of (\S+ \S+)\Z", origin)
    return package[1] if package else " ".join(origin.split()[:2])


def named_target(name: str, result: m.Result, option: str) -> m.TargetResult:
    """The target that a person means: by its id, the only id that begins so, or the only one of a release line.

    Raises UsageError where that is none, several, or one that did not run.
    """
    found = [target for target in result.targets if target.id == name]
    found = found or [target for target in result.targets if begins(target.id, name)]
    found = found or [target for target in result.targets if _line_names(target, name)]
    ids = [visible(target.id) for target in found]
    if not found:
        hint = suggestion(name, [target.id for target in result.targets])
        raise UsageError(f"{option}: no target of this result is '{visible(name)}'; {hint}")
    if len(found) > 1:
        raise UsageError(f"{option}: '{visible(name)}' may be {listed(ids)}; give the whole id of one")
    (target,) = found
    if not any(cell.steps for cell in result.cells if cell.target == target.id):
        why = visible(target.reason) or "no cell of it did"
        instead = f"; {visible(target.stand_in)} was to run for it" if target.stand_in else ""
        raise UsageError(f"{option}: {ids[0]} did not run: {why}{instead}; name one that ran")
    return target


def _line_names(target: m.TargetResult, name: str) -> bool:
    line = release_line(target)
    names = {line, f"{target.implementation}-{line}".lower(), f"{target.implementation} {line}".lower()}
    return line is not None and name.lower() in names
