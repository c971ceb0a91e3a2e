"""Pairs of producer and consumer, judged from facts written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from opensslrun.cases.model import Promise
from opensslrun.driver.version import Implementation, Version
from opensslrun.facts.model import FactValue
from opensslrun.judge.catalogue import Catalogue
from opensslrun.judge.cell import judge_cell
from opensslrun.judge.model import JudgedCell, JudgedStep, Producer, Record, Verdict
from opensslrun.judge.pairs import PairGroup, judge_pairs, pair_differences
from opensslrun.judge.run import catalogue_state
from opensslrun.judge.schema import Difference

RECORD = {"pair-p12": {"read-1": {"exit_status": 0}}}
OPENS = Promise("exit_status", 0, "the command succeeds")
VERSIONS = {"old": "OpenSSL 1.1.1g", "new": "OpenSSL 3.5.5", "libre": "LibreSSL 3.0.2", "win": "OpenSSL 1.1.1g"}


def version(name: str) -> Version:
    implementation, number = VERSIONS[name].split()
    return Version.parse(Implementation(implementation), number)


def platform(name: str) -> str:
    return "windows" if name == "win" else "linux"


def pair(producer: str | None, consumer: str, facts: Mapping[str, FactValue], error: str | None = None) -> JudgedCell:
    step = JudgedStep("read-1", "openssl pkcs12 -in client.p12 -nodes -out taken.pem", (OPENS,), facts)
    made = Producer(producer, version(producer), platform(producer)) if producer is not None else None
    return JudgedCell(consumer, version(consumer), platform(consumer), "pair-p12", (step,), error, made)


def entry(**shown: object) -> Catalogue:
    said = {"fact": "exit_status", "on": "OpenSSL >= 3.0", "value": 1, **shown}
    difference = {
        "id": "D071",
        "title": "an old file cannot be opened",
        "severity": "breaks-scripts",
        "where": {"case": "pair-p12"},
        "shows": [said],
        "why": "why",
        "advice": "advice",
    }
    return Catalogue((Difference.model_validate(difference),))


OLD_FILES = entry(made_by=["OpenSSL < 3.0", "LibreSSL < 3.2"])


def verdict(seen: JudgedCell, catalogue: Catalogue = OLD_FILES) -> Verdict:
    (judgement,) = judge_pairs([seen], RECORD, catalogue)
    return judgement.verdict


def test_a_pair_that_shows_what_is_recorded_passes() -> None:
    assert verdict(pair("new", "old", {"exit_status": 0})) is Verdict.PASS


@pytest.mark.parametrize("producer", ["old", "libre"])
def test_what_the_catalogue_predicts_for_files_of_these_versions_is_known(producer: str) -> None:
    assert verdict(pair(producer, "new", {"exit_status": 1})) is Verdict.KNOWN


def test_the_same_failure_with_the_files_of_another_version_breaks_the_promise() -> None:
    assert verdict(pair("new", "new", {"exit_status": 1})) is Verdict.FAIL


def test_the_same_failure_on_another_consumer_breaks_the_promise() -> None:
    assert verdict(pair("old", "libre", {"exit_status": 1})) is Verdict.FAIL


def test_a_value_about_a_producer_says_nothing_of_a_cell_without_one() -> None:
    assert verdict(pair(None, "new", {"exit_status": 1})) is Verdict.FAIL


def test_a_file_that_opens_although_the_catalogue_says_it_does_not_disproves_the_entry() -> None:
    seen = [pair("old", "new", {"exit_status": 0})]
    judgements = judge_pairs(seen, RECORD, OLD_FILES)
    assert [judgement.verdict for judgement in judgements] == [Verdict.NEW]
    state = catalogue_state(seen, judgements, OLD_FILES, whole=False)
    assert "on new with the files of old" in state.stale["D071"]


def test_a_value_may_be_of_the_platform_that_made_the_file() -> None:
    windows = entry(made_on="windows")
    assert verdict(pair("win", "new", {"exit_status": 1}), windows) is Verdict.KNOWN
    assert verdict(pair("old", "new", {"exit_status": 1}), windows) is Verdict.FAIL


def test_each_pair_is_judged_as_if_it_were_alone() -> None:
    values: tuple[dict[str, FactValue], ...] = (
        {"exit_status": 0},
        {"exit_status": 1},
        {"exit_status": True},
        {},
        {"exit_status": 0, "ending": "hung"},
    )
    pairs = [
        pair(producer, consumer, facts, error)
        for producer in VERSIONS
        for consumer in VERSIONS
        for facts in values
        for error in (None, "the container is gone")
    ]
    judged = judge_pairs(pairs, RECORD, OLD_FILES)
    assert list(judged) == [judge_cell(each, RECORD["pair-p12"], OLD_FILES) for each in pairs]
    assert [judgement.producer for judgement in judged] == [each.producer and each.producer.target for each in pairs]


def test_two_entries_that_contradict_each_other_about_a_pair_are_an_error_of_that_pair_alone() -> None:
    other = entry(value=2, made_by="OpenSSL < 3.0").entries[0].model_copy(update={"id": "D072"})
    both = Catalogue((*OLD_FILES.entries, other))
    assert verdict(pair("old", "new", {"exit_status": 1}), both) is Verdict.ERROR
    assert verdict(pair("libre", "new", {"exit_status": 1}), both) is Verdict.KNOWN
    (judgement,) = judge_pairs([pair("old", "new", {"exit_status": 1})], RECORD, both)
    assert (judgement.producer, judgement.target) == ("old", "new")


def test_what_differs_is_shown_in_as_few_blocks_as_there_are() -> None:
    pairs = [
        pair(producer, consumer, {"exit_status": int(consumer == "new" and producer != "new")})
        for producer in ("old", "libre", "new")
        for consumer in ("old", "libre", "new")
    ]
    (view,) = pair_differences(judge_pairs(pairs, RECORD, OLD_FILES))
    assert (view.case, view.step, view.fact, view.known) == ("pair-p12", "read-1", "exit_status", "D071")
    assert view.groups == (
        PairGroup(0, ("old", "libre", "new"), ("old", "libre")),
        PairGroup(0, ("new",), ("new",)),
        PairGroup(1, ("old", "libre"), ("new",)),
    )


def test_what_is_wrong_everywhere_and_differs_is_shown() -> None:
    pairs = [pair("new", "new", {"exit_status": 1}), pair("new", "libre", {"exit_status": 2})]
    (view,) = pair_differences(judge_pairs(pairs, RECORD, OLD_FILES))
    assert (view.known, view.groups) == (None, (PairGroup(1, ("new",), ("new",)), PairGroup(2, ("new",), ("libre",))))


def test_a_fact_that_a_pair_does_not_show_is_shown_to_be_absent() -> None:
    pairs = [pair("new", "new", {"exit_status": 0, "ending": "x"}), pair("new", "libre", {"exit_status": 0})]
    record: dict[str, Record] = {"pair-p12": {"read-1": {"exit_status": 0, "ending": "x"}}}
    (view,) = pair_differences(judge_pairs(pairs, record, OLD_FILES))
    groups = (PairGroup("x", ("new",), ("new",)), PairGroup({"absent": True}, ("new",), ("libre",)))
    assert (view.fact, view.groups) == ("ending", groups)


def test_what_nobody_explains_has_no_explanation() -> None:
    pairs = [pair("new", "new", {"exit_status": 0}), pair("new", "libre", {"exit_status": 1})]
    (view,) = pair_differences(judge_pairs(pairs, RECORD, OLD_FILES))
    assert view.known is None


def test_pairs_that_are_alike_are_no_difference() -> None:
    pairs = [pair("new", "new", {"exit_status": 0}), pair("new", "libre", {"exit_status": 0})]
    assert pair_differences(judge_pairs(pairs, RECORD, OLD_FILES)) == ()
