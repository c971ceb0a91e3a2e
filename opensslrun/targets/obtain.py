"""Getting targets: what is there, what could be had, and the having: one way through for every kind of route."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from opensslrun.errors import BuildFailedError, ChecksumError, EnvironmentLacksError, OpensslrunError
from opensslrun.targets.build import build_root, fetch_source
from opensslrun.targets.cache import Cache, StoppedError, Work, sha256_of
from opensslrun.targets.engine import (
    LABEL_BUILDER,
    LABEL_DIGEST,
    LABEL_ORIGIN,
    LABEL_RECIPE,
    LABEL_TARGET,
    Engine,
    Image,
)
from opensslrun.targets.model import (
    Builder,
    CrateRoute,
    ImageRoute,
    Obtained,
    PathRoute,
    Route,
    SuiteRoute,
    TarballRoute,
    Target,
)
from opensslrun.targets.paths import find_binary
from opensslrun.targets.pull import pull_image
from opensslrun.targets.recipe import recipe_of, recipe_of_builder, tag_of, tag_of_builder
from opensslrun.targets.suite import packages_in_words, write_suite_root

Progress = Callable[[str, str, float | None], None]
"""Called with a target's id, the stage it is in, and how much of the stage is done (0 to 1, or None)."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One image to make: a target's or a builder's."""

    name: str
    tag: str
    recipe: str
    label: str

    @property
    def labels(self) -> dict[str, str]:
        return {self.label: self.name, LABEL_RECIPE: self.recipe}


def obtain(target: Target, progress: Progress, stop: threading.Event | None = None) -> Obtained:
    """Have a target: found, brought back from the cache, or got by the first of its routes that works.

    Raises EnvironmentLacksError with the reason of every route when none works, ChecksumError when what came is
    not what was declared, BuildFailedError naming the log, StoppedError once ``stop`` is set.
    """
    for route in target.routes:
        if isinstance(route, PathRoute):
            path = find_binary(target, route)
            return Obtained(target, None, path, f"the binary {path}")
    work = Work(Cache.of_user(), lambda stage, part: progress(target.id, stage, part), stop or threading.Event())
    with Engine() as engine:
        recipe = recipe_of(target, engine.architecture)
        job = _Job(target.id, tag_of(target.id, recipe), recipe, LABEL_TARGET)
        image = _have(engine, job, target.routes, target, work)
    origin = image.labels.get(LABEL_ORIGIN, "an image made elsewhere")
    return Obtained(target, image.id, None, origin, image.labels.get(LABEL_DIGEST) or None)


def obtain_many(targets: Sequence[Target], jobs: int, progress: Progress) -> dict[str, Obtained | OpensslrunError]:
    """Have several targets, ``jobs`` at a time; one that fails does not keep the others from being had.

    On KeyboardInterrupt everything under way is stopped and cleaned up before it is raised again.
    """
    stop = threading.Event()
    results: dict[str, Obtained | OpensslrunError] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="obtain") as pool:
        futures: dict[Future[Obtained], str] = {
            pool.submit(obtain, target, progress, stop): target.id for target in targets
        }
        pending = set(futures)
        try:
            while pending:
                # Short waits, so that Ctrl-C is seen by this thread at once on every platform.
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    results[futures[future]] = _result(future)
        except KeyboardInterrupt:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {target.id: results[target.id] for target in targets}


def _result(future: Future[Obtained]) -> Obtained | OpensslrunError:
    try:
        return future.result()
    except OpensslrunError as error:
        return error


def _have(engine: Engine, job: _Job, routes: Sequence[Route], target: Target | None, work: Work) -> Image:
    """The image of a job: found in the engine, imported from the cache, or made by the first route that works."""
    found = _found(engine, job)
    if found is not None:
        return found
    with work.cache.lock(f"image-{job.tag.rpartition('/')[2].replace(':', '-')}", work):
        found = _found(engine, job) or _from_cache(engine, job, work)
        if found is not None:
            return found
        reasons = []
        for route in routes:
            work.check()
            try:
                return _by_route(engine, job, route, target, work)
            except (ChecksumError, BuildFailedError):
                raise
            except EnvironmentLacksError as error:
                reasons.append(str(error))
    raise EnvironmentLacksError(f"{job.name} could not be had by any of its routes: {'; '.join(reasons)}")


def _found(engine: Engine, job: _Job) -> Image | None:
    image = engine.find(job.tag)
    return image if image is not None and image.labels.get(LABEL_RECIPE) == job.recipe else None


def _by_route(engine: Engine, job: _Job, route: Route, target: Target | None, work: Work) -> Image:
    log = work.cache.folder("logs") / f"{job.name}-{job.recipe[:12]}.log"
    match route:
        case ImageRoute():
            return pull_image(engine, route, job.tag, job.labels, log, work)
        case SuiteRoute():
            with _root(job, work) as root:
                packages = write_suite_root(route, engine.architecture, root, work)
                origin = f"{packages_in_words(route, packages)} of {route.distribution} {route.suite}"
                return _import(engine, job, root, origin, work)
        case TarballRoute() | CrateRoute():
            if target is None or target.builder is None:
                raise EnvironmentLacksError(f"{job.name} has no builder to compile its sources with")
            archive, origin = fetch_source(route, target, work)
            builder = _have_builder(engine, target.builder, work)
            with _root(job, work) as root:
                build_root(engine, target, builder, archive, root, log, work)
                return _import(engine, job, root, origin, work)
        case PathRoute():
            raise EnvironmentLacksError("a binary of this machine is no image")
        case _:
            assert_never(route)


def _have_builder(engine: Engine, builder: Builder, work: Work) -> Image:
    recipe = recipe_of_builder(builder, engine.architecture)
    job = _Job(f"builder-{builder.id}", tag_of_builder(builder, recipe), recipe, LABEL_BUILDER)
    quiet = Work(work.cache, lambda stage, part: work.report(f"builder: {stage}", part), work.stop)
    return _have(engine, job, builder.routes, None, quiet)


@contextmanager
def _root(job: _Job, work: Work) -> Iterator[Path]:
    """Where a job's root tar is written. A target's is kept, so that a removed image comes back in a second."""
    if job.label == LABEL_TARGET:
        yield work.cache.folder("roots") / f"{job.name}-{job.recipe}.tar"
    else:
        with work.cache.scratch() as scratch:
            yield scratch / "root.tar"


def _import(engine: Engine, job: _Job, root: Path, origin: str, work: Work) -> Image:
    work.report("importing the image", None)
    sha256 = sha256_of(root)
    image = engine.import_root(root, job.tag, {**job.labels, LABEL_ORIGIN: origin})
    with work.cache.writing(root.with_suffix(".json")) as handle:
        handle.write(json.dumps({"sha256": sha256, "origin": origin}).encode())
    return image


def _from_cache(engine: Engine, job: _Job, work: Work) -> Image | None:
    """Bring an image back from its root tar, unless that is damaged: then it is dropped and made again."""
    root = work.cache.folder("roots") / f"{job.name}-{job.recipe}.tar"
    noted = root.with_suffix(".json")
    if not root.exists() or not noted.exists():
        return None
    try:
        note = json.loads(noted.read_bytes())
        intact = sha256_of(root) == note["sha256"]
        origin = str(note["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        intact, origin = False, ""
    if not intact:
        root.unlink(missing_ok=True)
        noted.unlink(missing_ok=True)
        return None
    return _import(engine, job, root, origin, work)


__all__ = ["Progress", "StoppedError", "obtain", "obtain_many"]
