"""What every test without an engine rests on."""

from __future__ import annotations

import pytest

from opensslrun.targets.cache import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the cells of another run, and none leaves any to the user."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
