"""What the tests of facts share: certificates that no openssl made, and observations put together by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from opensslrun.bench.base import Observation, SeenFile
from opensslrun.cases.fixtures import build
from opensslrun.cases.specs import CertificateSpec, Specs
from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts.extract import extract
from opensslrun.facts.model import FactValue

Draw = Callable[..., dict[str, FactValue]]
Make = Callable[..., dict[str, bytes]]

DONE = Outcome(Ending.EXITED, 0, (), "", b"", b"", 0.1)


def _files(contents: Mapping[str, bytes]) -> dict[str, SeenFile]:
    return {name: SeenFile("file", 0o644, len(content), content) for name, content in contents.items()}


@pytest.fixture
def draw() -> Draw:
    """The facts, as plain values, of a step that left these files."""

    def drawn(
        after: Mapping[str, bytes],
        before: Mapping[str, bytes] = {},
        *,
        line: str = "openssl version",
        secrets: tuple[str, ...] = (),
        outcome: Outcome = DONE,
        gates: frozenset[str] = frozenset(),
    ) -> dict[str, FactValue]:
        facts = extract(line, gates, _files(before), Observation(outcome, _files(after)), secrets)
        assert all(name == fact.name for name, fact in facts.items())
        return {name: fact.value for name, fact in facts.items()}

    return drawn


@pytest.fixture
def make() -> Make:
    """Fixture files from certificate tables, with dates that need not be said; ``root_crt`` is ``root.crt``."""

    def made(*specs: dict[str, Any], **files: list[str]) -> dict[str, bytes]:
        tables = [
            {
                "key": "rsa-1",
                "not_before": date(2020, 1, 1),
                "not_after": date(2040, 1, 1),
                "subject": {"CN": "x"},
                **one,
            }
            for one in specs
        ]
        parsed = Specs(tuple(CertificateSpec.from_table(table, "test") for table in tables))
        return build(parsed, {name.replace("_", "."): parts for name, parts in files.items()})

    return made


@pytest.fixture
def today() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
