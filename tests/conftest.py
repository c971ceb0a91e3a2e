"""What every test rests on."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ("pytester",)
pytest.register_assert_rewrite("lying", "onterminal")  # so that what they expect is told as a test's own assertions are

# Where tests run in the background of a shell without job control, SIGINT is ignored, and every program they start
# inherits that: then Ctrl-C, which some of them are about, would do nothing. nohup does the same to SIGHUP.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes says what else the machine does, and nothing of what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_MADE = re.compile(rb'"code_sha256": ?"[0-9a-f]{64}"')
"""What a result has that a run made; those that tests write by hand have no such sum."""


@pytest.fixture(scope="session", autouse=True)
def _every_result_follows_the_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever results the tests' runs have made, wherever they wrote them, are what ``opensslrun schema`` says."""
    yield
    from jsonschema_rs import Draft202012Validator

    from opensslrun.report.model import Result

    follows = Draft202012Validator(Result.model_json_schema(by_alias=True))
    wrong = [path for path in _results_under(tmp_path_factory.getbasetemp()) if not follows.is_valid(_read(path))]
    assert wrong == []


def _results_under(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.json"):
        if path.is_file() and not path.is_symlink() and _MADE.search(path.read_bytes()[:65536]):
            yield path


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        return f"not JSON: {error}"
