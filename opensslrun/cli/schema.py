"""``opensslrun schema``: the JSON Schema of results."""

from __future__ import annotations

import argparse
import json

from opensslrun.cli.output import out
from opensslrun.errors import ExitStatus
from opensslrun.report.model import Result


def run(_args: argparse.Namespace) -> ExitStatus:
    """Print the schema as one JSON document."""
    schema = Result.model_json_schema(by_alias=True)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    out().out(json.dumps(document, indent=1), highlight=False)
    return ExitStatus.OK
