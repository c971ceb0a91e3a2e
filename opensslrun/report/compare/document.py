"""A comparison as one JSON document, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from opensslrun.report import model as m
from opensslrun.report.compare.lines import Twin, release_line
from opensslrun.report.compare.runs import CellChange, Comparison, counts_of
from opensslrun.report.compare.versions import Move

Document = dict[str, Any]


def comparison_document(comparison: Comparison) -> Document:
    """Two runs. ``regression`` is what the exit status says."""
    common = comparison.common
    return {
        "regression": comparison.is_worse,
        "summary": {
            "cells": comparison.cells,
            "facts": comparison.facts,
            **{kind.value: number for kind, number in counts_of(comparison, pairs=False).items()},
            "pairs": {
                "compared": comparison.pairs,
                **{kind.value: number for kind, number in counts_of(comparison, pairs=True).items()},
            },
        },
        "changes": [_change(change) for change in comparison.changes],
        "newly_stale": [stale.model_dump() for stale in comparison.newly_stale],
        "newly_broken": [{"target": target.id, "reason": target.reason} for target in comparison.newly_broken],
        "targets": [_twin(twin) for twin in common.twins.both],
        "not_compared": {
            "interrupted": list(comparison.interrupted),
            "not_asked_for": comparison.unasked,
            "targets_only_old": [target.id for target in common.twins.only_before],
            "targets_only_new": [target.id for target in common.twins.only_after],
            "targets_of_another_implementation": list(common.twins.other),
            "cases_changed": list(common.changed),
            "cases_only_old": list(common.only_before),
            "cases_only_new": list(common.only_after),
        },
        "swapped": comparison.swapped,
        "other_code": comparison.other_code,
        "cases_by_commands": common.by_commands,
    }


def _change(change: CellChange) -> Document:
    return asdict(change) | {"regression": change.kind.is_worse}


def _twin(twin: Twin) -> Document:
    return {
        "old": _target(twin.before),
        "new": _target(twin.after),
        "by": "release line" if twin.by_line else "id",
        "other_release_line": twin.moved,
    }


def _target(target: m.TargetResult) -> Document:
    return {
        "id": target.id,
        "implementation": target.implementation,
        "version": target.version,
        "release_line": release_line(target),
        "outcome": target.outcome,
    }


def move_document(move: Move) -> Document:
    """Two versions, worst first as on the terminal, and with all that the terminal has no room for."""
    return {
        "from": _target(move.before),
        "to": _target(move.after),
        "summary": {"cases": move.cases, "pairs": move.pairs, "facts": move.facts, "within_record": move.within},
        "not_as_predicted": [asdict(shown) for shown in move.unexplained],
        "changes": [
            change.entry.model_dump() | {"way": change.way, "shown": [asdict(shown) for shown in change.shown]}
            for change in move.changes
        ],
        "not_compared": dict(move.untold),
    }
