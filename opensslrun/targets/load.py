"""Reading descriptions of targets: what is shipped, a file of the user's, and a project's own settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from opensslrun.data import shipped
from opensslrun.driver.system.names import platform_name
from opensslrun.driver.version import Implementation
from opensslrun.errors import UsageError
from opensslrun.project import read_project
from opensslrun.selection import select
from opensslrun.suggestion import suggestion
from opensslrun.targets.model import (
    Builder,
    CrateRoute,
    ImageRoute,
    Need,
    PathRoute,
    Reader,
    Route,
    StandIn,
    SuiteRoute,
    TarballRoute,
    Target,
)
from opensslrun.targets.schema import (
    ROUTE_TABLES,
    BuilderTable,
    CrateTable,
    ImageTable,
    ProfileTable,
    ReaderTable,
    RouteTable,
    SuiteTable,
    TarballTable,
    TargetTable,
)
from opensslrun.tomlfile import read_toml

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class _Reading:
    """What has been read so far, file by file; builders may be named by a later file's targets."""

    targets: dict[str, Target] = field(default_factory=dict)
    builders: dict[str, Builder] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """All targets, and the profiles: names of readers that are often picked together."""

    targets: tuple[Target, ...]
    profiles: Mapping[str, str]


def load_targets(targets_file: Path | None = None, folder: Path | None = None) -> tuple[Target, ...]:
    """The shipped targets, then those of the project in ``folder`` (the current one), then those of the file.

    Raises UsageError with one sentence for whatever is wrong in any of them.
    """
    return load_known(targets_file, folder).targets


def load_known(targets_file: Path | None = None, folder: Path | None = None) -> Known:
    """As :func:`load_targets`, with the profiles."""
    reading = _Reading()
    path = shipped("targets.toml")
    _read(read_toml(path), path, reading)
    project = read_project(folder)
    if project is not None:
        _read(project.tables, project.source, reading)
    if targets_file is not None:
        _read(read_toml(targets_file), targets_file, reading)
    for target in reading.targets.values():
        stand_in = target.stand_in
        others = [name for name in reading.targets if name != target.id]
        if stand_in is not None and stand_in.target not in others:
            raise UsageError(
                f"{target.source}: target {target.id!r}: stand_in: there is no other target {stand_in.target!r}; "
                f"{suggestion(stand_in.target, others)}"
            )
    taken = {name for target in reading.targets.values() for name in (target.id, target.reader.system) if name}
    for name in reading.profiles:
        if name in taken:
            where = reading.sources[f"profile {name}"]
            raise UsageError(f"{where}: profile {name!r}: a target or a system has that name; give the profile another")
    return Known(tuple(reading.targets.values()), reading.profiles)


def select_targets(targets: Sequence[Target], globs: Sequence[str]) -> tuple[Target, ...]:
    """The targets any glob names; without one all but the retired. Raises UsageError for a glob without match."""
    chosen = select(targets, globs, "target", lambda target: target.id)
    return chosen if globs else tuple(target for target in chosen if target.need is not Need.RETIRED)


def _read(data: Mapping[str, object], path: Path, reading: _Reading) -> None:
    """Add one file's tables."""
    for key in data:
        if key not in {"target", "builder", "profile"}:
            raise UsageError(
                f"{path}: {key!r} is not a known key; a file of targets has [[target]], [[builder]] and [[profile]]"
            )
    for number, entry in enumerate(_tables(data, "builder", path), 1):
        where = _where(path, "builder", entry, number)
        table = _checked(BuilderTable, entry, where)
        _once(table.id, "builder", reading.builders, path, where, reading)
        reading.builders[table.id] = Builder(table.id, _builder_routes(table, where), table.prepare)
    for number, entry in enumerate(_tables(data, "profile", path), 1):
        where = _where(path, "profile", entry, number)
        profile = _checked(ProfileTable, entry, where)
        _once(profile.id, "profile", reading.profiles, path, where, reading)
        reading.profiles[profile.id] = profile.readers
    for number, entry in enumerate(_tables(data, "target", path), 1):
        where = _where(path, "target", entry, number)
        target = _target(_checked(TargetTable, entry, where), path, where, reading)
        _once(target.id, "target", reading.targets, path, where, reading)
        reading.targets[target.id] = target


def _tables(data: Mapping[str, object], key: str, path: Path) -> list[dict[str, object]]:
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{path}: {key!r} is not a list of tables; write [[{key}]]")
    return entries


def _where(path: Path, kind: str, entry: Mapping[str, object], number: int) -> str:
    name = entry.get("id")
    return f"{path}: {kind} {name!r}" if isinstance(name, str) else f"{path}: {kind} number {number}"


