"""The catalogue on a terminal, in words."""

from __future__ import annotations

from typing import Any

import pytest

import handwritten
from onterminal import printed
from opensslrun.judge.schema import Difference
from opensslrun.report import model as m
from opensslrun.report.explain import show_catalogue, show_difference
from opensslrun.report.sides import show_sides, sides_of


def entry(where: Any, name: str = "D001", severity: str = "cosmetic") -> Difference:
    shows = [{"fact": "prompts", "on": "LibreSSL", "value": ["Enter:"]}]
    table = {"id": name, "title": f"title of {name}", "severity": severity, "where": where, "shows": shows}
    return Difference.model_validate({**table, "why": "why", "advice": "advice"})


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({}, "Where: everywhere"),
        ({"case": "root-ca", "step": "2"}, "Where: step 2 of the case root-ca"),
        ({"case": ["a", "b"], "step": "2"}, "Where: step 2 of the cases a, b"),
        ({"run": "openssl genrsa *"}, "Where: the command 'openssl genrsa *'"),
        ({"case": "root-ca", "run": "openssl x"}, "Where: the command 'openssl x' in the case root-ca"),
        ([{"case": "a"}, {"case": "b"}], "Where: the case a; the case b"),
    ],
)
def test_where_an_entry_holds_is_said_in_words(where: Any, says: str) -> None:
    text = printed(show_difference, entry(where), width=100)
    assert says in [line.rstrip() for line in text.splitlines()]
    lines = [line.strip() for line in text.splitlines()]
    place = lines.index("LibreSSL")
    assert lines[place + 1 : place + 3] == ["LibreSSL: nothing of it was measured", "prompts is 'Enter:'"]
    assert "Tested: by no case" in lines


def test_the_worst_comes_first() -> None:
    text = printed(show_catalogue, [entry({}), entry({}, "D002", "security")])
    assert text.index("D002") < text.index("D001")


def test_how_the_advice_is_tested_is_said() -> None:
    for more, says in (
        ({"tested_by": {"case": "a", "step": "2"}}, "Tested: by step 2 of the case a, the same everywhere"),
        (
            {"tested_by": [{"case": "a", "facts": ["prompts"]}]},
            "Tested: by step 1 of the case a, where every target shows the same prompts",
        ),
        ({"untested": "there is no spelling"}, "Tested: no: there is no spelling"),
    ):
        known = Difference.model_validate({**entry({}).model_dump(), **more})
        assert says in printed(show_difference, known, width=120)


def result(*cells: dict[str, Any]) -> m.Result:
    """A result with a cell for each target and what it printed."""
    observations = {
        each["target"]: {
            "ending": "exited", "status": 0, "prompts": [], "unanswered": "", "stdout": each["stdout"], "stderr": "",
            "files": [],
        }
        for each in cells
    }  # fmt: skip
    made = []
    for each in cells:
        findings = [handwritten.finding("known", each["by"], fact="stdout")] if each["by"] else []
        facts = {"stdout": each["stdout"]}
        step = handwritten.step("openssl x", *findings, observation=each["target"], facts=facts)
        made.append(handwritten.cell(each["target"], "c", "known" if each["by"] else "pass", step))
    targets = [handwritten.target(each["target"], "OpenSSL", each["version"]) for each in cells]
    return m.Result.model_validate(handwritten.result(targets=targets, cells=made, observations=observations))


def test_the_real_outputs_of_two_versions_stand_side_by_side() -> None:
    old = {"target": "old", "version": "1.1.1g", "stdout": "old words\x1b[1m\n", "by": "D001"}
    new = {"target": "new", "version": "3.5.5", "stdout": "new words\n", "by": ""}
    whole = result(new, old)
    sides = sides_of("D001", whole)
    assert sides is not None
    text = printed(show_sides, sides, whole, width=120)
    assert "old (OpenSSL 1.1.1g)" in text
    assert any("old words\\x1b[1m" in line and "new words" in line for line in text.splitlines())


def test_there_are_no_sides_where_no_target_shows_something_else() -> None:
    old = {"target": "old", "version": "1.1.1g", "stdout": "words\n", "by": "D001"}
    assert sides_of("D001", result(old)) is None
    assert sides_of("D002", result(old)) is None
