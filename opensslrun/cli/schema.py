"""``opensslrun schema``: the JSON Schema of results."""

from __future__ import annotations

import argparse

from opensslrun.cli.output import print_document
from opensslrun.errors import ExitStatus
from opensslrun.report.model import Result


def run(_args: argparse.Namespace) -> ExitStatus:
    """Print the schema as one JSON document."""
    schema = Result.model_json_schema(by_alias=True)
    print_document({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    return ExitStatus.OK
