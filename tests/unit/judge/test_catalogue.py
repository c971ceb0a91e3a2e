"""Reading the catalogue, finding in it, and which steps and targets an entry speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import UsageError
from opensslrun.judge.catalogue import Catalogue, Prediction, load_catalogue
from opensslrun.judge.model import JudgedCell, JudgedStep, Verdict
from opensslrun.judge.schema import Difference, Severity, Shown, Where

ENTRY = """
[[difference]]
id = "{id}"
title = "t"
severity = "format"
shows = [{{ fact = "prompts", on = "OpenSSL < 3", value = ["Enter:"] }}]
why = "w"
advice = "a"
"""
VERSION = Version.parse(Implementation.OPENSSL, "1.1.1g")


def entry(name: str, *shows: dict[str, Any], **where: Any) -> Difference:
    table = {"id": name, "title": "t", "severity": "format", "where": where, "why": "w", "advice": "a"}
    return Difference.model_validate({**table, "shows": list(shows)})


def shown(**more: Any) -> Shown:
    return Shown.model_validate({"fact": "prompts", "on": "OpenSSL < 3", "value": ["x"], **more})


def test_entries_of_several_files_are_read_and_found_in_any_case_of_letters(tmp_path: Path) -> None:
    for name in ("D001", "D002"):
        (tmp_path / f"{name}.toml").write_text(ENTRY.format(id=name))
    catalogue = load_catalogue([tmp_path / "D001.toml", tmp_path / "D002.toml"])
    assert [each.id for each in catalogue.entries] == ["D001", "D002"]
    assert catalogue.entry("d002").id == "D002"
    with pytest.raises(UsageError, match=r"no known difference has the id 'x'; there are: D001, D002\Z"):
        catalogue.entry("x")
    with pytest.raises(UsageError, match=r"there are: none\Z"):
        Catalogue(()).entry("D001")


def test_an_id_that_two_files_give_is_refused_with_both(tmp_path: Path) -> None:
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text(ENTRY.format(id="D001"))
    with pytest.raises(UsageError, match=r"D001 is in \S+one.toml and in \S+two.toml; renumber one\Z"):
        load_catalogue([tmp_path / "one.toml", tmp_path / "two.toml"])


def test_a_file_that_is_no_catalogue_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[[difference]]\nid = "X"\n')
    with pytest.raises(UsageError, match=r"bad\.toml"):
        load_catalogue([tmp_path / "bad.toml"])


def test_each_value_is_told_with_its_place_among_the_entry_s_values() -> None:
    one, two = ({"fact": name, "on": "OpenSSL", "value": 1} for name in ("a", "b"))
    it = entry("D001", one, two)
    step = JudgedStep("1", "openssl version", (), {})
    cell = JudgedCell("t", VERSION, "linux", "case", (step,))
    assert list(Catalogue((it,)).covering(cell, step)) == [
        Prediction(it, it.shows[0], 1), Prediction(it, it.shows[1], 2)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "step", "covered"),
    [
        ({}, ("case", "1", "run"), True),
        ({"case": "c*"}, ("case", "1", "run"), True),
        ({"case": "d*"}, ("case", "1", "run"), False),
        ({"case": ["d*", "c*"]}, ("case", "1", "run"), True),
        ({"step": "1"}, ("case", "1", "run"), True),
        ({"step": "2"}, ("case", "1", "run"), False),
        ({"run": "r*"}, ("case", "1", "run"), True),
        ({"run": "x*"}, ("case", "1", "run"), False),
        ({"unless": "r*"}, ("case", "1", "run"), False),
        ({"unless": "x*"}, ("case", "1", "run"), True),
        ({"unless_case": "c*"}, ("case", "1", "run"), False),
        ({"unless_case": "d*"}, ("case", "1", "run"), True),
        ({"unless_case": ["d*", "c*"]}, ("case", "1", "run"), False),
        ({"case": "x", "unless_case": "d*"}, ("case", "1", "run"), False),
    ],
)
def test_a_place_is_all_of_what_it_names_and_none_of_what_it_leaves_out(
    where: dict[str, Any], step: tuple[str, str, str], covered: bool
) -> None:
    place = Where.model_validate(where)
    case, name, run = step
    assert (place.is_in(case) and place.is_at(name, run)) is covered
    assert bool(said_of({"where": where}, case=case, step=name, run=run)) is covered


def said_of(
    more: dict[str, Any], *, target: str = "t", case: str = "case", step: str = "1", run: str = "run"
) -> tuple[Prediction, ...]:
    """What an entry says of a step of a case on a target."""
    shows = [{"fact": "a", "on": "OpenSSL", "value": 1}]
    table = {"id": "D001", "title": "t", "severity": "format", "where": {}, "why": "w", "advice": "a", "shows": shows}
    judged = JudgedStep(step, run, (), {})
    cell = JudgedCell(target, VERSION, "linux", case, (judged,))
    return Catalogue((Difference.model_validate({**table, **more}),)).covering(cell, judged)


def test_what_is_said_of_a_step_depends_on_its_target_and_its_command_line() -> None:
    """One catalogue, so that nothing it remembers of one step or target is told of another."""
    value = {"fact": "a", "on": "OpenSSL", "value": 1}
    catalogue = Catalogue((entry("D001", {**value, "target": "debian-*"}), entry("D002", value, run="* x")))
    said = []
    for target in ("debian-12", "openssl-3.5.5", "debian-12"):
        for run in ("openssl x", "openssl y", "openssl x"):
            step = JudgedStep("1", run, (), {})
            covering = catalogue.covering(JudgedCell(target, VERSION, "linux", "case", (step,)), step)
            said.append("".join(each.difference.id for each in covering))
    debian, other = ["D001D002", "D001", "D001D002"], ["D002", "", "D002"]
    assert said == [*debian, *other, *debian]


def test_any_of_an_entry_s_places_suffices() -> None:
    two = {"where": [{"case": "a"}, {"case": "b"}]}
    assert [bool(said_of(two, case=case)) for case in "abc"] == [True, True, False]
    assert not said_of({"where": {"case": "a"}}, case="b")


def test_a_value_is_on_its_versions_platforms_and_targets_only() -> None:
    assert shown().is_on("t", VERSION, "linux")
    assert not shown(on="OpenSSL >= 3").is_on("t", VERSION, "linux")
    assert shown(on=["OpenSSL >= 3", "OpenSSL == 1.1.1g"]).is_on("t", VERSION, "linux")
    assert shown(target="t*", platform="linux").is_on("t", VERSION, "linux")
    assert not shown(target="x").is_on("t", VERSION, "linux")
    assert not shown(platform="windows").is_on("t", VERSION, "linux")


def test_a_value_is_at_its_cases_and_command_lines_only() -> None:
    narrowed = shown(case="c*", run="r*")
    assert [narrowed.is_at(*place) for place in (("c", "r"), ("c", "x"), ("x", "r"))] == [True, False, False]


def test_a_fact_s_name_without_a_file_means_that_of_every_file() -> None:
    assert shown(fact="key.bits").names("key.bits@k")
    assert not shown(fact="key.bits").names("key.type@k")
    assert shown(fact="key.bits@k").names("key.bits@k")
    assert not shown(fact="key.bits@other").names("key.bits@k")


def test_only_true_says_that_something_is_not_there() -> None:
    assert shown(value={"absent": True}).says_absent
    assert not shown(value=["absent"]).says_absent


def test_the_order_of_verdicts_and_severities_is_that_of_their_names() -> None:
    assert [verdict.rank for verdict in Verdict] == list(range(8))
    assert [verdict.value for verdict in Verdict if verdict.is_found] == ["error", "hung", "fail", "new"]
    worst_first = sorted(Verdict, key=lambda verdict: verdict.rank)
    assert worst_first[:6] == [
        Verdict.ERROR, Verdict.HUNG, Verdict.FAIL, Verdict.NEW, Verdict.KNOWN, Verdict.PASS
    ]  # fmt: skip
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3]
    assert min(Severity, key=lambda severity: severity.rank) is Severity.SECURITY
