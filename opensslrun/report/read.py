"""Reading a result made earlier, here or elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from opensslrun.errors import UsageError
from opensslrun.report.model import SCHEMA_VERSION, Result


def read_result(path: Path) -> Result:
    """The result in a file. Raises UsageError for a file that is not there, is no result, or is of a newer schema."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"there is no result {path}; make one with 'opensslrun matrix run'") from error
    except OSError as error:
        raise UsageError(f"cannot read the result {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a result of opensslrun: it is not JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise UsageError(f"{path} is not a result of opensslrun: it has no integer 'schema'")
    if document["schema"] > SCHEMA_VERSION:
        raise UsageError(
            f"{path} has schema {document['schema']}, this opensslrun knows {SCHEMA_VERSION}; use a newer opensslrun"
        )
    try:
        return Result.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path} is not a result of opensslrun: {where}: {first['msg']}") from error
