"""The catalogue on a terminal, in words."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from opensslrun.judge.schema import Difference
from opensslrun.report.explain import show_catalogue, show_difference


def entry(where: Any, name: str = "D001", severity: str = "cosmetic") -> Difference:
    shows = [{"fact": "prompts", "on": "LibreSSL", "value": ["Enter:"]}]
    table = {"id": name, "title": f"title of {name}", "severity": severity, "where": where, "shows": shows}
    return Difference.model_validate({**table, "why": "why", "advice": "advice"})


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({}, "Where: everywhere"),
        ({"case": "root-ca", "step": "2"}, "Where: step 2 of the case root-ca"),
        ({"run": "openssl genrsa *"}, "Where: the command 'openssl genrsa *'"),
        ({"case": "root-ca", "run": "openssl x"}, "Where: the command 'openssl x' in the case root-ca"),
        ([{"case": "a"}, {"case": "b"}], "Where: the case a; the case b"),
    ],
)
def test_where_an_entry_holds_is_said_in_words(where: Any, says: str) -> None:
    stream = io.StringIO()
    show_difference(entry(where), Console(file=stream, width=100))
    assert says in [line.rstrip() for line in stream.getvalue().splitlines()]
    assert "LibreSSL: prompts is 'Enter:'" in stream.getvalue()


def test_the_worst_comes_first() -> None:
    stream = io.StringIO()
    show_catalogue([entry({}), entry({}, "D002", "security")], Console(file=stream, width=100))
    text = stream.getvalue()
    assert text.index("D002") < text.index("D001")
