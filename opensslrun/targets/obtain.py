"""Targets as a user sees them: what is there, what could be had, the having, the removing, and a bench on one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress

from opensslrun.bench.base import Bench
from opensslrun.bench.connection import Connection
from opensslrun.driver.system.names import system_name
from opensslrun.errors import EngineError, EnvironmentLacksError, OpensslrunError
from opensslrun.targets.apt import why_not_suite
from opensslrun.targets.cache import Cache, Work
from opensslrun.targets.crate import why_not_crate
from opensslrun.targets.engine import LABEL_DIGEST, LABEL_ORIGIN, Engine, Engines, Image
from opensslrun.targets.images import Job, find_image, find_images, have_image
from opensslrun.targets.localbuild import LocalBuild, build_here, why_not_here
from opensslrun.targets.model import (
    Availability,
    Available,
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
from opensslrun.targets.silence import Silent

Progress = Callable[[str, str, float | None], None]
"""Called with a target's id, the stage it is in, and how much of the stage is done (0 to 1, or None)."""


def available(target: Target) -> Available:
    """Whether a target is there or could be had; see :func:`available_all`."""
    return available_all([target])[0]


def available_all(targets: Sequence[Target]) -> list[Available]:
    """Whether each target is there, or could be had and how, as far as can be said without asking the network.

    Never raises for a target that is not there: its reason says what is missing.
    """
    try:
        with Engine() as engine:
            return [_available(target, engine, "") for target in targets]
    except EngineError as error:
        return [_available(target, None, str(error)) for target in targets]


def _available(target: Target, engine: Engine | None, no_engine: str) -> Available:
    own = _path_route(target)
    if own is not None:
        try:
            return Available(target, Availability.READY, f"the binary {find_binary(target, own)}")
        except EnvironmentLacksError as error:
            return Available(target, Availability.UNOBTAINABLE, str(error))
    if engine is None:
        return _available_here(target, no_engine)
    job = Job.of_target(target, engine.architecture)
    image = find_image(engine, job)
    if image is not None:
        runtime = find_image(engine, Job.of_builder(target.runtime, engine.architecture)) if target.runtime else None
        shared = runtime.size if runtime is not None and runtime.size < image.size else 0
        return Available(target, Availability.READY, _origin(image), image.size, shared)
    if job.root_in(Cache.of_user()).exists():
        return Available(target, Availability.OBTAINABLE, "from the cache")
    reasons = [_why_not(route) for route in target.routes]
    ways = [_way(route) for route, reason in zip(target.routes, reasons, strict=True) if reason is None]
    if ways:
        return Available(target, Availability.OBTAINABLE, f"by {', else '.join(ways)}")
    return Available(target, Availability.UNOBTAINABLE, "; ".join(reason for reason in reasons if reason))


def _available_here(target: Target, no_engine: str) -> Available:
    """What ``--bench local`` makes of a target where there is no engine."""
    reason = why_not_here(target)
    if reason is not None:
        return Available(target, Availability.UNOBTAINABLE, f"{no_engine}; without one, {reason}")
    build = LocalBuild.of(target, Cache.of_user())
    found = build.found()
    if found is not None:
        return Available(target, Availability.READY, f"{found.origin}; for --bench local", build.size())
    return Available(
        target, Availability.OBTAINABLE, f"by compiling it on this machine, with --bench local ({no_engine})"
    )


def _path_route(target: Target) -> PathRoute | None:
    return next((route for route in target.routes if isinstance(route, PathRoute)), None)


def _why_not(route: Route) -> str | None:
    match route:
        case SuiteRoute():
            return why_not_suite(route)
        case CrateRoute():
            return why_not_crate(route)
        case _:
            return None


def _way(route: Route) -> str:
    match route:
        case ImageRoute():
            return f"pulling {route.image}"
        case TarballRoute():
            return f"building {route.tarball}"
        case CrateRoute():
            return f"building the crate {route.crate} {route.version}"
        case SuiteRoute():
            return f"apt's packages of {route.suite}"
        case PathRoute():
            return "its path"


def _origin(image: Image) -> str:
    return image.labels.get(LABEL_ORIGIN) or "an image made elsewhere"


Done = Callable[[str, Obtained | OpensslrunError], None]
"""Called with a target's id as soon as it is there, or could not be had."""


