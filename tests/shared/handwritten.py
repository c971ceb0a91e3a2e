"""Results written by hand: what the model asks of every one of them, with only what a test is about given.

All parts are plain data, as in a file, for tests to change before the model reads them.
"""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]


def result(**parts: Any) -> Data:
    """A result in which nothing ran."""
    base: Data = {
        "schema": 1,
        "run": run(),
        "summary": {"cells": 0, "facts": 0, "comparisons": 0},
        "targets": [],
        "cells": [],
        "differences": [],
        "catalogue": {"proven": [], "unproven": [], "stale": []},
    }
    return base | parts


def run(**said: Any) -> Data:
    """Of everything, by no code that can be compared with another."""
    base: Data = {
        "tool_version": "",
        "code_sha256": "",
        "cases_sha256": "",
        "selection": {"targets": [], "cases": []},
        "shard": None,
        "started": "2026-01-01T00:00:00+00:00",
        "duration_s": 1.0,
    }
    return base | said


def target(name: str, implementation: str | None = None, version: str | None = None, **said: Any) -> Data:
    """A target that ran, of which nothing more is known."""
    base: Data = {
        "id": name,
        "implementation": implementation,
        "version": version,
        "platform": "linux",
        "reader": name,
        "need": "informational",
        "version_line": None,
        "fingerprint": None,
        "image": None,
        "origin": None,
        "outcome": "ran",
    }
    return base | said


def cell(on: str, case: str, verdict: str, *steps: Data, **said: Any) -> Data:
    return {"target": on, "case": case, "verdict": verdict, "reason": "", "steps": list(steps)} | said


def step(run: str, *findings: Data, **said: Any) -> Data:
    """The first step of a case, of which nothing was seen but the findings."""
    base: Data = {"id": "1", "run": run, "observation": "o", "duration_s": 0.1, "facts": {}, "wording": {}}
    return base | {"findings": list(findings)} | said


def finding(verdict: str, by: str = "", **said: Any) -> Data:
    return {"fact": "exit_status", "verdict": verdict, "value": 0, "predicted": 1, "by": by} | said


def known(name: str, severity: str, **said: Any) -> Data:
    """An entry of the catalogue."""
    return {"id": name, "title": "says OK", "severity": severity, "why": "w", "advice": "do not"} | said
