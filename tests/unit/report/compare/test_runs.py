"""Two runs held against each other, from results written by hand: what is a regression, and what cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handwritten
from onterminal import printed
from opensslrun.cli.main import main
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.report.compare.facts import Kind
from opensslrun.report.compare.runs import Comparison, compare_runs
from opensslrun.report.compare.showruns import show_comparison
from opensslrun.report.model import Result

Data = dict[str, Any]


def found(verdict: str, value: Any = 0, by: str = "", fact: str = "exit_status", **more: Any) -> Data:
    return handwritten.finding(verdict, by, fact=fact, value=value, **more)


def cell(verdict: str = "pass", value: Any = 0, *findings: Data, case: str = "a", on: str = "host") -> Data:
    step = handwritten.step(f"openssl {case}", *findings, facts={"exit_status": value, "prompts": []})
    steps = [] if verdict in {"not-run", "unsupported"} else [step]
    return handwritten.cell(on, case, verdict, *steps, reason="a reason")


def target(name: str, version: str | None = "3.0.19", **more: Any) -> Data:
    return handwritten.target(name, "OpenSSL", version, origin="built from a.tar.gz") | more


def document(*cells: Data, targets: Sequence[Data] | None = None, sums: Data | None = None, **run: Any) -> Data:
    names = dict.fromkeys(each["target"] for each in cells)
    cases = [{"id": name, "title": name} for name in dict.fromkeys(each["case"] for each in cells)]
    severities = (("D003", "security"), ("D004", "security"), ("D001", "cosmetic"))
    return handwritten.result(
        run=handwritten.run(**{"code_sha256": "c", "cases_sha256": "s"} | run),
        summary={"cells": len(cells), "facts": 1, "comparisons": 1},
        targets=list(targets) if targets is not None else [target(name) for name in names],
        cases=[each | {"sha256": (sums or {}).get(each["id"])} for each in cases],
        cells=list(cells),
        known_differences=[handwritten.known(name, severity) for name, severity in severities],
    )


def compared(old: Data, new: Data) -> Comparison:
    return compare_runs(Result.model_validate(old), Result.model_validate(new))


def kinds(old: Data, new: Data) -> list[Kind]:
    return [change.kind for change in compared(old, new).changes]


def shown(comparison: Comparison, width: int = 80) -> str:
    return printed(show_comparison, comparison, width=width)


PASS, NOT_RUN, UNSUPPORTED = cell(), cell("not-run"), cell("unsupported")
NEW, FAIL = cell("new", 1, found("new", 1)), cell("fail", 1, found("fail", 1, promise="is accepted"))
HUNG, ERROR = cell("hung", 0), cell("error") | {"steps": []}
SECURE = cell("known", 1, found("known", 1, "D003"))
OTHER_SECURE = cell("known", 1, found("known", 1, "D004"))
COSMETIC = cell("known", 1, found("known", 1, "D001"))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (PASS, NEW, Kind.WORSE),
        (PASS, FAIL, Kind.WORSE),
        (PASS, HUNG, Kind.WORSE),
        (PASS, ERROR, Kind.WORSE),
        (SECURE, FAIL, Kind.WORSE),
        (NEW, FAIL, Kind.WORSE),
        (NOT_RUN, NEW, Kind.WORSE),
        (UNSUPPORTED, FAIL, Kind.WORSE),
        (PASS, NOT_RUN, Kind.GONE),
        (PASS, UNSUPPORTED, Kind.GONE),
        (FAIL, NOT_RUN, Kind.GONE),
        (ERROR, NOT_RUN, Kind.GONE),
        (PASS, SECURE, Kind.SECURITY),
        (COSMETIC, SECURE, Kind.SECURITY),
        (PASS, COSMETIC, Kind.PREDICTED),
        (SECURE, COSMETIC, Kind.PREDICTED),
        (SECURE, PASS, Kind.PREDICTED),
        (SECURE, cell("known", 2, found("known", 2, "D003")), Kind.PREDICTED),
        (SECURE, cell("known", 2, found("known", 2, "D004")), Kind.SECURITY),
        (PASS, cell("pass", 5), Kind.PREDICTED),
        (NEW, PASS, Kind.BETTER),
        (FAIL, cell("new", 1, found("new", 1)), Kind.BETTER),
        (ERROR, PASS, Kind.BETTER),
        (NEW, SECURE, Kind.BETTER),  # the value was there and red before; now it has a name
        (NOT_RUN, PASS, Kind.RUNS),
        (cell("new", 1, found("new", 1)), cell("new", 2, found("new", 2)), Kind.WORSE),
        (cell("fail", 1, found("fail", 1)), cell("new", 2, found("new", 2)), Kind.WORSE),
    ],
)
def test_what_became_of_a_cell(before: Data, after: Data, kind: Kind) -> None:
    anchor = cell(case="z")
    comparison = compared(document(before, anchor), document(after, anchor))
    assert [change.kind for change in comparison.changes] == [kind]
    assert comparison.is_worse is kind.is_worse
    assert shown(comparison)


@pytest.mark.parametrize("same", [PASS, NEW, FAIL, HUNG, ERROR, SECURE, COSMETIC])
def test_what_is_as_it_was_is_no_change(same: Data) -> None:
    comparison = compared(document(same), document(same))
    assert comparison.changes == ()
    assert not comparison.is_worse


def test_a_known_difference_under_another_number_is_no_new_one() -> None:
    assert kinds(document(SECURE), document(OTHER_SECURE)) == []


def test_a_fact_that_nothing_predicts_is_worse_in_a_cell_that_was_as_bad_before() -> None:
    wrong = found("new", [], fact="prompts")
    before = cell("fail", 1, found("fail", 1), wrong | {"verdict": "known", "by": "D001"})
    after = cell("fail", 1, found("fail", 1), wrong)
    (change,) = compared(document(before), document(after)).changes
    assert change.kind is Kind.WORSE
    assert [fact.fact for fact in change.facts] == ["prompts"]


def test_a_step_and_a_fact_that_are_missing_are_never_taken_for_good() -> None:
    two = cell()
    two["steps"] = [two["steps"][0], two["steps"][0] | {"id": "2"}]
    (change,) = compared(document(two), document(PASS)).changes
    assert (change.kind, change.facts[0].fact) == (Kind.GONE, "the step ran")
    without = cell()
    without["steps"][0] = without["steps"][0] | {"facts": {"exit_status": 0}}
    (change,) = compared(document(cell()), document(without)).changes
    assert [(fact.fact, fact.after) for fact in change.facts] == [("prompts", {"absent": True})]


def test_a_patch_release_is_the_same_target() -> None:
    old = document(cell(on="openssl-3.5.5"), PASS, targets=[target("openssl-3.5.5", "3.5.5"), target("host")])
    new = document(cell(on="openssl-3.5.6"), PASS, targets=[target("openssl-3.5.6", "3.5.6"), target("host", "3.0.22")])
    comparison = compared(old, new)
    assert comparison.changes == ()
    assert comparison.cells == 2
    text = shown(comparison)
    assert "openssl-3.5.5 → openssl-3.5.6: OpenSSL 3.5.5 → OpenSSL 3.5.6" in text
    assert "host: OpenSSL 3.0.19 → OpenSSL 3.0.22\n" in text


@pytest.mark.parametrize(
    "other",
    [
        {"version": "3.6.0"},
        {"platform": "windows"},
        {"origin": "openssl 3.5.6-1, busybox-static 1 of debian trixie"},
        {"implementation": "LibreSSL"},
        {"version": None, "outcome": "not-run"},
    ],
)
def test_of_another_line_platform_origin_or_implementation_it_is_another_target(other: Data) -> None:
    old = document(cell(on="openssl-3.5.5"), PASS, targets=[target("openssl-3.5.5", "3.5.5"), target("host")])
    later = target("openssl-3.5.6", "3.5.6") | other
    comparison = compared(old, document(cell(on="openssl-3.5.6"), PASS, targets=[later, target("host")]))
    assert [(change.kind, change.before) for change in comparison.changes] == [(Kind.GONE, ("openssl-3.5.5",))]
    assert "only in the new run: openssl-3.5.6" in shown(comparison, 160)


def test_two_candidates_of_one_line_are_not_guessed_between() -> None:
    old = document(cell(on="openssl-3.5.5"), PASS, targets=[target("openssl-3.5.5", "3.5.5"), target("host")])
    two = [target("openssl-3.5.6", "3.5.6"), target("openssl-3.5.7", "3.5.7"), target("host")]
    new = document(cell(on="openssl-3.5.6"), cell(on="openssl-3.5.7"), PASS, targets=two)
    assert kinds(old, new) == [Kind.GONE]


def test_a_machine_that_moved_to_another_line_is_compared_and_told() -> None:
    comparison = compared(document(PASS), document(PASS, targets=[target("host", "3.5.9")]))
    assert comparison.cells == 1
    assert "which is another release line" in shown(comparison, 160)


def test_another_implementation_under_one_name_is_not_compared() -> None:
    libre = [target("host", "4.1.0", implementation="LibreSSL"), target("z")]
    comparison = compared(document(PASS, cell(on="z")), document(PASS, cell(on="z"), targets=libre))
    assert comparison.cells == 1
    assert not comparison.is_worse
    assert "of another implementation in the new run: host" in shown(comparison, 160)


def test_what_a_selection_leaves_out_is_told_and_no_regression() -> None:
    old = document(PASS, cell(on="z"), cell(case="b"))
    only = {"targets": ["host"], "cases": ["a*"]}
    comparison = compared(old, document(PASS, selection=only))
    assert not comparison.is_worse
    assert "not compared: 2 cells or pairs that the new run was not asked for" in shown(comparison)
    assert kinds(old, document(PASS)) == [Kind.GONE, Kind.GONE]
    assert kinds(old, document(PASS, selection={"targets": [], "cases": ["*"]})) == [Kind.GONE, Kind.GONE]
    assert kinds(old, document(PASS, shard="1/2")) == []


def test_readers_that_are_the_same_in_both_runs_leave_nothing_out() -> None:
    everything: Data = {"targets": [], "cases": []}
    new = document(PASS, selection=everything | {"readers": "current"})
    assert kinds(document(PASS, cell(on="z")), new) == []
    old = document(PASS, cell(on="z"), selection=everything | {"readers": "current"})
    assert kinds(old, new) == [Kind.GONE]


def test_an_interrupted_run_is_no_good_news() -> None:
    comparison = compared(document(PASS, cell(case="b")), document(PASS, cell("not-run", case="b"), complete=False))
    assert [change.kind for change in comparison.changes] == [Kind.GONE]
    assert "the new run was interrupted" in shown(comparison)
    comparison = compared(document(PASS, cell("not-run", case="b"), complete=False), document(PASS, cell(case="b")))
    assert not comparison.is_worse
    assert "the old run was interrupted" in shown(comparison)


def test_a_case_that_was_changed_is_named_and_its_facts_are_not_compared() -> None:
    old = document(PASS, cell(case="b"), sums={"a": "1", "b": "2"}, cases_sha256="x")
    new = document(PASS, cell("pass", 7, case="b"), sums={"a": "1", "b": "3"}, cases_sha256="y")
    comparison = compared(old, new)
    assert comparison.changes == ()
    assert comparison.cells == 1
    assert "not compared: 1 case changed in between: b" in shown(comparison)
    broken = document(PASS, cell("fail", 7, case="b"), sums={"a": "1", "b": "3"}, cases_sha256="y")
    assert kinds(old, broken) == [Kind.WORSE]


def test_results_that_do_not_say_what_their_cases_are_are_compared_by_command_lines() -> None:
    old, new = document(PASS, cell(case="b"), cases_sha256="x"), document(PASS, cell(case="b"), cases_sha256="y")
    assert compared(old, new).cells == 2
    new["cells"][1]["steps"][0]["run"] = "openssl another"
    comparison = compared(old, new)
    assert comparison.common.changed == ("b",)
    assert "those with the same command lines" in shown(comparison, 160)


def test_a_disproved_entry_and_a_target_that_broke_down_are_regressions() -> None:
    new = document(PASS)
    new["catalogue"]["stale"] = [{"id": "D012", "reason": "shown nowhere"}]
    assert compared(document(PASS), new).is_worse
    assert not compared(new, new).is_worse
    broken = document(PASS, targets=[target("host", outcome="error", reason="changed meanwhile")])
    assert compared(document(PASS), broken).is_worse
    assert "broke down  host: changed meanwhile" in shown(compared(document(PASS), broken))
    assert not compared(broken, broken).is_worse


def test_a_new_target_and_a_new_case_are_named_and_gate_only_what_is_found_in_them() -> None:
    more = document(PASS, cell(on="z"), cell(case="b"))
    assert not compared(document(PASS), more).is_worse
    assert kinds(document(PASS), document(PASS, cell("new", on="z"))) == [Kind.WORSE]


def test_of_a_cell_that_is_there_twice_the_worse_counts() -> None:
    assert kinds(document(PASS), document(FAIL, PASS)) == [Kind.WORSE]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (document(PASS), document(cell(on="z"), targets=[target("z", "4.0.0")]), "no target of the one is"),
        (document(PASS), document(cell(case="b")), "no cell of the one is in the other"),
        (document(PASS, sums={"a": "1"}), document(PASS, sums={"a": "2"}), "every case that both have was changed"),
        (document(NOT_RUN), document(PASS), "no cell ran in both"),
        (document(PASS), document(PASS) | {"schema": 0}, "one has schema 1, the other 0"),
        (document(), document(), "nothing in common"),
    ],
)
def test_nothing_in_common_is_refused_with_one_sentence(old: Data, new: Data, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        compared(old, new)
    assert "\n" not in str(caught.value)


CELLS = [PASS, NOT_RUN, UNSUPPORTED, NEW, FAIL, HUNG, ERROR, SECURE, OTHER_SECURE, COSMETIC, cell("pass", 3)]
some_runs = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["host", "z"])), st.sampled_from(CELLS), min_size=1
).map(
    lambda chosen: document(
        cell(case="anchor"), *(each | {"case": case, "target": on} for (case, on), each in chosen.items())
    )
)


@settings(deadline=None)  # another program may have the machine meanwhile
@given(some_runs)
def test_a_run_differs_in_nothing_from_itself(run: Data) -> None:
    comparison = compared(run, run)
    assert comparison.changes == ()
    assert not comparison.is_worse


@settings(deadline=None)  # another program may have the machine meanwhile
@given(some_runs, some_runs)
def test_what_changes_one_way_changes_back_the_other_way(one: Data, other: Data) -> None:
    there, back = compared(one, other), compared(other, one)
    facts = {(c.case, c.before, f.step, f.fact, repr(f.before), repr(f.after)) for c in there.changes for f in c.facts}
    mirror = {(c.case, c.after, f.step, f.fact, repr(f.after), repr(f.before)) for c in back.changes for f in c.facts}
    assert facts == mirror
    both = {(c.case, c.before, c.was, c.now) for c in there.changes if c.before and c.after}
    assert both == {(c.case, c.after, c.now, c.was) for c in back.changes if c.before and c.after}
    assert (there.cells, there.common.cases) == (back.cells, back.common.cases)


@settings(deadline=None)  # another program may have the machine meanwhile
@given(some_runs, some_runs)
def test_whatever_makes_a_run_fail_and_did_not_before_is_a_regression(one: Data, other: Data) -> None:
    """Said again in the plainest words, from the files alone."""
    bad = {"error", "hung", "fail", "new"}
    red = {(each["case"], each["target"]) for each in one["cells"] if each["verdict"] in bad}
    ran = {(c["case"], c["target"]) for c in one["cells"] if c["verdict"] not in {"not-run", "unsupported"}}
    still = {(c["case"], c["target"]) for c in other["cells"] if c["verdict"] not in {"not-run", "unsupported"}}
    worse = {(each["case"], each["target"]) for each in other["cells"] if each["verdict"] in bad} - red
    if worse or ran - still:
        assert compared(one, other).is_worse


def pair(verdict: str, made: str, read: str, *findings: Data) -> Data:
    base = cell(verdict, 0, *findings)
    return {"case": "p", "producer": made, "consumer": read, "verdict": verdict, "reason": "", "steps": base["steps"]}


def with_pairs(run: Data, *pairs: Data) -> Data:
    return run | {"pairs": list(pairs)}


def test_a_pair_is_compared_as_a_cell_is() -> None:
    run = document(PASS, cell(on="z"))
    old = with_pairs(run, pair("pass", "host", "z"), pair("pass", "z", "host"))
    new = with_pairs(run, pair("fail", "host", "z", found("fail", promise="is read")), pair("not-run", "z", "host"))
    comparison = compared(old, new)
    assert [(each.kind, each.after) for each in comparison.changes] == [
        (Kind.WORSE, ("host", "z")),
        (Kind.GONE, ("z", "host")),
    ]
    assert (comparison.cells, comparison.pairs) == (2, 1)
    text = shown(comparison)
    assert "p on z with the files of host" in text
    assert "1 pair worse, 1 pair no longer run. 6 facts of 2 cells and 1 pair compared." in text
    assert compared(old, with_pairs(run)).is_worse
    assert not compared(run, old).is_worse


def test_pairs_are_matched_by_release_line_too_and_narrowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier, later = [target("o-3.5.5", "3.5.5"), target("host")], [target("o-3.5.6", "3.5.6"), target("host")]
    old = document(PASS, cell(on="o-3.5.5"), targets=earlier) | {"pairs": [pair("pass", "o-3.5.5", "host")]}
    bad = pair("fail", "o-3.5.6", "host", found("fail"))
    new = document(PASS, cell(on="o-3.5.6"), targets=later) | {"pairs": [bad]}
    assert kinds(old, new) == [Kind.WORSE]
    one, other = files(tmp_path, old, new)
    assert main(["matrix", "diff", one, other, "-t", "host"]) == ExitStatus.OK
    assert main(["matrix", "diff", one, other, "-c", "p", "--format", "json"]) == ExitStatus.FOUND
    said = json.loads(capsys.readouterr().out.partition("{")[2].join(("{", "")))
    assert said["summary"]["pairs"]["worse"] == 1


HOSTILE = "a\x1b[31m[bold]\u202e\x00"


@pytest.mark.parametrize("width", [80, 160])
def test_nothing_in_a_result_reaches_the_terminal_and_every_width_is_kept(width: int) -> None:
    bad = cell("fail", HOSTILE * 30, found("fail", HOSTILE * 30, promise=HOSTILE), case=HOSTILE, on=HOSTILE)
    new = document(bad, PASS, *(cell("not-run", case=f"case-{number}") for number in range(30)))
    old = document(PASS, *(cell(case=f"case-{number}") for number in range(30)))
    text = shown(compared(old, new), width)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "and 24 more on host" in text


def files(folder: Path, *documents: Data) -> list[str]:
    paths = [folder / f"{number}.json" for number, _ in enumerate(documents)]
    for path, each in zip(paths, documents, strict=True):
        path.write_text(json.dumps(each))
    return [str(path) for path in paths]


def test_the_exit_status_and_the_document_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = files(tmp_path, document(PASS), document(FAIL))
    assert main(["matrix", "diff", good, bad]) == ExitStatus.FOUND
    assert "promised: is accepted" in capsys.readouterr().out
    assert main(["matrix", "diff", bad, good, "--format", "json"]) == ExitStatus.OK
    said = json.loads(capsys.readouterr().out)
    assert (said["regression"], said["summary"]["better"], said["changes"][0]["kind"]) == (False, 1, "better")
    assert main(["matrix", "diff", good, bad, "--format", "json"]) == ExitStatus.FOUND
    said = json.loads(capsys.readouterr().out)
    assert (said["regression"], said["changes"][0]["facts"][0]["after"]) == (True, 1)


def test_globs_narrow_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = document(cell(on="openssl-3.5.5"), PASS, targets=[target("openssl-3.5.5", "3.5.5"), target("host")])
    later = [target("openssl-3.5.6", "3.5.6"), target("host")]
    one, other = files(tmp_path, old, document(FAIL | {"target": "openssl-3.5.6"}, PASS, targets=later))
    assert main(["matrix", "diff", one, other, "-t", "host"]) == ExitStatus.OK
    for glob in ("openssl-3.5.5", "openssl-3.5.6"):
        assert main(["matrix", "diff", one, other, "-t", glob]) == ExitStatus.FOUND
    assert main(["matrix", "diff", one, other, "-c", "b"]) == ExitStatus.USAGE
    assert "no case matches 'b'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "compares OLD.json with NEW.json"),
        (("OLD",), "compares OLD.json with NEW.json"),
        (("OLD", "OLD", "OLD"), "compares OLD.json with NEW.json"),
        (("OLD", "GONE"), "there is no result GONE"),
        (("OLD", "TEXT"), "TEXT is not a result of opensslrun"),
        (("OLD", "LATER"), "use a newer opensslrun"),
        (("OLD", "STRANGE"), "'excellent' is no verdict"),
        (("--from", "host", "OLD"), "needs --from and --to, both"),
        (("--to", "host", "OLD"), "needs --from and --to, both"),
        (("--from", "host", "--to", "host", "OLD", "OLD"), "give one file"),
        (("--from", "host", "--to", "z", "-t", "z", "OLD"), "-t narrows the comparison of two runs"),
        (("--from", "host", "--to", "host"), "there is no result opensslrun-results.json"),
        (("OLD", "OLD", "-t", "nobody"), "no target matches 'nobody'"),
    ],
)
def test_bad_input_gets_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: Sequence[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("OLD").write_text(json.dumps(document(PASS)))
    Path("TEXT").write_text("no result")
    Path("LATER").write_text(json.dumps(document(PASS) | {"schema": 2}))
    Path("STRANGE").write_text(json.dumps(document(PASS | {"verdict": "excellent"})))
    assert main(["matrix", "diff", *arguments]) == ExitStatus.USAGE
    message = capsys.readouterr().err
    assert says in message
    assert len(message.splitlines()) == 1