def obtain(
    target: Target,
    progress: Progress,
    stop: threading.Event | None = None,
    silent: Silent | None = None,
    engines: Engines | None = None,
    *,
    here: bool = False,
    looked: bool = False,
) -> Obtained:
    """Have a target: found, brought back from the cache, or got by the first of its routes that works.

    ``silent`` are hosts and registries that gave no answer to another target; they are not asked again. ``engines``
    are connections that other targets use too. With ``here`` no engine is asked: what is not a binary of this machine
    already is compiled on it. ``looked``: its image was looked for, and was not in the engine.
    Raises EnvironmentLacksError with the reason of every route when none works, ChecksumError when what came is
    not what was declared, BuildFailedError naming the log, StoppedError once ``stop`` is set.
    """
    own = _path_route(target)
    if own is not None:
        return _of_path(target, own)
    work = Work(
        Cache.of_user(),
        lambda stage, part: progress(target.id, stage, part),
        stop or threading.Event(),
        silent or Silent(),
    )
    if here:
        return build_here(target, work)
    with nullcontext(engines.here()) if engines is not None else Engine() as engine:
        image = have_image(engine, Job.of_target(target, engine.architecture), work, looked=looked)
    return _of_image(target, image)


def obtain_many(
    targets: Sequence[Target],
    jobs: int,
    progress: Progress,
    done: Done = lambda _target, _what: None,
    *,
    here: bool = False,
) -> dict[str, Obtained | OpensslrunError]:
    """Have several targets, ``jobs`` at a time; one that fails does not keep the others from being had.

    ``progress`` is called from several threads, ``done`` from this one. On KeyboardInterrupt everything under way
    is stopped and cleaned up before it is raised again; what is finished is kept.
    """
    stop, silent = threading.Event(), Silent()
    results: dict[str, Obtained | OpensslrunError] = {}
    for found in [] if here else _in_engine(targets):
        results[found.target.id] = found
        done(found.target.id, found)
    with Engines() as engines, ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="obtain") as pool:
        futures: dict[Future[Obtained], str] = {
            pool.submit(obtain, target, progress, stop, silent, engines, here=here, looked=not here): target.id
            for target in targets
            if target.id not in results
        }
        pending = set(futures)
        try:
            while pending:
                # Short waits, so that Ctrl-C is seen by this thread at once on every platform.
                ended, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ended:
                    results[futures[future]] = _result(future)
                    done(futures[future], results[futures[future]])
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {target.id: results[target.id] for target in targets}


def _in_engine(targets: Sequence[Target]) -> Iterator[Obtained]:
    """Those whose image is in the engine, asked by one question; none where there is no engine to ask."""
    images = [target for target in targets if _path_route(target) is None]
    if not images:
        return
    try:
        with Engine() as engine:
            jobs = [Job.of_target(target, engine.architecture) for target in images]
            for target, image in zip(images, find_images(engine, jobs), strict=True):
                if image is not None:
                    yield _of_image(target, image)
    except EngineError:
        return  # whoever asks again is told why


def at_hand(targets: Sequence[Target]) -> dict[str, Obtained]:
    """Those that can be run at once, by id: binaries of this machine, and images that the engine has."""
    had = {each.target.id: each for each in _in_engine(targets)}
    for target in targets:
        own = _path_route(target)
        if own is not None:
            with suppress(EnvironmentLacksError):
                had[target.id] = _of_path(target, own)
    return {target.id: had[target.id] for target in targets if target.id in had}


def _of_path(target: Target, own: PathRoute) -> Obtained:
    path = find_binary(target, own)
    return Obtained(target, None, path, f"the binary {path}", system=system_name())


def _of_image(target: Target, image: Image) -> Obtained:
    return Obtained(target, image.id, None, _origin(image), image.labels.get(LABEL_DIGEST) or None)


def _result(future: Future[Obtained]) -> Obtained | OpensslrunError:
    try:
        return future.result()
    except OpensslrunError as error:
        return error


def open_bench(obtained: Obtained, connection: Connection | None = None) -> Bench:
    """A bench on what was obtained, not entered yet: a container for an image, this machine for a path.

    ``connection`` is that of a run's benches to the engine.
    """
    if obtained.image_id is not None:
        from opensslrun.bench.containerbench import ContainerBench  # noqa: PLC0415 -- benches import late

        windows = obtained.target.platform == "windows"
        name = obtained.target.id
        return ContainerBench(obtained.image_id, name=name, connection=connection, windows=windows)
    from opensslrun.bench.localbench import LocalBench  # noqa: PLC0415

    if obtained.path is None:
        raise EnvironmentLacksError(f"{obtained.target.id} has neither an image nor a path; obtain it again")
    return LocalBench(obtained.path, name=obtained.target.id)


__all__ = ["Done", "Progress", "at_hand", "available", "available_all", "obtain", "obtain_many", "open_bench"]
