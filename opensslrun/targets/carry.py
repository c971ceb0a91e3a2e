"""Carrying images from one machine to others: pushed to a registry, or as one file where there is none.

A file holds a manifest and the root file system of each image. Importing checks every byte against the manifest, and
takes only images of this opensslrun's own recipes: another version's image would never be used.
"""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opensslrun.bench.engine import engine_errors
from opensslrun.errors import EngineError, EnvironmentLacksError, UsageError
from opensslrun.targets.cache import Cache, Work, sha256_of
from opensslrun.targets.engine import LABEL_ORIGIN, Engine, Image
from opensslrun.targets.images import Job, find_image, have_image
from opensslrun.targets.model import PathRoute, Target
from opensslrun.targets.workshop import workshop

_REGISTRY = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*(?::\d+)?(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*\Z")
_MANIFEST = "opensslrun-images.json"
_MOST_MANIFEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Carried:
    """One target's image and where it is now: a reference by digest, or a file."""

    target: str
    place: str


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    target: str
    recipe: str = Field(pattern=r"^[0-9a-f]{64}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    origin: str

    @property
    def member(self) -> str:
        return f"{self.recipe}.tar"


class _Manifest(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    format: int
    images: list[_Entry]


def push_images(targets: Sequence[Target], registry: str, work: Work) -> Iterator[Carried]:
    """Push the image of each target that is ready; gives the reference by digest to write into an ``image`` route.

    Log-ins are those of the user's Docker configuration. Raises UsageError for what is no registry,
    EnvironmentLacksError when no target is ready, EngineError when the registry refuses.
    """
    if not _REGISTRY.fullmatch(registry):
        raise UsageError(f"{registry!r} is no registry; write HOST, HOST:PORT or either with /PATH, in lower case")
    with Engine() as engine:
        for job, image in _ready(engine, targets):
            yield Carried(job.name, _push(engine, image, f"{registry}/{job.name}", job.recipe[:12], work))


def _push(engine: Engine, image: Image, repository: str, tag: str, work: Work) -> str:
    digest = ""
    with engine_errors(f"push the image {repository}:{tag}"):
        engine.client.api.tag(image.id, repository, tag)
        try:
            for event in engine.client.api.push(repository, tag=tag, stream=True, decode=True):
                work.check()
                if "error" in event:
                    raise EngineError(f"Could not push {repository}:{tag}: {event['error']}; see `docker login`")
                work.report(f"pushing {repository}:{tag}", None)
                digest = (event.get("aux") or {}).get("Digest", digest)
        finally:
            engine.forget(f"{repository}:{tag}")
    if not digest:
        raise EngineError(f"The registry took {repository}:{tag} and told no digest; look there whether it is complete")
    return f"{repository}@{digest}"


def export_images(targets: Sequence[Target], final: Path, work: Work) -> list[Carried]:
    """Write the images of the targets that are ready into one file, which appears only when it is complete.

    Raises UsageError when it cannot be written, EnvironmentLacksError when no target is ready.
    """
    images: list[_Entry] = []
    part = final.with_name(f".{final.name}.part")
    try:
        with Engine() as engine, work.cache.scratch() as scratch, tarfile.open(part, "w") as archive:
            for job, image in _ready(engine, targets):
                work.report(f"exporting {job.name}", None)
                root = scratch / "root.tar"
                with workshop(engine, image, f"exporting {job.name}") as container:
                    engine.export(container.id, root, work)
                entry = _Entry(
                    target=job.name, recipe=job.recipe, sha256=sha256_of(root), origin=image.labels[LABEL_ORIGIN]
                )
                archive.add(root, entry.member)
                images.append(entry)
            manifest = scratch / "manifest"
            manifest.write_text(_Manifest(format=1, images=images).model_dump_json(indent=1), encoding="utf-8")
            archive.add(manifest, _MANIFEST)
        part.replace(final)
    except OSError as error:
        raise UsageError(f"cannot write {final}: {error.strerror}; give another file") from error
    finally:
        part.unlink(missing_ok=True)
    return [Carried(entry.target, str(final)) for entry in images]


def import_images(targets: Sequence[Target], path: Path, work: Work) -> list[Carried]:
    """Make the images in a file that are of these targets' own recipes; every other image in it is passed over.

    Raises UsageError when the file is not one of ours, damaged or tampered with, or holds nothing of use here.
    """
    with Engine() as engine, _opened(path) as archive:
        jobs = {(job.name, job.recipe): job for job in _jobs(engine, targets)}
        entries = [entry for entry in _manifest(archive, path).images if (entry.target, entry.recipe) in jobs]
        for entry in entries:
            work.report(f"importing {entry.target}", None)
            job = jobs[entry.target, entry.recipe]
            if find_image(engine, job) is None:
                _take(archive, entry, job.root_in(work.cache), path, work)
                have_image(engine, job, work)
    if not entries:
        raise UsageError(
            f"{path} holds no image of these targets as this opensslrun makes them; export it again by this version"
        )
    return [Carried(entry.target, str(path)) for entry in entries]


def _jobs(engine: Engine, targets: Sequence[Target]) -> list[Job]:
    return [
        Job.of_target(target, engine.architecture)
        for target in targets
        if not any(isinstance(route, PathRoute) for route in target.routes)
    ]


def _ready(engine: Engine, targets: Sequence[Target]) -> list[tuple[Job, Image]]:
    ready = [(job, image) for job in _jobs(engine, targets) if (image := find_image(engine, job)) is not None]
    if not ready:
        raise EnvironmentLacksError("none of these targets has an image here; run `opensslrun targets build` first")
    return ready


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}; give a file made by targets export"
        ) from error
    except (tarfile.TarError, EOFError) as error:
        raise UsageError(f"{path} is damaged or no file of images ({error}); export it again") from error


def _manifest(archive: tarfile.TarFile, path: Path) -> _Manifest:
    try:
        file = archive.extractfile(_MANIFEST)
        manifest = _Manifest.model_validate_json(file.read(_MOST_MANIFEST_BYTES) if file is not None else b"")
    except (KeyError, ValidationError) as error:
        raise UsageError(f"{path} is no whole file of images: it has no valid {_MANIFEST}; export it again") from error
    if manifest.format != 1:
        raise UsageError(f"{path} has the format {manifest.format}, and this opensslrun reads 1; update opensslrun")
    return manifest


def _take(archive: tarfile.TarFile, entry: _Entry, root: Path, path: Path, work: Work) -> None:
    """Put a root file system where the cache keeps it, with the note that lets it be used, or nothing at all."""
    file: IO[bytes] | None
    try:
        file = archive.extractfile(entry.member)
    except KeyError:
        file = None
    if file is None:
        raise UsageError(f"{path} lacks the image of {entry.target} that it announces; export it again")
    with work.cache.scratch() as scratch:
        taken = scratch / "root.tar"
        with file, taken.open("wb") as handle:
            shutil.copyfileobj(file, handle)
        seen = sha256_of(taken)
        if seen != entry.sha256:
            raise UsageError(
                f"{path}: the image of {entry.target} is not what it should be: its sha256 is {seen} and should be "
                f"{entry.sha256}; nothing of it was used"
            )
        with work.cache.writing(root.with_suffix(".json")) as handle:
            origin = entry.origin if entry.origin.startswith("imported: ") else f"imported: {entry.origin}"
            handle.write(json.dumps({"sha256": entry.sha256, "origin": origin, "complete": True}).encode())
        with work.cache.writing(root) as handle, taken.open("rb") as source:
            shutil.copyfileobj(source, handle)


def work_of_user() -> Work:
    """The user's cache, and nobody to tell."""
    return Work(Cache.of_user(), lambda _stage, _part: None)