def _once(name: str, kind: str, seen: Mapping[str, object], path: Path, where: str, reading: _Reading) -> None:
    if name in seen:
        raise UsageError(
            f"{where}: the id is taken by a {kind} of {reading.sources[f'{kind} {name}']}; give it another"
        )
    reading.sources[f"{kind} {name}"] = path


def _target(table: TargetTable, path: Path, where: str, reading: _Reading) -> Target:
    routes = _routes(table, path, where)
    if any(isinstance(route, (TarballRoute, CrateRoute)) for route in routes):
        if table.builder is None:
            raise UsageError(f"{where}: builder is missing; name the builder that compiles its sources")
    elif table.builder is not None:
        raise UsageError(f"{where}: builder: no route of this target builds from source; leave it out")
    if table.runtime is not None and table.builder is None:
        raise UsageError(f"{where}: runtime: only what a builder compiled is laid on one; leave it out")
    return Target(
        id=table.id,
        implementation=Implementation(table.implementation) if table.implementation else None,
        version=table.version,
        platform=table.platform or ("linux" if table.path is None else platform_name()),
        need=Need(table.need),
        reader=_reader(table),
        routes=routes,
        source=path,
        guide_row=table.guide_row,
        stand_in=StandIn(table.stand_in.target, table.stand_in.lacks) if table.stand_in else None,
        released=table.released,
        end_of_life=table.end_of_life,
        lts=table.lts,
        builder=_builder("builder", table.builder, where, reading),
        runtime=_builder("runtime", table.runtime, where, reading),
    )


def _reader(table: TargetTable) -> Reader:
    reader = table.reader or ReaderTable(name=table.id)
    return Reader(reader.name, reader.system, reader.first, reader.last)


def _builder(key: str, name: str | None, where: str, reading: _Reading) -> Builder | None:
    if name is None:
        return None
    if name not in reading.builders:
        hint = suggestion(name, list(reading.builders))
        raise UsageError(f"{where}: {key}: there is no builder {name!r}; {hint}")
    return reading.builders[name]


def _routes(table: TargetTable, path: Path, where: str) -> tuple[Route, ...]:
    if table.path is not None:
        if table.path == "openssl":
            return (PathRoute(None),)
        try:
            return (PathRoute((path.parent / Path(table.path).expanduser()).absolute()),)
        except RuntimeError as error:
            raise UsageError(f"{where}: path: there is no home folder for {table.path!r}; write it in full") from error
    return tuple(_route(entry, f"{where}: routes[{number}]") for number, entry in enumerate(table.routes or [], 1))


def _builder_routes(table: BuilderTable, where: str) -> tuple[ImageRoute | SuiteRoute, ...]:
    routes = []
    for number, entry in enumerate(table.routes, 1):
        route = _route(entry, f"{where}: routes[{number}]")
        if not isinstance(route, (ImageRoute, SuiteRoute)):
            raise UsageError(f"{where}: routes[{number}]: a builder comes by the keys 'image' or 'suite' only")
        routes.append(route)
    if not routes:
        raise UsageError(f"{where}: 'routes' is empty; give at least one")
    return tuple(routes)


def _route(entry: Mapping[str, object], where: str) -> ImageRoute | TarballRoute | CrateRoute | SuiteRoute:
    kinds = [kind for kind in ROUTE_TABLES if kind in entry]
    if len(kinds) != 1:
        found = f"has {' and '.join(kinds)}" if kinds else "has none"
        raise UsageError(f"{where} {found}; a route has exactly one of the keys {', '.join(ROUTE_TABLES)}")
    table: RouteTable = _checked(ROUTE_TABLES[kinds[0]], entry, where)
    match table:
        case ImageTable():
            return ImageRoute(table.image, table.packages)
        case TarballTable():
            return TarballRoute(table.tarball, table.sha256)
        case CrateTable():
            return CrateRoute(table.crate, table.version, table.member, table.sha256)
        case SuiteTable():
            return SuiteRoute(table.suite, table.packages, table.distribution)


def _checked(model: type[Model], entry: Mapping[str, object], where: str) -> Model:
    """The table as a model. Raises UsageError saying where it is, which key is wrong, and what is allowed."""
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in mistake["loc"]).lstrip(".")
    if mistake["type"] == "extra_forbidden":
        raise UsageError(f"{where}: {key} is not a known key; the keys are: {', '.join(model.model_fields)}")
    if mistake["type"] == "missing":
        raise UsageError(f"{where}: {key} is missing")
    said = mistake["msg"].removeprefix("Value error, ")
    raise UsageError(f"{where}: {key}: {said[:1].lower()}{said[1:]}" if key else f"{where}: {said}")
