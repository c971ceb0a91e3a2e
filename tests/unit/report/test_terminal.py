"""The terminal report, from a result written by hand."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

import handwritten
from onterminal import printed
from opensslrun.report.model import Result
from opensslrun.report.terminal import show_result
from opensslrun.report.words import shortened, value_in_words, visible


def document(**changes: Any) -> dict[str, Any]:
    finding = {"fact": "verify.claim@leaf.crt", "verdict": "known", "value": "ok", "predicted": "ok", "by": "D003"}
    run = "openssl verify -CAfile root.crt leaf.crt"
    base: dict[str, Any] = {
        "run": handwritten.run(duration_s=2.5),
        "summary": {"cells": 2, "facts": 2, "comparisons": 2, "pass": 1, "known": 1},
        "targets": [target("host", "OpenSSL", "3.0.19"), target("libressl-3.0.2", "LibreSSL", "3.0.2")],
        "cases": [{"id": "verify-expired", "title": "An expired certificate is refused"}],
        "cells": [
            cell("host", "pass", step(run, {"verify.claim@leaf.crt": "refused"})),
            cell("libressl-3.0.2", "known", step(run, {"verify.claim@leaf.crt": "ok"}, finding)),
        ],
        "differences": [
            {
                "case": "verify-expired",
                "step": "1",
                "fact": "verify.claim@leaf.crt",
                "groups": [
                    {"value": "refused", "targets": ["host"]},
                    {"value": "ok", "targets": ["libressl-3.0.2"]},
                ],
                "known": "D003",
            }
        ],
        "catalogue": {"proven": ["D003"], "unproven": [], "stale": []},
        "known_differences": [
            {
                "id": "D003",
                "title": "verify says OK to an expired certificate",
                "severity": "security",
                "why": "why",
                "advice": "read the lines that begin with error",
            }
        ],
    }
    return handwritten.result(**base | changes)


def target(name: str, implementation: str, version: str) -> dict[str, Any]:
    seen = f"{implementation} {version}"
    return handwritten.target(name, implementation, version, version_line=seen, need="required")


def step(run: str, facts: dict[str, Any], *findings: dict[str, Any]) -> dict[str, Any]:
    return handwritten.step(run, *findings, facts=facts)


def cell(name: str, verdict: str, *steps: dict[str, Any], reason: str = "") -> dict[str, Any]:
    return handwritten.cell(name, "verify-expired", verdict, *steps, reason=reason)


def shown(data: dict[str, Any], width: int = 80) -> str:
    return printed(show_result, Result.model_validate(data), width=width)


def test_a_known_security_difference_stays_in_sight() -> None:
    text = shown(document(), 120)
    assert "known: security" in text
    assert "D003  security  verify says OK to an expired certificate" in text
    assert "read the lines that begin with error" in text
    assert text.rstrip().endswith("2 cells as predicted, 1 known difference (1 security). 2 facts compared in 2.5 s.")


def test_a_known_security_difference_is_red() -> None:
    stream = io.StringIO()
    show_result(Result.model_validate(document()), Console(file=stream, width=80, force_terminal=True))
    assert "\x1b[1;31mknown: security" in stream.getvalue()


def test_the_sides_of_a_difference_stand_side_by_side() -> None:
    lines = shown(document()).splitlines()
    assert any("refused" in line and "host" in line for line in lines)
    assert any("ok" in line and "libressl-3.0.2" in line for line in lines)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert len(shown(document(), width).splitlines()) > 5


def test_what_nobody_predicted_is_shown_with_its_command_line() -> None:
    finding = {"fact": "exit_status", "verdict": "new", "value": 0, "predicted": {"absent": True}, "by": ""}
    data = document(
        cells=[cell("host", "new", step("openssl verify x", {"exit_status": 0}, finding))],
        summary={"cells": 1, "facts": 1, "comparisons": 0, "new": 1},
    )
    text = shown(data)
    assert "Not as predicted" in text
    assert "openssl verify x" in text
    assert "exit_status is 0; nothing is recorded for it" in text
    assert "1 cell not as predicted" in text


def test_a_target_that_did_not_run_is_named_with_its_reason() -> None:
    missing = {**target("gone", "OpenSSL", "1"), "outcome": "not-run", "reason": "no engine", "version": None}
    data = document(targets=[missing], cells=[cell("gone", "not-run", reason="no engine")])
    text = shown(data)
    assert "not run: gone: no engine" in text
    assert "0 of 1 target ran" in text


def test_a_target_that_broke_down_is_told_once_and_not_for_each_case() -> None:
    broken = {**target("broken", "OpenSSL", "1"), "outcome": "error", "reason": "no room left"}
    cells = [{**cell("broken", "error", reason="no room left"), "case": name} for name in ("one", "two", "three")]
    ended = {**cell("broken", "error", step("openssl x", {}), reason="it ended"), "case": "four"}
    text = shown(document(targets=[broken], cells=[*cells, ended], differences=[], known_differences=[]))
    assert "error  broken: 3 cases\n  no room left\n" in text
    assert "error  broken: four\n  it ended\n" in text
    assert text.count("no room left") == 2  # there, and beside the answer


def test_control_characters_of_a_run_are_shown_and_not_obeyed() -> None:
    finding = {"fact": "stdout", "verdict": "new", "value": "a\x1b[31mb\u202e", "predicted": None, "by": ""}
    data = document(cells=[cell("host", "new", step("openssl \x1b]0;x\x07", {"stdout": "x"}, finding))])
    text = shown(data)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mb\\u202e" in text


def test_values_are_said_in_words() -> None:
    assert value_in_words(["a", "b"]) == "a, b"
    assert value_in_words([]) == "none"
    assert value_in_words(value=True) == "yes"
    assert value_in_words({"between": [8, 9]}) == "8 to 9"
    assert value_in_words({"absent": True}) == "(not there)"
    assert value_in_words("") == "''"
    assert value_in_words({"scheme": "PBES2", "iterations": 2048}) == "scheme PBES2, iterations 2048"


def test_a_cut_is_shown() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert visible("plain ünïcode") == "plain ünïcode"


def test_members_of_a_list_that_hold_its_separator_are_quoted() -> None:
    assert value_in_words(["Enter PEM pass phrase:", "a, b", "c"]) == "'Enter PEM pass phrase:', 'a, b', c"


def test_a_disproved_entry_is_counted_and_not_called_a_cell() -> None:
    stale = {"proven": [], "unproven": [], "stale": [{"id": "D003", "reason": "it is gone"}]}
    text = shown(document(catalogue=stale), 160)
    assert "1 known difference disproved, 2 as predicted" in text
    assert "0 cells not" not in text


def test_what_did_not_run_is_counted_in_the_answer() -> None:
    summary = {"cells": 2, "facts": 1, "comparisons": 1, "pass": 1, "not-run": 1}
    assert "1 cell as predicted, 1 not run" in shown(document(summary=summary), 160)
    run = document()["run"] | {"complete": False}
    assert "1 not run, interrupted" in shown(document(summary=summary, run=run), 160)


def test_lines_do_not_end_in_a_screen_of_blanks() -> None:
    text = shown(document(), 160)
    assert max(len(line) - len(line.rstrip()) for line in text.splitlines()) <= 20


def test_a_case_that_is_not_recorded_yet_is_no_wall_of_facts() -> None:
    facts = [f"fact.{number}" for number in range(23)]
    findings = [{"fact": fact, "verdict": "new", "value": 0, "predicted": {"absent": True}, "by": ""} for fact in facts]
    broken = {**findings[0], "fact": "exit_status", "verdict": "fail", "promise": "the command succeeds"}
    run = step("openssl verify x", dict.fromkeys(facts, 0), *findings, broken)
    text = shown(document(cells=[cell("host", "fail", run)]), 160)
    assert "nothing is recorded for 23 facts; 'opensslrun review' shows them" in text
    assert "fact.7" not in text
    assert "promised: the command succeeds" in text


def pairs_of(verdicts: dict[tuple[str, str], str]) -> dict[str, Any]:
    finding = {"fact": "exit_status", "verdict": "known", "value": 1, "predicted": 1, "by": "D003"}
    pairs = [
        {
            "case": "pair-key",
            "producer": producer,
            "consumer": consumer,
            "verdict": verdict,
            "reason": "step read-1 breaks a promise" if verdict == "fail" else "",
            "steps": [step("openssl rsa", {"exit_status": 0}, *([finding] if verdict == "known" else []))],
        }
        for (producer, consumer), verdict in verdicts.items()
    ]
    counts = {name: list(verdicts.values()).count(name) for name in set(verdicts.values())}
    summary = {"cells": 2, "facts": 2, "comparisons": 2, "pass": 1, "known": 1, "pairs": len(pairs)}
    return {"pairs": pairs, "summary": summary | {"pair_verdicts": counts}}


EVERYONE = [(one, other) for one in ("host", "libressl-3.0.2") for other in ("host", "libressl-3.0.2")]


def test_pairs_that_do_not_depend_on_who_made_the_file_are_a_line() -> None:
    text = shown(document(**pairs_of(dict.fromkeys(EVERYONE, "pass"))))
    assert "4 pairs: each version reads what any other made as it reads its own." in text
    assert "made by (down)" not in text
    assert "2 cells as predicted, 4 pairs of producer and consumer as predicted" in " ".join(text.split())


def test_a_case_in_which_it_matters_who_made_the_file_has_a_table() -> None:
    verdicts = dict.fromkeys(EVERYONE, "pass") | {("libressl-3.0.2", "host"): "known"}
    lines = shown(document(**pairs_of(verdicts))).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("pair-key  made by (down)"))
    assert [line.rstrip() for line in lines[first + 1 : first + 5]] == [
        "                   12",
        "1  host            ..",
        "2  libressl-3.0.2  S.",
        "S known: security  . pass",
    ]


def test_a_pair_that_is_not_as_predicted_is_told_with_its_reason() -> None:
    verdicts = dict.fromkeys(EVERYONE, "pass") | {("host", "libressl-3.0.2"): "fail"}
    text = " ".join(shown(document(**pairs_of(verdicts))).split())
    assert "fail libressl-3.0.2 with the files of host: pair-key step read-1 breaks a promise" in text
    assert "1 pair of producer and consumer not as predicted, 3 as predicted" in text
