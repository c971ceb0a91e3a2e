"""What a whole run says of the catalogue, and the view of differences between targets."""

from __future__ import annotations

from dataclasses import replace

from opensslrun.driver.version import Implementation, Version
from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import Judged
from opensslrun.judge.model import JudgedCell, JudgedStep, Record, Verdict
from opensslrun.judge.run import catalogue_state, differences, judge_cells
from opensslrun.judge.schema import Difference, Severity

RECORD: dict[str, Record] = {"case": {"1": {"prompts": ["Enter PEM pass phrase:"], "key.pem_label@k": "NEW"}}}
NEW: dict[str, FactValue] = {"prompts": ["Enter PEM pass phrase:"], "key.pem_label@k": "NEW"}
OLD: dict[str, FactValue] = {"prompts": ["Enter pass phrase for k:"], "key.pem_label@k": "OLD"}


def cell(target: str, number: str, facts: dict[str, FactValue]) -> JudgedCell:
    step = JudgedStep("1", "openssl genrsa -des3 -out k 4096", (), facts)
    return JudgedCell(target, Version.parse(Implementation.OPENSSL, number), "linux", "case", (step,))


def entry(name: str, *shows: dict[str, object], **where: str) -> Difference:
    table = {"id": name, "title": "t", "severity": "format", "where": where, "shows": shows, "why": "w", "advice": "a"}
    return Difference.model_validate({**table, "shows": list(shows)})


PROMPT = entry("D001", {"fact": "prompts", "on": "OpenSSL < 3", "value": ["Enter pass phrase for k:"]})
LABEL = entry("D002", {"fact": "key.pem_label", "on": "OpenSSL < 3", "value": "OLD"})


def test_entries_are_proven_by_the_cells_that_show_them() -> None:
    cells = [cell("a", "1.1.1g", OLD), cell("b", "3.0.2", NEW)]
    catalogue = Catalogue((PROMPT, LABEL))
    state = catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=True)
    assert (state.proven, state.unproven, dict(state.stale)) == (("D001", "D002"), (), {})


def test_what_equals_what_another_target_showed_and_is_of_another_type_is_judged_by_itself() -> None:
    record: dict[str, Record] = {"case": {"1": {"certificate.ca": True, "names": ["a"]}}}
    shown: list[FactValue] = [True, 1, 1.0, True]  # type: ignore[list-item]
    cells = [cell(str(place), "3.0.2", {"names": ["a"], "certificate.ca": ca}) for place, ca in enumerate(shown)]
    judged = judge_cells(cells, record, Catalogue(()))
    assert [each.verdict for each in judged] == [Verdict.PASS, Verdict.NEW, Verdict.NEW, Verdict.PASS]
    assert [each.target for each in judged] == ["0", "1", "2", "3"]


def test_an_entry_whose_versions_did_not_run_is_unproven() -> None:
    cells = [cell("b", "3.0.2", NEW)]
    catalogue = Catalogue((PROMPT,))
    state = catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=True)
    assert (state.proven, state.unproven, dict(state.stale)) == ((), ("D001",), {})


def test_an_entry_that_a_run_disproves_is_stale() -> None:
    cells = [cell("a", "1.1.1g", NEW)]
    catalogue = Catalogue((PROMPT,))
    state = catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=True)
    assert list(state.stale) == ["D001"]
    assert "which shows [Enter PEM pass phrase:]" in state.stale["D001"]


def test_an_entry_with_a_misspelt_fact_is_stale() -> None:
    misspelt = entry("D009", {"fact": "promts", "on": "OpenSSL < 3", "value": "x"})
    cells = [cell("a", "1.1.1g", OLD)]
    catalogue = Catalogue((PROMPT, LABEL, misspelt))
    assert list(catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=True).stale) == ["D009"]


def test_differences_name_the_entry_that_explains_them() -> None:
    cells = [cell("a", "1.1.1g", OLD), cell("b", "3.0.2", NEW), cell("c", "3.5.0", NEW)]
    views = differences(judge_cells(cells, RECORD, Catalogue((PROMPT, LABEL))))
    assert [(view.fact, view.known) for view in views] == [("key.pem_label@k", "D002"), ("prompts", "D001")]
    assert views[0].groups == (("OLD", ("a",)), ("NEW", ("b", "c")))


def test_a_difference_with_an_unexplained_side_is_not_known() -> None:
    odd: dict[str, FactValue] = {**NEW, "prompts": ["Password?"]}
    cells = [cell("a", "1.1.1g", OLD), cell("b", "3.0.2", odd)]
    views = differences(judge_cells(cells, RECORD, Catalogue((PROMPT, LABEL))))
    assert {view.fact: view.known for view in views} == {"key.pem_label@k": "D002", "prompts": None}


