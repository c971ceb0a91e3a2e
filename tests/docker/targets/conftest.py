"""What the engine tests of targets share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opensslrun.targets.cache import CACHE_VARIABLE
from opensslrun.targets.engine import LABEL_TARGET, Engine
from opensslrun.targets.load import load_targets
from opensslrun.targets.model import Target


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def shipped(tmp_path: Path) -> dict[str, Target]:
    """The shipped targets, by id."""
    return {target.id: target for target in load_targets(folder=tmp_path)}


@pytest.fixture(autouse=True)
def _no_image_of_a_test_stays() -> Iterator[None]:
    yield
    with Engine() as engine:
        for image in engine.own_images(LABEL_TARGET):
            if image.labels[LABEL_TARGET].startswith("test-"):
                engine.remove(image)
