"""Reading a TOML file that a person wrote: every mistake becomes one sentence that says where it is."""

from __future__ import annotations

import codecs
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from opensslrun.errors import UsageError
from opensslrun.noted import read_bytes
from opensslrun.suggestion import did_you_mean, nearest

NEWLINE = "\n"

Model = TypeVar("Model", bound=BaseModel)


class Table(BaseModel):
    """Base of every table that a person writes: no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read_toml(path: Path) -> dict[str, object]:
    """The file as plain data. Raises UsageError with the line and column of a mistake."""
    try:
        content = read_bytes(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"cannot read {path}: {reason or error}; give the path of a TOML file") from error
    if content.startswith(codecs.BOM_UTF8):
        raise UsageError(f"{path} begins with a byte order mark (line 1, column 1); save it as UTF-8 without BOM")
    try:
        text = content.decode("utf-8")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        place = _end_of(content[: error.start].decode("utf-8"))
        raise UsageError(f"{path} is not UTF-8 (at {place}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        said = _lower_first(str(error)).replace("at end of document", f"at {_end_of(text)}, the end of the file")
        raise UsageError(f"{path} is not valid TOML: {said}") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply to be read; write it flatter") from error
    except ValueError as error:
        # Not a TOMLDecodeError: Python reads no integer of thousands of digits.
        raise UsageError(f"{path} holds a number that is too long to be read; shorten it") from error


def _end_of(text: str) -> str:
    """Where the next character after a text would stand, as tomllib counts."""
    return f"line {text.count(NEWLINE) + 1}, column {len(text) - (text.rfind(NEWLINE) + 1) + 1}"


def validated(model: type[Model], data: object, path: Path) -> Model:
    """The data as a model. Raises UsageError naming the file, the key and what is allowed there."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_mistake(error, model)}") from error


def _first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """An unknown key before all else: what is missing may be what was meant by it."""
    mistakes = error.errors(include_url=False, include_context=True)
    mistake = min(mistakes, key=lambda each: each["type"] != "extra_forbidden")
    where = ""
    for part in mistake["loc"]:
        where += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    where = where.lstrip(".") or "the file"
    others = len(mistakes) - 1
    more = f" (and {others} more)" if others else ""
    if mistake["type"] == "extra_forbidden":
        meant = did_you_mean(nearest(str(mistake["loc"][-1]), _known_keys(model, mistake["loc"])))
        return f"{where} is not a known key{'; ' if meant else ''}{meant}{more}"
    if mistake["type"] == "missing":
        return f"{where} is missing{more}"
    return f"{where}: {_lower_first(mistake['msg']).removeprefix('value error, ')}{more}"


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys that may stand where an unknown one does; none where that is not one table only."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for part in loc[:-1]:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return tuple(node.get("properties", ()))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
