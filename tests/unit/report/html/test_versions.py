"""What the page says of two versions is what ``matrix diff --from --to`` says, from the result of a real run."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from opensslrun.report.compare.parted import UNEXPLAINED
from opensslrun.report.compare.versions import STEP, move_between
from opensslrun.report.html.columns import columns_of
from opensslrun.report.html.facts import facts_by_entry
from opensslrun.report.html.versions import alike_in, versions_of
from opensslrun.report.model import Result

REAL = Path(__file__).resolve().parents[3] / "browser" / "result.json.xz"


@pytest.fixture(scope="module")
def real() -> Result:
    """Without pairs, which the page shows in a table of their own."""
    result = Result.model_validate_json(lzma.decompress(REAL.read_bytes()))
    return result.model_copy(update={"pairs": []})


def test_what_one_of_the_two_did_not_run_is_not_compared_on_the_page_as_in_the_terminal(real: Result) -> None:
    """Taken from one of them: what changes with the case, and whether it is told."""
    old, new, case = "openssl-1.1.1", "debian-13", "device-request-der"
    cells = [
        cell.model_copy(update={"steps": [], "verdict": "unsupported", "reason": "as in a test"})
        if (cell.case, cell.target) == (case, new)
        else cell
        for cell in real.cells
    ]
    lacking = real.model_copy(update={"cells": cells})
    assert move_between(lacking, old, new).untold == {case: f"{new}: as in a test"}
    (uncompared,) = versions_of([], columns_of(lacking), lacking).uncompared
    assert uncompared.cases == (case,)
    assert entries_of(lacking, old, new) == changing(lacking, old, new)
    assert entries_of(lacking, old, new) < entries_of(real, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("openssl-1.1.1", "debian-13"),
        ("debian-13", "debian-experimental"),
        ("debian-12", "libressl-3.0.2-here"),
        ("libressl-3.0.2-here", "windows-openssl-1.1.1g"),
        ("openssl-3.0.2", "debian-11"),
    ],
)
def test_the_page_and_the_terminal_say_the_same_of_two_versions(real: Result, old: str, new: str) -> None:
    page = entries_of(real, old, new)
    assert page
    assert page == changing(real, old, new)


def entries_of(result: Result, old: str, new: str) -> set[str]:
    """What the page shows for two versions."""
    columns = columns_of(result)
    numbers = {column.id: column.number for column in columns}
    return {
        entry
        for entry, facts in facts_by_entry(result, columns).items()
        if numbers[new] not in alike_in(facts, columns)[numbers[old]]
    }


def changing(result: Result, old: str, new: str) -> set[str]:
    """What the terminal does."""
    move = move_between(result, old, new)
    terminal = {change.entry.id for change in move.changes if any(each.fact != STEP for each in change.shown)}
    return terminal | ({UNEXPLAINED} if move.unexplained else set())
