"""A project's own settings: ``opensslrun.toml``, or ``[tool.opensslrun]`` of its ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensslrun.errors import UsageError
from opensslrun.tomlfile import read_toml

PROJECT_FILE = "opensslrun.toml"

_TABLES = ("target", "builder", "profile")
_PATHS = ("cases-dir", "differences")


@dataclass(frozen=True, slots=True)
class Project:
    """What a project keeps of its own: ``tables`` of targets as they were read, and where the rest is.

    ``source`` is the file that says so. ``cases_dir`` and ``differences`` are what the options of these names are.
    """

    source: Path
    tables: Mapping[str, object]
    cases_dir: Path | None
    differences: Path | None


def project_file(folder: Path) -> Path | None:
    """The settings file of a project: ``opensslrun.toml``, or a ``pyproject.toml`` with ``[tool.opensslrun]``.

    Raises UsageError when there is one that cannot be read.
    """
    own, pyproject = folder / PROJECT_FILE, folder / "pyproject.toml"
    if own.is_file():
        return own
    return pyproject if pyproject.is_file() and _settings(pyproject) else None


def read_project(folder: Path | None = None) -> Project | None:
    """The settings of the project in ``folder`` (the current one), None when there are none. Raises UsageError."""
    path = project_file(folder or Path.cwd())
    if path is None:
        return None
    settings = _settings(path)
    for key in settings:
        if key not in (*_TABLES, *_PATHS):
            allowed = ", ".join((*(f"[[{table}]]" for table in _TABLES), *_PATHS))
            raise UsageError(f"{path}: {key!r} is not a known key; a project's settings are {allowed}")
    tables = {key: settings[key] for key in _TABLES if key in settings}
    return Project(path, tables, *(_path(settings, key, path) for key in _PATHS))


def _settings(path: Path) -> Mapping[str, object]:
    data = read_toml(path)
    if path.name != "pyproject.toml":
        return data
    tool = data.get("tool")
    own = tool.get("opensslrun") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else {}


def _path(settings: Mapping[str, object], key: str, source: Path) -> Path | None:
    """A path is relative to the file that names it."""
    value = settings.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise UsageError(f"{source}: {key} is not a path; write it as a text, relative to this file")
    try:
        return source.parent / Path(value).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{source}: {key}: there is no home folder for {value!r}; write it in full") from error
