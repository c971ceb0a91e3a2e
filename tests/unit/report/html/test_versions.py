"""What the page says of two versions is what ``matrix diff --from --to`` says, from the result of a real run."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from opensslrun.report.compare.parted import UNEXPLAINED
from opensslrun.report.compare.versions import STEP, move_between
from opensslrun.report.html.columns import columns_of
from opensslrun.report.html.facts import facts_by_entry
from opensslrun.report.html.versions import alike_in
from opensslrun.report.model import Result

REAL = Path(__file__).resolve().parents[3] / "browser" / "result.json.xz"


@pytest.fixture(scope="module")
def real() -> Result:
    """Without pairs, which the page shows in a table of their own."""
    result = Result.model_validate_json(lzma.decompress(REAL.read_bytes()))
    return result.model_copy(update={"pairs": []})


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
    columns = columns_of(real)
    numbers = {column.id: column.number for column in columns}
    page = {
        entry
        for entry, facts in facts_by_entry(real, columns).items()
        if numbers[new] not in alike_in(facts, columns)[numbers[old]]
    }
    move = move_between(real, old, new)
    terminal = {change.entry.id for change in move.changes if any(each.fact != STEP for each in change.shown)}
    assert page
    assert page == terminal | ({UNEXPLAINED} if move.unexplained else set())
