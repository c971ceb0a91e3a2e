"""An advice that is said to be tested: its case and step exist, and nothing that it claims differs there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opensslrun.cases.load import load_case
from opensslrun.data import shipped
from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.advice import check_tests
from opensslrun.judge.catalogue import Catalogue, load_catalogue
from opensslrun.judge.model import JudgedCell, JudgedStep, Record
from opensslrun.judge.run import catalogue_state, judge_cells
from opensslrun.judge.schema import Difference

RECORD: dict[str, Record] = {
    "bad": {"1": {"exit_status": 0, "prompts": ["a"]}},
    "good": {"1": {"exit_status": 0, "prompts": [], "file.mode@k": "0600"}},
}


def cell(case: str, number: str, facts: dict[str, FactValue], platform: str = "linux") -> JudgedCell:
    step = JudgedStep("1", "openssl x", (), facts)
    return JudgedCell(f"t-{number}", Version.parse(Implementation.OPENSSL, number), platform, case, (step,))


def entry(name: str, case: str, *shows: dict[str, Any], **more: Any) -> Difference:
    table = {"id": name, "title": "t", "severity": "format", "where": {"case": case}, "why": "w", "advice": "a"}
    return Difference.model_validate({**table, "shows": list(shows), **more})


def stale(*entries: Difference, good: dict[str, FactValue], platform: str = "linux") -> dict[str, str]:
    cells = [cell("bad", "1.1.1g", {"exit_status": 0, "prompts": ["b"]}), cell("good", "1.1.1g", good, platform)]
    catalogue = Catalogue(entries)
    return dict(catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=False).stale)


PROMPT = {"fact": "prompts", "on": "OpenSSL < 3", "value": ["b"]}
ELSEWHERE = entry("D002", "good", {"fact": "file.mode", "on": "OpenSSL < 3", "value": "0644"})
SAME: dict[str, FactValue] = {"exit_status": 0, "prompts": [], "file.mode@k": "0600"}
OPEN: dict[str, FactValue] = {**SAME, "file.mode@k": "0644"}


def test_an_advice_that_gives_the_same_everywhere_is_believed() -> None:
    assert stale(entry("D001", "bad", PROMPT, tested_by={"case": "good"}), good=SAME) == {}


def test_an_advice_whose_step_differs_somewhere_is_stale() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good"})
    assert (
        "D002 knows file.mode@k to differ there"
        in stale(tested, ELSEWHERE, good={**SAME, "file.mode@k": "0644"})["D001"]
    )


def test_what_it_does_not_claim_may_differ() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good", "facts": ["prompts"]})
    assert stale(tested, ELSEWHERE, good={**SAME, "file.mode@k": "0644"}) == {}


def test_a_claimed_fact_that_never_turns_up_is_stale() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good", "facts": ["promts"]})
    assert "the fact promts" in stale(tested, good=SAME)["D001"]


def test_an_advice_that_shows_the_difference_itself_is_stale() -> None:
    tested = entry("D001", "*", PROMPT, tested_by={"case": "good"})
    assert "D001" in stale(tested, good={**SAME, "prompts": ["b"]})


def test_what_is_so_on_a_platform_is_no_fault_of_an_advice_about_something_else() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good"})
    modes = entry("D070", "*", {"fact": "file.mode", "on": "OpenSSL", "platform": "windows", "value": {"absent": True}})
    without = {name: value for name, value in SAME.items() if not name.startswith("file")}
    assert stale(tested, modes, good=without, platform="windows") == {}


@pytest.mark.parametrize(("case", "step"), [("nowhere", "1"), ("root-ca", "99")])
def test_a_case_or_step_that_is_not_there_is_refused(case: str, step: str) -> None:
    catalogue = Catalogue((entry("D001", "bad", PROMPT, tested_by={"case": case, "step": step}),))
    with pytest.raises(UsageError, match="which is not there"):
        check_tests(catalogue, [load_case(shipped("cases") / "root-ca.toml")])


def test_both_tested_and_untested_is_refused() -> None:
    with pytest.raises(ValueError, match="either"):
        entry("D001", "bad", PROMPT, tested_by={"case": "good"}, untested="why")


def test_a_claimed_fact_is_not_excused_by_another_that_turned_up() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good", "facts": ["prompts", "promts"]})
    assert stale(tested, good=SAME)["D001"] == (
        "the advice of D001 is said to be tested by the fact promts of good, step 1, which never turned up"
    )


def test_an_advice_whose_step_did_not_run_is_not_judged() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "elsewhere", "facts": ["promts"]})
    assert stale(tested, good=SAME) == {}


def test_a_difference_that_is_gone_is_no_fault_of_an_advice() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good"})
    assert list(stale(tested, ELSEWHERE, good=SAME)) == ["D002"]


def test_a_case_and_step_that_are_there_are_accepted_and_others_are_named() -> None:
    cases = [load_case(shipped("cases") / "root-ca.toml")]
    check_tests(Catalogue((entry("D001", "bad", PROMPT, tested_by={"case": "root-ca", "step": "1"}),)), cases)
    for tested, said in (
        ({"case": "root-ca", "step": "99"}, "by the step '99' of the case 'root-ca', which is not there"),
        ({"case": "nowhere", "step": "1"}, "by the case 'nowhere', which is not there; correct its tested_by"),
    ):
        with pytest.raises(UsageError, match=said):
            check_tests(Catalogue((entry("D001", "bad", PROMPT, tested_by=tested),)), cases)


def test_every_shipped_entry_is_tested_or_says_why_not_and_names_what_was_seen() -> None:
    for each in load_catalogue([shipped("differences.toml")]).entries:
        assert each.tests or each.untested, each.id
        assert each.seen, each.id


def test_another_step_of_the_case_may_differ() -> None:
    mode = {"fact": "file.mode", "on": "OpenSSL < 3", "value": "0644"}
    elsewhere = entry("D002", "good", mode, where={"case": "good", "step": "2"})
    (first,) = cell("good", "1.1.1g", SAME).steps
    steps = (first, JudgedStep("2", "openssl y", (), OPEN))
    records: dict[str, Record] = {**RECORD, "good": {**RECORD["good"], "2": RECORD["good"]["1"]}}
    for step, names in (("1", []), ("2", ["D001"])):
        catalogue = Catalogue((entry("D001", "bad", PROMPT, tested_by={"case": "good", "step": step}), elsewhere))
        for ordered in (steps, steps[::-1]):
            cells = [replace(cell("good", "1.1.1g", SAME), steps=ordered)]
            state = catalogue_state(cells, judge_cells(cells, records, catalogue), catalogue, whole=False)
            assert list(state.stale) == names


def test_an_advice_whose_step_differs_on_the_last_target_only_is_stale() -> None:
    tested = entry("D001", "bad", PROMPT, tested_by={"case": "good"})
    cells = [cell("good", "3.5.5", SAME), cell("good", "3.0.2", SAME), cell("good", "1.1.1g", OPEN)]
    catalogue = Catalogue((tested, ELSEWHERE))
    for ordered in (cells, cells[::-1]):
        state = catalogue_state(ordered, judge_cells(ordered, RECORD, catalogue), catalogue, whole=False)
        assert "differ there on t-1.1.1g" in state.stale["D001"]
