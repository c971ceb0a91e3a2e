"""What every test of the judge rests on."""

from __future__ import annotations

import pytest

from opensslrun.judge import catalogue, schema


@pytest.fixture(autouse=True)
def _nothing_is_remembered_from_another_test() -> None:
    """A judge that was changed on purpose must not be spared by what it remembers of the one that was right."""
    for module in (catalogue, schema):
        for each in vars(module).values():
            if hasattr(each, "cache_clear"):
                each.cache_clear()
