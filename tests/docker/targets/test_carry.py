"""Images carried as a file: the same target comes out, and nothing of a file that is not what it says."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opensslrun.errors import EnvironmentLacksError, UsageError
from opensslrun.targets.cache import Cache, Work
from opensslrun.targets.carry import export_images, import_images, push_images
from opensslrun.targets.engine import Engine
from opensslrun.targets.images import Job, find_image
from opensslrun.targets.model import Availability, Target
from opensslrun.targets.obtain import available, obtain, open_bench
from opensslrun.targets.prove import prove
from opensslrun.targets.workshop import workshop


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A cache of its own, so that nothing comes back from the user's."""
    monkeypatch.setenv("OPENSSLRUN_CACHE_DIR", str(tmp_path / "cache"))
    return Work(Cache.of_user(), lambda _stage, _part: None)


@pytest.fixture
def exported(shipped: dict[str, Target], work: Work, tmp_path: Path) -> Iterator[tuple[Target, Path]]:
    """A target that no route can bring back, and the file its image was written to; the image is gone."""
    built = shipped["libressl-3.0.2"]
    obtain(built, lambda *_: None)
    with Engine() as engine:
        image = find_image(engine, Job.of_target(built, engine.architecture))
        assert image is not None
        target = replace(built, id="test-carried", routes=built.routes[:1], builder=None)
        job = Job.of_target(target, engine.architecture)
        root = job.root_in(work.cache)
        with work.cache.scratch() as scratch:
            with workshop(engine, image, "a test") as container:
                engine.export(container.id, scratch / "root.tar", work)
            engine.import_root(scratch / "root.tar", job.tag, {**job.labels, "opensslrun.origin": "a test"})
        file = tmp_path / "images.tar"
        assert [each.target for each in export_images([target], file, work)] == ["test-carried"]
        assert not root.exists()
        made = find_image(engine, job)
        assert made is not None
        engine.remove(made)
        yield target, file
        left = find_image(engine, job)
        if left is not None:
            engine.remove(left)


def test_an_exported_image_is_imported_and_proves_to_be_the_same(
    exported: tuple[Target, Path], shipped: dict[str, Target], work: Work
) -> None:
    target, file = exported
    assert available(target).availability is not Availability.READY
    assert [each.target for each in import_images([target, shipped["host"]], file, work)] == ["test-carried"]
    assert available(target).availability is Availability.READY
    got = obtain(target, lambda *_: None)
    assert got.origin == "imported: a test"
    with open_bench(got) as one, open_bench(obtain(shipped["libressl-3.0.2"], lambda *_: None)) as other:
        assert prove(one, target) == prove(other, shipped["libressl-3.0.2"])


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """The same archive with each member's content changed, or left out for None."""
    with tarfile.open(file) as archive:
        members = [(member.name, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]
    with tarfile.open(file, "w") as archive:
        for name, content in members:
            changed = change(name, content)
            if changed is not None:
                info = tarfile.TarInfo(name)
                info.size = len(changed)
                archive.addfile(info, io.BytesIO(changed))


def manifest(**changes: object) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        return json.dumps(json.loads(content) | changes).encode() if name.endswith(".json") else content

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda name, content: content if name.endswith(".json") else content[:-1] + b"x", "is not what it should be"),
        (lambda name, content: content if name.endswith(".json") else None, "lacks the image of test-carried"),
        (lambda name, content: None if name.endswith(".json") else content, "no whole file of images"),
        (lambda name, content: b"{}" if name.endswith(".json") else content, "no whole file of images"),
        (manifest(format=2), "has the format 2"),
        (manifest(images=[]), "holds no image of these targets"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(
    exported: tuple[Target, Path], work: Work, change: Callable[[str, bytes], bytes | None], said: str
) -> None:
    target, file = exported
    rewritten(file, change)
    with pytest.raises(UsageError, match=said):
        import_images([target], file, work)
    assert available(target).availability is not Availability.READY


@pytest.mark.parametrize("kept", [0, 1000, 3_000_000])
def test_a_file_that_was_cut_off_is_refused(exported: tuple[Target, Path], work: Work, kept: int) -> None:
    target, file = exported
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(UsageError):
        import_images([target], file, work)
    assert available(target).availability is not Availability.READY


def test_what_cannot_be_carried_is_said_in_one_sentence(
    exported: tuple[Target, Path], shipped: dict[str, Target], work: Work, tmp_path: Path
) -> None:
    target, _ = exported
    with pytest.raises(EnvironmentLacksError, match="none of these targets has an image here"):
        export_images([target, shipped["host"]], tmp_path / "x.tar", work)
    assert not list(tmp_path.glob("*x.tar*"))
    obtain(shipped["libressl-3.0.2"], lambda *_: None)
    with pytest.raises(UsageError, match="cannot write"):
        export_images([shipped["libressl-3.0.2"]], tmp_path / "absent" / "x.tar", work)
    with pytest.raises(UsageError, match="cannot read"):
        import_images([target], tmp_path / "absent.tar", work)
    with pytest.raises(UsageError, match="is no registry"):
        list(push_images([shipped["libressl-3.0.2"]], "https://example.org/", work))
