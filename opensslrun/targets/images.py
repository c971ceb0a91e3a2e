"""Having an image: found in the engine, brought back from the cache, or made by the first route that works.

A target's image and a builder's go through the same code, whether a user has the internet or a Debian mirror only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from opensslrun.errors import BuildFailedError, ChecksumError, EngineError, EnvironmentLacksError
from opensslrun.targets.build import build_root, fetch_source
from opensslrun.targets.cache import Cache, Work, sha256_of
from opensslrun.targets.engine import (
    LABEL_BUILDER,
    LABEL_DIGEST,
    LABEL_ORIGIN,
    LABEL_RECIPE,
    LABEL_TARGET,
    Engine,
    Image,
    by_tag,
)
from opensslrun.targets.libraries import add_library_cache
from opensslrun.targets.model import Builder, CrateRoute, ImageRoute, PathRoute, Route, SuiteRoute, TarballRoute, Target
from opensslrun.targets.pull import write_pulled_root
from opensslrun.targets.recipe import recipe_of, recipe_of_builder, tag_of, tag_of_builder
from opensslrun.targets.scripts import prepare_script
from opensslrun.targets.suite import packages_in_words, write_suite_root
from opensslrun.targets.workshop import archive_of, run_logged, workshop


@dataclass(frozen=True, slots=True)
class Job:
    """One image to have: a target's, or a builder's (then ``target`` is None).

    ``prepare`` names the script that is run once in a builder's. ``runtime`` is the image that what was compiled for
    a target is laid on, None when it is an image by itself.
    """

    name: str
    tag: str
    recipe: str
    routes: tuple[Route, ...]
    target: Target | None
    prepare: str | None = None

    @property
    def runtime(self) -> Builder | None:
        """See above."""
        return self.target.runtime if self.target is not None else None

    @classmethod
    def of_target(cls, target: Target, architecture: str) -> Job:
        """The job of a target for an engine of this architecture."""
        recipe = recipe_of(target, architecture)
        return cls(target.id, tag_of(target.id, recipe), recipe, target.routes, target)

    @classmethod
    def of_builder(cls, builder: Builder, architecture: str) -> Job:
        """The job of a builder for an engine of this architecture."""
        recipe = recipe_of_builder(builder, architecture)
        return cls(
            f"builder-{builder.id}", tag_of_builder(builder, recipe), recipe, builder.routes, None, builder.prepare
        )

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its image."""
        return {LABEL_TARGET if self.target else LABEL_BUILDER: self.name, LABEL_RECIPE: self.recipe}

    def root_in(self, cache: Cache) -> Path:
        """Where its root tar is kept; beside it a note of its sha256 and origin."""
        return cache.folder("roots") / f"{self.name}-{self.recipe}.tar"


def find_image(engine: Engine, job: Job) -> Image | None:
    """The job's image, when it is in the engine under its name and says that it is of this recipe."""
    return _if_of(job, engine.find(job.tag))


def find_images(engine: Engine, jobs: Iterable[Job]) -> list[Image | None]:
    """The same of many jobs, in their order, asked at once."""
    named = by_tag(engine.own_images(LABEL_RECIPE))
    return [_if_of(job, named.get(job.tag)) for job in jobs]


def _if_of(job: Job, image: Image | None) -> Image | None:
    return image if image is not None and image.labels.get(LABEL_RECIPE) == job.recipe else None


def have_image(engine: Engine, job: Job, work: Work, *, looked: bool = False) -> Image:
    """The job's image, by whatever way is the shortest. ``looked``: it was looked for, and was not there.

    Raises EnvironmentLacksError with the reason of each route when none works; ChecksumError and
    BuildFailedError at once, since another route would only hide them.
    """
    found = None if looked else find_image(engine, job)
    if found is not None:
        return found
    with work.cache.lock(f"image-{job.name}-{job.recipe[:12]}", work):
        found = find_image(engine, job) or _from_cache(engine, job, work)
        if found is not None:
            return found
        work.cache.sweep()
        engine.tidy()
        reasons = []
        for route in job.routes:
            work.check()
            try:
                return _by_route(engine, job, route, work)
            except (ChecksumError, BuildFailedError):
                raise
            except EnvironmentLacksError as error:
                reasons.append(str(error))
    raise EnvironmentLacksError(f"{job.name} could not be had by any of its routes: {'; '.join(reasons)}")


