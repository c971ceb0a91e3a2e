from __future__ import annotations

from typing import Any

import pytest

from opensslrun.bench.storage import shown_by_a_daemon


@pytest.mark.parametrize(
    ("inspected", "shown"),
    [
        ({"GraphDriver": {"Name": "fuse-overlayfs"}, "Size": 21_498_217}, True),
        ({"GraphDriver": {"Name": "fuse-overlayfs"}, "Size": 929_000_000}, False),
        ({"GraphDriver": {"Name": "overlay2"}, "Size": 21_498_217}, False),
        ({"GraphDriver": {"Name": "overlay"}, "Size": 21_498_217}, False),
        ({"GraphDriver": None, "Size": 21_498_217}, False),
        ({"GraphDriver": {"Name": "fuse-overlayfs"}}, False),
        ({}, False),
    ],
)
def test_a_small_image_that_a_daemon_would_show_is_recognised(inspected: dict[str, Any], *, shown: bool) -> None:
    assert shown_by_a_daemon(inspected) is shown