def test_a_verdict_does_not_depend_on_the_other_targets() -> None:
    one, other = cell("a", "1.1.1g", OLD), cell("b", "3.0.2", OLD)
    catalogue = Catalogue((PROMPT, LABEL))
    together = judge_cells([one, other], RECORD, catalogue)
    alone = judge_cells([one], RECORD, catalogue) + judge_cells([other], RECORD, catalogue)
    assert together == alone
    assert [judgement.verdict for judgement in alone] == [Verdict.KNOWN, Verdict.NEW]


def test_all_targets_being_wrong_alike_is_caught() -> None:
    wrong: dict[str, FactValue] = {"prompts": [], "key.pem_label@k": "NEW"}
    cells = [cell(name, "3.0.2", wrong) for name in "abc"]
    assert {judgement.verdict for judgement in judge_cells(cells, RECORD, Catalogue(()))} == {Verdict.NEW}


def test_one_misspelt_fact_beside_a_proven_one_makes_its_entry_stale() -> None:
    shows = {"on": "OpenSSL < 3", "value": "OLD"}
    half = entry("D002", {"fact": "key.pem_label", **shows}, {"fact": "key.pem_lable", **shows})
    cells = [cell("a", "1.1.1g", OLD)]
    catalogue = Catalogue((PROMPT, half))
    state = catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=True)
    assert list(state.stale) == ["D002"]
    assert "key.pem_lable" in state.stale["D002"]


def test_a_predicted_absence_of_a_fact_that_never_exists_is_stale() -> None:
    nowhere = entry("D009", {"fact": "key.nothing", "on": "OpenSSL < 3", "value": {"absent": True}})
    cells = [cell("a", "1.1.1g", OLD)]
    catalogue = Catalogue((PROMPT, LABEL, nowhere))
    judgements = judge_cells(cells, RECORD, catalogue)
    assert [each.verdict for each in judgements] == [Verdict.KNOWN]
    assert list(catalogue_state(cells, judgements, catalogue, whole=True).stale) == ["D009"]


def test_a_fact_that_may_turn_up_in_the_rest_of_a_run_leaves_its_entry_unproven() -> None:
    elsewhere = entry("D009", {"fact": "certificate.version", "on": "OpenSSL < 3", "value": 1})
    cells = [cell("a", "1.1.1g", OLD)]
    catalogue = Catalogue((PROMPT, LABEL, elsewhere))
    state = catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=False)
    assert (state.unproven, dict(state.stale)) == (("D009",), {})


def test_a_difference_that_two_entries_explain_names_the_worse() -> None:
    cosmetic = entry("D001", {"fact": "prompts", "on": "OpenSSL 1.1.1g", "value": ["Enter pass phrase for k:"]})
    security = entry("D002", {"fact": "prompts", "on": "OpenSSL 1.1.1f", "value": ["Password?"]})
    security = security.model_copy(update={"severity": Severity.SECURITY})
    facts: dict[str, FactValue] = {**OLD, "prompts": ["Password?"]}
    cells = [cell("a", "1.1.1g", OLD), cell("b", "1.1.1f", facts), cell("c", "3.0.2", NEW)]
    views = differences(judge_cells(cells, RECORD, Catalogue((cosmetic, security))))
    assert {view.known for view in views if view.fact == "prompts"} == {"D002"}


def test_a_bracket_in_the_name_of_a_fact_is_no_glob() -> None:
    second = entry("D001", {"fact": "certificate[2].version", "on": "OpenSSL", "value": 1})
    cells = [cell("a", "1.1.1g", {"certificate[2].version@chain.pem": 1})]
    record: dict[str, Record] = {"case": {"1": {"certificate[2].version@chain.pem": 3}}}
    (judgement,) = judge_cells(cells, record, Catalogue((second,)))
    assert judgement.verdict is Verdict.KNOWN


def test_a_value_within_its_bounds_is_shown_by_the_bounds_and_differs_from_no_other() -> None:
    record: dict[str, Record] = {"case": {"1": {"n": {"between": [16, 20]}}}}
    cells = [cell("a", "3.0.2", {"n": 17}), cell("b", "3.0.2", {"n": 19})]
    assert differences(judge_cells(cells, record, Catalogue(()))) == ()
    old = entry("D001", {"fact": "n", "on": "OpenSSL < 3", "value": {"between": [8, 9]}})
    cells = [cell("a", "1.1.1g", {"n": 8}), cell("b", "3.0.2", {"n": 19}), cell("c", "3.5.0", {"n": 30})]
    (view,) = differences(judge_cells(cells, record, Catalogue((old,))))
    assert view.groups == (({"between": [8, 9]}, ("a",)), ({"between": [16, 20]}, ("b",)), (30, ("c",)))
    assert (view.case, view.step, view.fact, view.known) == ("case", "1", "n", None)
    (view,) = differences(judge_cells(cells[:2], record, Catalogue((old,))))
    assert view.known == "D001"