def _by_route(engine: Engine, job: Job, route: Route, work: Work) -> Image:
    log = work.cache.folder("logs") / f"{job.name}-{job.recipe[:12]}.log"
    match route:
        case ImageRoute():
            # A registry is its own cache: the tar is not kept.
            with work.cache.scratch() as scratch:
                origin, digest = write_pulled_root(engine, route, scratch / "root.tar", log, work)
                return _import(engine, job, scratch / "root.tar", origin, work, digest=digest, complete=True)
        case SuiteRoute():
            with _root(job, work) as root:
                packages = write_suite_root(route, engine.architecture, root, work)
                if job.target is not None:
                    add_library_cache(engine, packages, root, job.labels, log, work)
                origin = f"{packages_in_words(route, packages)} of {route.distribution} {route.suite}"
                return _import(engine, job, root, origin, work)
        case TarballRoute() | CrateRoute():
            if job.target is None or job.target.builder is None:
                raise EnvironmentLacksError(f"{job.name} names no builder to compile its sources with")
            archive, origin = fetch_source(route, job.target, work)
            builder = _have_builder(engine, job.target.builder, work)
            with _root(job, work) as root:
                build_root(engine, job.target, builder, archive, root, log, work)
                return _import(engine, job, root, origin, work)
        case PathRoute():
            raise EnvironmentLacksError("a binary of this machine is no image")
        case _:
            assert_never(route)


def _have_builder(engine: Engine, builder: Builder, work: Work) -> Image:
    part = replace(work, report=lambda stage, done: work.report(f"builder: {stage}", done))
    job = Job.of_builder(builder, engine.architecture)
    found = find_image(engine, job)
    if found is not None:
        return found
    image = have_image(engine, job, part)
    for old in engine.own_images(LABEL_BUILDER):
        if old.labels[LABEL_BUILDER] == job.name and old.id != image.id:
            with suppress(EngineError):  # another opensslrun builds in it just now
                engine.remove(old)
    return image


@contextmanager
def _root(job: Job, work: Work) -> Iterator[Path]:
    """Where a job's root tar is written. A target's is kept, so that a removed image comes back in a second."""
    if job.target is not None:
        yield job.root_in(work.cache)
    else:
        with work.cache.scratch() as scratch:
            yield scratch / "root.tar"


def _import(
    engine: Engine, job: Job, root: Path, origin: str, work: Work, *, digest: str = "", complete: bool = False
) -> Image:
    """Make the job's image of its root tar; unless that is ``complete``, a runtime is put under it."""
    work.report("importing the image", None)
    sha256 = sha256_of(root)
    labels = {**job.labels, LABEL_ORIGIN: origin} | ({LABEL_DIGEST: digest} if digest else {})
    if job.runtime is not None and not complete:
        runtime = _have_builder(engine, job.runtime, work)
        with workshop(engine, runtime, f"making {job.name}") as container, root.open("rb") as content:
            container.put(content, "/")
            image = engine.commit(container.id, job.tag, labels)
    elif job.prepare is not None:
        image = _prepare(engine, job, engine.import_root(root, None, labels), labels, work)
    else:
        image = engine.import_root(root, job.tag, labels)
    with work.cache.writing(root.with_suffix(".json")) as handle:
        handle.write(json.dumps({"sha256": sha256, "origin": origin, "complete": complete}).encode())
    return image


def _prepare(engine: Engine, job: Job, image: Image, labels: Mapping[str, str], work: Work) -> Image:
    """Run the job's script in an image without a name, and make what it leaves the job's image."""
    work.report("preparing the image", None)
    log = work.cache.folder("logs") / f"{job.name}-{job.recipe[:12]}.log"
    script = {"opensslrun-prepare.sh": prepare_script(job.prepare or "").encode()}
    try:
        with workshop(engine, image, f"preparing {job.name}") as container, log.open("wb") as handle:
            container.put(archive_of(script), "/")
            status = run_logged(engine, container, ["sh", "-x", "/opensslrun-prepare.sh"], handle, work, {})
            if status == 0:
                return engine.commit(container.id, job.tag, labels)
    except BaseException:
        with suppress(EngineError):
            engine.forget(image.id)
        raise
    engine.forget(image.id)
    raise BuildFailedError(f"Preparing {job.name} failed with status {status}; its log is {log}")


def _from_cache(engine: Engine, job: Job, work: Work) -> Image | None:
    """Bring an image back from its root tar, unless that is damaged: then it is dropped and made again."""
    root = job.root_in(work.cache)
    noted = root.with_suffix(".json")
    if not root.exists():
        return None
    try:
        note = json.loads(noted.read_bytes())
        intact, origin = sha256_of(root) == note["sha256"], str(note["origin"])
        complete = bool(note.get("complete"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        intact, origin, complete = False, "", False
    if not intact:
        root.unlink(missing_ok=True)
        noted.unlink(missing_ok=True)
        return None
    return _import(engine, job, root, origin, work, complete=complete)
