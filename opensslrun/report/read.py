"""Reading a result made earlier, here or elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from opensslrun.errors import UsageError
from opensslrun.judge.model import Verdict
from opensslrun.judge.schema import Severity
from opensslrun.report.model import SCHEMA_VERSION, CellResult, PairResult, Result
from opensslrun.report.words import visible


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
        result = Result.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path} is not a result of opensslrun: {where}: {first['msg']}") from error
    _check_words(result, path)
    return result


def _check_words(result: Result, path: Path) -> None:
    """Raise UsageError for a verdict or a severity that nobody knows, which no rendering could show."""
    judged: list[CellResult | PairResult] = [*result.cells, *result.pairs]
    verdicts = {each.verdict for each in judged}
    verdicts |= {row.verdict for row in result.readers if row.verdict is not None}
    verdicts |= {finding.verdict for each in judged for step in each.steps for finding in step.findings}
    for kind, seen, known in (
        ("verdict", verdicts, set(Verdict)),
        ("severity", {entry.severity for entry in result.known_differences}, set(Severity)),
    ):
        unknown = sorted(seen - known)
        if unknown:
            raise UsageError(f"{path} is not a result of opensslrun: '{visible(unknown[0])}' is no {kind}")