def test_what_is_recorded_as_some_of_a_list_is_shown_as_it_is() -> None:
    record: dict[str, Record] = {"case": {"1": {"n": {"contains": ["x"]}}}}
    cells = [cell("a", "3.0.2", {"n": ["x"]}), cell("b", "3.0.2", {"n": ["y"]})]
    (view,) = differences(judge_cells(cells, record, Catalogue(())))
    assert view.groups == ((["x"], ("a",)), (["y"], ("b",)))


def test_a_fact_that_some_targets_do_not_show_is_a_difference() -> None:
    record: dict[str, Record] = {"case": {"1": {"n": 1, "e": 0}}}
    cells = [cell("a", "3.0.2", {"n": 1, "e": 0}), cell("b", "3.0.2", {"e": 0})]
    (view,) = differences(judge_cells(cells, record, Catalogue(())))
    assert view.groups == ((1, ("a",)), ({"absent": True}, ("b",)))


def test_a_prediction_that_a_target_disproves_explains_nothing() -> None:
    wrong = entry("D001", {"fact": "n", "on": "OpenSSL 1.1.1f", "value": 7})
    right = entry("D002", {"fact": "n", "on": "OpenSSL 1.1.1g", "value": 2})
    record: dict[str, Record] = {"case": {"1": {"n": 1}}}
    cells = [cell("a", "1.1.1g", {"n": 2}), cell("b", "1.1.1f", {"n": 3}), cell("c", "3.0.2", {"n": 1})]
    (view,) = differences(judge_cells(cells, record, Catalogue((wrong, right))))
    assert view.known is None


def test_a_cell_that_broke_off_makes_no_entry_stale_and_hides_no_later_cell() -> None:
    misspelt = entry("D009", {"fact": "promts", "on": "OpenSSL < 3", "value": "x"})
    step = JudgedStep("1", "openssl genrsa -des3 -out k 4096", (), {"prompts": []})
    version = Version.parse(Implementation.OPENSSL, "1.1.1g")
    broken = JudgedCell("a", version, "linux", "case", (step,), "the engine is gone")
    catalogue = Catalogue((misspelt,))
    alone = catalogue_state([broken], judge_cells([broken], RECORD, catalogue), catalogue, whole=True)
    assert dict(alone.stale) == {}
    cells = [broken, cell("b", "1.1.1g", OLD)]
    both = catalogue_state(cells, judge_cells(cells, RECORD, catalogue), catalogue, whole=True)
    assert list(both.stale) == ["D009"]


def test_a_fact_that_turned_up_on_one_target_is_not_misspelt_for_another() -> None:
    label = entry("D002", {"fact": "key.pem_label", "on": "OpenSSL < 3", "value": "OLD"})
    cells = [cell("a", "1.1.1g", OLD), cell("b", "1.1.1f", {"prompts": OLD["prompts"]})]
    records: dict[str, Record] = {"case": {"1": {"prompts": OLD["prompts"]}}}
    catalogue = Catalogue((label,))
    for ordered in (cells, cells[::-1]):
        state = catalogue_state(ordered, judge_cells(ordered, records, catalogue), catalogue, whole=True)
        assert (state.proven, dict(state.stale)) == (("D002",), {})


def test_a_fact_that_turned_up_in_a_later_step_is_not_misspelt_however_the_first_is_shared() -> None:
    label = entry("D002", {"fact": "key.pem_label", "on": "OpenSSL < 3", "value": "OLD"})
    prompts: dict[str, FactValue] = {"prompts": OLD["prompts"]}
    one, two = cell("a", "1.1.1g", prompts), cell("b", "1.1.1g", prompts)
    two = replace(two, steps=(*two.steps, JudgedStep("2", "openssl y", (), {"key.pem_label@k": "OLD"})))
    catalogue = Catalogue((label,))
    for cells in ([one, two], [two, one]):
        judgements = judge_cells(cells, {"case": {"1": prompts}}, catalogue)
        assert judgements[0].steps[0] is judgements[1].steps[0]
        assert dict(catalogue_state(cells, judgements, catalogue, whole=True).stale) == {}


def test_what_all_targets_show_alike_or_as_recorded_is_no_difference() -> None:
    record: dict[str, Record] = {"case": {"1": {"n": {"contains": ["x"]}, "e": 0}}}
    cells = [cell("a", "3.0.2", {"n": ["x"], "e": 7}), cell("b", "3.0.2", {"n": ["x", "y"], "e": 7})]
    assert differences(judge_cells(cells, record, Catalogue(()))) == ()


def test_what_was_judged_before_is_not_judged_again() -> None:
    before, cells = Judged(), [cell("a", "3.0.2", NEW)]
    (first,) = judge_cells(cells, {}, Catalogue(()), before)
    (second,) = judge_cells(cells, {}, Catalogue(()), before)
    assert first == second == judge_cells(cells, {}, Catalogue(()))[0]
    assert first.steps[0] is second.steps[0]
