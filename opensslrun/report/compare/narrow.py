"""Less of a result: the cases and targets that ``-c`` and ``-t`` name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from opensslrun.report import model as m
from opensslrun.report.compare.common import cases_of
from opensslrun.report.compare.lines import twins_of
from opensslrun.selection import select


def with_cases(results: Sequence[m.Result], globs: Sequence[str]) -> tuple[m.Result, ...]:
    """Only the cases that a glob names. Raises UsageError for one that names none of any of the results."""
    there = list(dict.fromkeys(case for result in results for case in cases_of(result)))
    kept = set(select(there, globs, "case", str)) if globs else set(there)
    return tuple(_narrowed(result, kept, {target.id for target in result.targets}) for result in results)


def with_targets(old: m.Result, new: m.Result, globs: Sequence[str]) -> tuple[m.Result, m.Result]:
    """Only the targets that a glob names in either run, each with what it is in the other."""
    if not globs:
        return old, new
    select(list(dict.fromkeys(target.id for each in (old, new) for target in each.targets)), globs, "target", str)
    twins = twins_of(old.targets, new.targets)
    pairs = [(twin.before.id, twin.after.id) for twin in twins.both]
    pairs = [pair for pair in pairs if any(_fits(name, globs) for name in pair)]
    before = {target.id for target in old.targets if _fits(target.id, globs)} | {one for one, _ in pairs}
    after = {target.id for target in new.targets if _fits(target.id, globs)} | {other for _, other in pairs}
    return _narrowed(old, set(cases_of(old)), before), _narrowed(new, set(cases_of(new)), after)


def _fits(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _narrowed(result: m.Result, cases: Collection[str], targets: Collection[str]) -> m.Result:
    return result.model_copy(
        update={
            "targets": [target for target in result.targets if target.id in targets],
            "cases": [case for case in result.cases if case.id in cases],
            "cells": [cell for cell in result.cells if cell.case in cases and cell.target in targets],
            "pairs": [
                pair
                for pair in result.pairs
                if pair.case in cases and pair.producer in targets and pair.consumer in targets
            ],
        }
    )
