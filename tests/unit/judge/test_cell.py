"""One cell, judged alone, from facts written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from opensslrun.cases.model import Promise
from opensslrun.driver.version import Implementation, Version
from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import Judged, Recognised, judge_cell, show
from opensslrun.judge.match import ABSENT, Seen
from opensslrun.judge.model import Finding, JudgedCell, JudgedStep, Judgement, Record, Verdict
from opensslrun.judge.schema import Difference

REFUSED = Promise("verify.claim@leaf.crt", "refused", "leaf.crt is refused")


def cell(
    facts: dict[str, FactValue],
    *,
    version: str = "LibreSSL 3.0.2",
    promises: tuple[Promise, ...] = (),
    error: str | None = None,
) -> JudgedCell:
    name, number = version.split()
    step = JudgedStep("1", "openssl verify -CAfile root.crt leaf.crt", promises, facts)
    parsed = Version.parse(Implementation(name), number)
    return JudgedCell("target", parsed, "linux", "verify-expired", (step,), error)


def difference(
    value: FactValue, on: str = "LibreSSL < 3.3", fact: str = "verify.claim", name: str = "D003"
) -> Difference:
    return Difference.model_validate(
        {
            "id": name,
            "title": "verify says OK to an expired certificate",
            "severity": "security",
            "where": {"case": "verify-*"},
            "shows": [{"fact": fact, "on": on, "value": value}],
            "why": "why",
            "advice": "advice",
        }
    )


def judged(seen: JudgedCell, record: Record | None = None, *entries: Difference) -> Judgement:
    return judge_cell(seen, record, Catalogue(entries))


def test_a_recorded_value_that_is_seen_passes() -> None:
    judgement = judged(cell({"exit_status": 0}), {"1": {"exit_status": 0}})
    assert (judgement.verdict, judgement.compared) == (Verdict.PASS, 1)


def test_a_value_that_nothing_predicts_is_new() -> None:
    assert judged(cell({"exit_status": 0})).verdict is Verdict.NEW


def test_another_value_than_the_recorded_one_is_new_and_named() -> None:
    judgement = judged(cell({"exit_status": 2}), {"1": {"exit_status": 0}})
    assert judgement.verdict is Verdict.NEW
    assert "exit_status = 2" in judgement.reason
    assert "record: 0" in judgement.reason


def test_true_is_not_one() -> None:
    assert judged(cell({"x.y": True}), {"1": {"x.y": 1}}).verdict is Verdict.NEW


def test_a_recorded_fact_that_is_not_drawn_is_new() -> None:
    judgement = judged(cell({"exit_status": 0}), {"1": {"exit_status": 0, "key.bits@k": 4096}})
    assert judgement.verdict is Verdict.NEW
    assert "key.bits@k = nothing" in judgement.reason


def test_a_broken_promise_fails_even_when_the_record_agrees_with_it() -> None:
    seen = cell({"verify.claim@leaf.crt": "ok"}, promises=(REFUSED,))
    judgement = judged(seen, {"1": {"verify.claim@leaf.crt": "ok"}})
    assert judgement.verdict is Verdict.FAIL
    assert "leaf.crt is refused" in judgement.reason


def test_a_promise_about_a_fact_that_is_not_drawn_is_broken() -> None:
    assert judged(cell({"exit_status": 0}, promises=(REFUSED,)), {"1": {"exit_status": 0}}).verdict is Verdict.FAIL


def test_a_broken_promise_that_the_catalogue_predicts_exactly_is_known() -> None:
    seen = cell({"verify.claim@leaf.crt": "ok"}, promises=(REFUSED,))
    judgement = judged(seen, {"1": {"verify.claim@leaf.crt": "refused"}}, difference("ok"))
    assert judgement.verdict is Verdict.KNOWN
    assert judgement.reason == "known: D003"


def test_the_catalogue_does_not_excuse_a_version_it_does_not_name() -> None:
    seen = cell({"verify.claim@leaf.crt": "ok"}, promises=(REFUSED,), version="LibreSSL 3.3.6")
    assert judged(seen, {"1": {"verify.claim@leaf.crt": "refused"}}, difference("ok")).verdict is Verdict.FAIL


def test_the_catalogue_does_not_excuse_another_value_than_its_own() -> None:
    seen = cell({"verify.claim@leaf.crt": "crashed"}, promises=(REFUSED,))
    judgement = judged(seen, {"1": {"verify.claim@leaf.crt": "refused"}}, difference("ok"))
    assert judgement.verdict is Verdict.FAIL
    assert [entry for entry, _ in judgement.disproved] == ["D003"]


def test_a_difference_that_is_gone_disproves_its_entry() -> None:
    seen = cell({"verify.claim@leaf.crt": "refused"}, promises=(REFUSED,))
    judgement = judged(seen, {"1": {"verify.claim@leaf.crt": "refused"}}, difference("ok"))
    assert judgement.verdict is Verdict.NEW
    assert [entry for entry, _ in judgement.disproved] == ["D003"]


def test_an_entry_that_predicts_the_recorded_value_is_disproved() -> None:
    judgement = judged(cell({"verify.claim@leaf.crt": "ok"}), {"1": {"verify.claim@leaf.crt": "ok"}}, difference("ok"))
    assert "no difference" in judgement.disproved[0][1]


def test_two_entries_that_contradict_each_other_are_an_error_of_the_cell_and_lose_no_other() -> None:
    entries = difference("ok"), difference("refused", name="D004")
    judgement = judged(cell({"verify.claim@leaf.crt": "ok"}), None, *entries)
    assert judgement.verdict is Verdict.ERROR
    assert "D003 and D004 predict different values" in judgement.reason


def test_a_random_value_is_judged_by_its_bounds() -> None:
    record: Record = {"1": {"certificate.serial_octets@c": {"between": [16, 20]}}}
    assert judged(cell({"certificate.serial_octets@c": 19}), record).verdict is Verdict.PASS
    assert judged(cell({"certificate.serial_octets@c": 21}), record).verdict is Verdict.NEW
    assert judged(cell({"certificate.serial_octets@c": True}), record).verdict is Verdict.NEW


def test_the_worst_verdict_wins() -> None:
    facts: dict[str, FactValue] = {"exit_status": 0, "verify.claim@leaf.crt": "ok", "prompts": ["what?"]}
    seen = cell(facts, promises=(REFUSED,))
    record: Record = {"1": {"exit_status": 0, "verify.claim@leaf.crt": "refused"}}
    verdicts = {finding.verdict for finding in judged(seen, record).findings}
    assert verdicts == {Verdict.PASS, Verdict.FAIL, Verdict.NEW}
    assert judged(seen, record).verdict is Verdict.FAIL


def test_a_hung_step_is_its_own_verdict() -> None:
    assert judged(cell({"ending": "hung"}), {"1": {"ending": "exited"}}).verdict is Verdict.HUNG


def test_a_hang_that_the_catalogue_predicts_is_known() -> None:
    entry = difference("hung", fact="ending")
    assert judged(cell({"ending": "hung"}), {"1": {"ending": "exited"}}, entry).verdict is Verdict.KNOWN


def test_a_cell_that_could_not_be_observed_is_an_error() -> None:
    judgement = judged(cell({"exit_status": 0}, error="the engine is gone"), {"1": {"exit_status": 0}})
    assert (judgement.verdict, judgement.reason) == (Verdict.ERROR, "the engine is gone")


def test_a_cell_without_a_single_fact_is_an_error_and_not_a_pass() -> None:
    assert judged(cell({})).verdict is Verdict.ERROR


def test_the_catalogue_can_predict_that_a_fact_is_not_there() -> None:
    entry = difference({"absent": True}, fact="key.bits")
    judgement = judged(cell({"exit_status": 1}), {"1": {"exit_status": 1, "key.bits@k": 2048}}, entry)
    assert judgement.verdict is Verdict.KNOWN


def test_that_a_file_is_not_made_comes_before_what_is_said_of_its_contents() -> None:
    entries = difference({"absent": True}, fact="*@k"), difference("crlf", name="D004", fact="file.line_endings")
    record: dict[str, Mapping[str, FactValue]] = {
        "1": {"exit_status": 1, "file.line_endings@k": "lf", "file.kind@k": "file"}
    }
    judgement = judged(cell({"exit_status": 1}), record, *entries)
    assert judgement.verdict is Verdict.KNOWN
    assert judgement.disproved == ()
    made = judged(cell({"exit_status": 1, "file.line_endings@k": "crlf", "file.kind@k": "file"}), record, *entries)
    assert made.verdict is Verdict.NEW
    assert {entry for entry, _ in made.disproved} == {"D003"}


def test_one_and_true_contradict_each_other() -> None:
    entries = difference(1), difference(True, name="D004")
    assert judged(cell({"verify.claim@leaf.crt": 1}), None, *entries).verdict is Verdict.ERROR


def test_a_prediction_so_wide_that_it_covers_the_recorded_value_is_disproved() -> None:
    entry = difference({"between": [0, 20]}, fact="exit_status")
    judgement = judged(cell({"exit_status": 2}), {"1": {"exit_status": 2}}, entry)
    assert [name for name, _ in judgement.disproved] == ["D003"]
    entry = difference({"contains": ["x"]}, fact="verify.errors")
    record: Record = {"1": {"verify.errors": ["x", "y"]}}
    assert judged(cell({"verify.errors": ["x", "y"]}), record, entry).disproved


def test_a_promise_that_a_fact_is_not_there_can_be_kept() -> None:
    nothing = Promise("key.pem_label@k", {"absent": True}, "k has no label")
    seen = cell({"exit_status": 0}, promises=(nothing,))
    assert judged(seen, {"1": {"exit_status": 0}}).verdict is Verdict.PASS
    seen = cell({"exit_status": 0, "key.pem_label@k": "X"}, promises=(nothing,))
    assert judged(seen, {"1": {"exit_status": 0}}).verdict is Verdict.FAIL


def test_texts_that_name_a_file_are_known_by_their_globs() -> None:
    entry = difference({"like": ["Enter pass phrase for *:", "Verifying - Enter pass phrase for *:"]}, fact="prompts")
    record: Record = {"1": {"prompts": ["Enter PEM pass phrase:", "Verifying - Enter PEM pass phrase:"]}}
    asked: list[FactValue] = ["Enter pass phrase for a.key:", "Verifying - Enter pass phrase for a.key:"]
    assert judged(cell({"prompts": asked}), record, entry).verdict is Verdict.KNOWN
    for other in (asked[:1], [*asked, "More:"], ["Password:", "Password:"], asked[::-1]):
        assert judged(cell({"prompts": list(other)}), record, entry).verdict is Verdict.NEW


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"ending": "hung", "verify.claim@leaf.crt": "ok"}, Verdict.HUNG),
        ({"x.y": 1, "verify.claim@leaf.crt": "crashed"}, Verdict.FAIL),
        ({"x.y": 1, "a.b": 2}, Verdict.NEW),
        ({"x.y": 0, "a.b": 2}, Verdict.KNOWN),
        ({"x.y": 0, "a.b": 1}, Verdict.PASS),
    ],
)
def test_the_worst_is_the_worst_by_its_meaning_and_not_by_its_name(
    facts: dict[str, FactValue], verdict: Verdict
) -> None:
    claimed = "verify.claim@leaf.crt" in facts
    record: Record = {"1": {"x.y": 0, "a.b": 1} if not claimed else {"verify.claim@leaf.crt": "refused"}}
    facts = {"x.y": 0, "a.b": 1, **facts} if not claimed else facts
    seen = cell(facts, promises=(REFUSED,) if claimed else ())
    entry = difference(2, fact="a.b")
    entries = (entry,) if facts.get("a.b") == 2 else ()
    assert judged(seen, record, *entries).verdict is verdict


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ({"a.b": 2}, {"x.y": 1}, Verdict.NEW),
        ({"ending": "hung"}, {"verify.claim@leaf.crt": "crashed"}, Verdict.HUNG),
        ({"verify.claim@leaf.crt": "crashed"}, {"x.y": 1}, Verdict.FAIL),
        ({"x.y": 0}, {"a.b": 2}, Verdict.KNOWN),
        ({"x.y": 0}, {"a.b": 1}, Verdict.PASS),
    ],
)
def test_the_worst_of_several_steps_is_the_worst_by_its_meaning_too(
    first: dict[str, FactValue], second: dict[str, FactValue], verdict: Verdict
) -> None:
    """Wherever it is among them: as words, fail comes before hung and known before new."""
    steps = [
        JudgedStep(name, "openssl x", (REFUSED,) if REFUSED.fact in facts else (), facts)
        for name, facts in (("1", first), ("2", second))
    ]
    said: dict[str, FactValue] = {"x.y": 0, "a.b": 1, "ending": "exited"}
    record: Record = {step.id: {fact: value for fact, value in said.items() if fact in step.facts} for step in steps}
    entries = (difference(2, fact="a.b"),) if 2 in (*first.values(), *second.values()) else ()
    for ordered in (steps, steps[::-1]):
        assert judged(replace(cell({}), steps=tuple(ordered)), record, *entries).verdict is verdict


def test_every_judgement_says_whose_it_is_and_what_it_rests_on() -> None:
    record: Record = {"1": {"exit_status": 0}}
    contradiction = difference("ok"), difference("refused", name="D004")
    for judgement in (
        judged(cell({"exit_status": 0}), record),
        judged(cell({"exit_status": 0}, error="gone"), record),
        judged(cell({})),
        judged(cell({"verify.claim@leaf.crt": "ok"}), None, *contradiction),
    ):
        assert (judgement.target, judgement.case) == ("target", "verify-expired")
    contradicted = judged(cell({"verify.claim@leaf.crt": "ok"}), None, *contradiction)
    assert (contradicted.findings, contradicted.compared, contradicted.disproved) == ((), 0, ())
    assert "verify.claim@leaf.crt at verify-expired, step 1, on target" in contradicted.reason
    nothing = judged(cell({}))
    assert (nothing.findings, nothing.compared, nothing.disproved) == ((), 0, ())
    assert nothing.reason == "no fact was drawn from it"


def test_a_cell_that_broke_off_keeps_what_it_showed_and_disproved() -> None:
    seen = cell({"exit_status": 0, "verify.claim@leaf.crt": "refused"}, error="gone")
    judgement = judged(seen, {"1": {"exit_status": 0}}, difference("ok"))
    assert judgement.verdict is Verdict.ERROR
    assert [finding.fact for finding in judgement.findings] == ["exit_status", "verify.claim@leaf.crt"]
    assert judgement.compared == 2
    assert [entry for entry, _ in judgement.disproved] == ["D003"]


def test_only_what_was_held_against_something_counts_as_compared() -> None:
    assert judged(cell({"a": 1, "b": 2, "c": 3}), {"1": {"a": 1, "b": 9}}).compared == 2


def test_a_finding_says_what_was_seen_predicted_by_whom_and_promised() -> None:
    seen = cell({"verify.claim@leaf.crt": "ok", "x": 1, "y": 2}, promises=(REFUSED,))
    record: Record = {"1": {"verify.claim@leaf.crt": "refused", "x": 1}}
    claim, as_recorded, unknown = judged(seen, record).findings
    assert claim == Finding(
        "1", "verify.claim@leaf.crt", Verdict.FAIL, "ok", "refused", "record", "leaf.crt is refused"
    )  # fmt: skip
    assert as_recorded == Finding("1", "x", Verdict.PASS, 1, 1, "record")
    assert unknown == Finding("1", "y", Verdict.NEW, 2, ABSENT, "")
    entry = difference("ok")
    known = judged(seen, record, entry).findings[0]
    assert (known.verdict, known.by, known.predicted, known.difference) == (Verdict.KNOWN, "D003", "ok", entry)


def test_only_an_ending_hangs() -> None:
    assert judged(cell({"stderr.classes": "hung"}), {"1": {"stderr.classes": "x"}}).verdict is Verdict.NEW
    assert judged(cell({"ending": "exited"}), {"1": {"ending": "signal SIGXFSZ"}}).verdict is Verdict.NEW


def test_a_fact_that_a_step_without_a_record_shows_disproves_nothing() -> None:
    judgement = judged(cell({"verify.claim@leaf.crt": "ok"}), {"2": {"verify.claim@leaf.crt": "ok"}}, difference("ok"))
    assert (judgement.verdict, judgement.disproved) == (Verdict.KNOWN, ())


def test_what_disproves_an_entry_is_said_in_full() -> None:
    record: Record = {"1": {"verify.claim@leaf.crt": "refused"}}
    other = judged(cell({"verify.claim@leaf.crt": "refused"}), record, difference("ok"))
    place = "for verify.claim@leaf.crt of verify-expired, step 1, on target"
    assert other.disproved == (("D003", f"D003 predicts ok {place}, which shows refused"),)
    same = judged(cell({"verify.claim@leaf.crt": "ok"}), {"1": {"verify.claim@leaf.crt": "ok"}}, difference("ok"))
    assert same.disproved == (
        ("D003", f"D003 predicts ok {place}, which shows ok as recorded; it is no difference"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "record", "reason"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "step 1 shows a = 1; predicted by record: 2"),
        ({"a": 1}, {}, "step 1 shows a = 1; nothing is recorded for it"),
        ({"a": 1, "b": 1}, {}, "step 1 shows a = 1; nothing is recorded for it, and 1 more"),
        ({"ending": "hung"}, {}, "step 1 did not end"),
        ({"verify.claim@leaf.crt": "ok"}, {}, "step 1 breaks a promise: leaf.crt is refused (seen: ok)"),
    ],
)
def test_the_reason_names_the_first_of_the_worst(
    seen: dict[str, FactValue], record: dict[str, FactValue], reason: str
) -> None:
    promises = (REFUSED,) if "verify.claim@leaf.crt" in seen else ()
    assert judged(cell(seen, promises=promises), {"1": record}).reason == reason


def test_the_reason_names_each_known_difference_once() -> None:
    entries = difference(1, fact="b", name="D009"), difference(1, fact="a"), difference(1, fact="c")
    assert judged(cell({"a": 1, "b": 1, "c": 1, "d": 1}), {"1": {"d": 1}}, *entries).reason == "known: D003, D009"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (ABSENT, "nothing"), ("plain", "plain"), ("", "''"), (" x", "' x'"), ("a\x1bb", r"'a\x1bb'"), (True, "yes"),
        (False, "no"), (None, "none"), (7, "7"), (["a", 1], "[a, 1]"), ({"between": [1, 20]}, "1 to 20"),
        ({"a": 1, "b": [True]}, "{a: 1, b: [yes]}"), ({"between": [1, 2], "x": 1}, "{between: [1, 2], x: 1}"),
    ],
)  # fmt: skip
def test_a_value_is_shown_on_one_line(value: Seen, words: str) -> None:
    assert show(value) == words


def test_two_entries_that_say_the_same_do_not_contradict_each_other() -> None:
    entries = difference("ok"), difference("ok", name="D004")
    judgement = judged(cell({"verify.claim@leaf.crt": "ok"}), None, *entries)
    assert (judgement.verdict, judgement.reason) == (Verdict.KNOWN, "known: D003")


by_each = pytest.mark.parametrize("kept", [Judged, Recognised])
"""What remembers steps that are judged already."""


@by_each
def test_steps_that_share_their_facts_are_judged_by_what_is_said_of_each(kept: type[Judged | Recognised]) -> None:
    """On another version, under another promise, in another step or case: the same facts are not the same finding."""
    facts: dict[str, FactValue] = {"verify.claim@leaf.crt": "ok"}
    record: Record = {"1": {"verify.claim@leaf.crt": "refused"}, "2": {"verify.claim@leaf.crt": "ok"}}
    known = cell(facts)
    (step,) = known.steps
    cells = [
        known,
        replace(known, version=Version.parse(Implementation.LIBRESSL, "3.8.2")),
        replace(
            known, version=Version.parse(Implementation.LIBRESSL, "3.8.2"), steps=(replace(step, promises=(REFUSED,)),)
        ),
        replace(known, steps=(replace(step, id="2"),)),
        replace(known, case="other", steps=(step,)),
        replace(known, steps=(replace(step, facts={"verify.claim@leaf.crt": "refused"}),)),
        known,
    ]
    catalogue, shared = Catalogue((difference("ok"),)), kept()
    judgements = [judge_cell(each, record, catalogue, shared) for each in cells]
    assert judgements == [judge_cell(each, record, catalogue) for each in cells]
    assert [each.verdict.value for each in judgements] == ["known", "new", "fail", "known", "new", "new", "known"]
    assert judgements[0].steps[0] is judgements[-1].steps[0]


@by_each
def test_steps_that_share_their_facts_are_held_against_their_own_record(kept: type[Judged | Recognised]) -> None:
    one = cell({"n": 1})
    (step,) = one.steps
    cells = [one, replace(one, case="other"), replace(one, steps=(replace(step, id="2"),))]
    records: dict[str, Record] = {"verify-expired": {"1": {"n": 1}, "2": {"n": 2}}, "other": {"1": {"n": 2}}}
    shared = kept()
    judgements = [judge_cell(each, records[each.case], Catalogue(()), shared) for each in cells]
    assert [each.verdict for each in judgements] == [Verdict.PASS, Verdict.NEW, Verdict.NEW]


@by_each
def test_steps_that_showed_the_same_in_other_objects_share_a_judgement_unless_1_is_true(
    kept: type[Judged | Recognised],
) -> None:
    shared = kept()
    one, other, true = (judge_cell(cell({"n": n}), {"1": {"n": 1}}, Catalogue(()), shared) for n in (1, 1, True))
    assert one.steps[0] is other.steps[0]
    assert (one.verdict, true.verdict) == (Verdict.PASS, Verdict.NEW)


def test_what_was_made_of_a_step_is_counted_once_for_all_who_share_it() -> None:
    record: Record = {"1": {"a": 1, "b": 2, "gone": 3, "verify.claim@leaf.crt": "refused"}}
    seen = cell({"a": 1, "b": 9, "new": 1, "verify.claim@leaf.crt": "ok"})
    (step,) = judged(seen, record, difference("ok")).steps
    assert (step.step, step.verdict, step.compared, step.shown) == ("1", Verdict.NEW, 4, 4)
    assert (step.known, step.wrong) == (frozenset({"D003"}), ())
    (nothing,) = judged(cell({})).steps
    assert (nothing.verdict, nothing.compared, nothing.shown, nothing.known) == (None, 0, 0, frozenset())


@by_each
def test_facts_that_are_gone_lend_their_judgement_to_no_others(kept: type[Judged | Recognised]) -> None:
    """Cells that come one by one and are dropped: the next one's facts may lie where the last one's lay."""
    numbers = [1, 2, 1, 2] * 50
    shared, catalogue, record = kept(), Catalogue(()), {"1": {"n": 1}}
    verdicts = [judge_cell(cell({"n": number}), record, catalogue, shared).verdict for number in numbers]
    assert verdicts == [Verdict.PASS if number == 1 else Verdict.NEW for number in numbers]


def test_what_was_judged_as_it_went_is_taken_over_and_added_to() -> None:
    as_it_went, record, catalogue = Judged(), {"1": {"n": 1}}, Catalogue(())
    (before,) = judge_cell(cell({"n": 1}), record, catalogue, as_it_went).steps
    later = Recognised(as_it_went)
    assert judge_cell(cell({"n": 1}), record, catalogue, later).steps == (before,)
    assert judge_cell(cell({"n": 1}), record, catalogue, later).steps[0] is before
    (new,) = judge_cell(cell({"n": 2}), record, catalogue, later).steps
    assert new.verdict is Verdict.NEW
    assert judge_cell(cell({"n": 2}), record, catalogue, as_it_went).steps[0] is new
