"""A target whose library is swapped keeps its binary and its version line; the fingerprint tells."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from opensslrun.bench.removal import RUN_LABEL
from opensslrun.targets.engine import Engine
from opensslrun.targets.images import Job, find_image
from opensslrun.targets.model import Target
from opensslrun.targets.obtain import obtain, open_bench
from opensslrun.targets.prove import prove


@pytest.fixture
def swapped_library(shipped: dict[str, Target]) -> Iterator[tuple[Target, str, str]]:
    """``debian-12``, one of its libraries, and an image of it in which that has another content and works as before."""
    target = shipped["debian-12"]
    obtain(target, lambda *_: None)
    with Engine() as engine:
        image = find_image(engine, Job.of_target(target, engine.architecture))
        assert image is not None
        api = engine.client.api
        container = api.create_container(image.id, ["/bin/sh"], labels={RUN_LABEL: "test-fingerprint"})["Id"]
        try:
            with open_bench(obtain(target, lambda *_: None)) as bench:
                (path,) = (path for path, _ in prove(bench, target).libraries if "/libssl.so" in path)
            archive, _ = api.get_archive(container, path)
            with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as seen:
                member = seen.getmembers()[0]
                file = seen.extractfile(member)
                assert file is not None
                content = file.read() + b"\0"  # the loader does not look there
            changed = io.BytesIO()
            with tarfile.open(fileobj=changed, mode="w") as made:
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))
            assert api.put_archive(container, path.rpartition("/")[0], changed.getvalue())
            other = api.commit(container)["Id"]
            yield target, path, other
            api.remove_image(other, force=True)
        finally:
            api.remove_container(container, force=True)


def test_a_library_that_was_swapped_between_two_runs_is_noticed(swapped_library: tuple[Target, str, str]) -> None:
    target, path, other = swapped_library
    before = obtain(target, lambda *_: None)
    with open_bench(before) as bench:
        first = prove(bench, target)
    with open_bench(replace(before, image_id=other)) as bench:
        second = prove(bench, target)
    assert second.version_line == first.version_line
    assert second.binary_sha256 == first.binary_sha256, "the binary alone would not tell"
    differing = {name for name, sum_ in first.libraries if dict(second.libraries)[name] != sum_}
    assert differing == {path}
    assert replace(second, libraries=first.libraries) == first
