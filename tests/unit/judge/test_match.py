"""What was said against what was seen: equality with types, and each pattern at its edges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opensslrun.judge.match import ABSENT, alike, matches

SAME = [1, 0, True, False, None, "", "x", [], ["a", 1], {}, {"a": [1]}, {"between": [1, 2], "x": 1}]
DIFFERENT: list[tuple[Any, Any]] = [
    (1, True), (0, False), (0, None), (1, "1"), ("", None), ("x", "y"), ([], None), ([], {}), ([1], [True]),
    (["a"], ["a", "b"]), (["a", "b"], ["a"]), (["a", "b"], ["b", "a"]), ({"a": 1}, {"a": 2}), ({"a": 1}, {"a": True}),
    ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1, "b": 2}, {"a": 1}), ({"a": [1, 2]}, {"a": [1, 3]}),
    ([[1]], [[2]]), ({}, []), ([], "x"), ({}, "x"), ("x", []), ("x", {}),
]  # fmt: skip


@pytest.mark.parametrize("value", SAME)
def test_a_value_is_itself_and_never_absent(value: Any) -> None:
    another = json.loads(json.dumps(value))
    assert matches(value, another)
    assert alike(value, another)
    assert not matches(value, ABSENT)
    assert not alike(value, ABSENT)
    assert not alike(ABSENT, value)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_that_only_look_alike_are_different(one: Any, other: Any) -> None:
    for said, seen in ((one, other), (other, one)):
        assert not matches(said, seen)
        assert not alike(said, seen)


def test_what_is_not_there_is_like_itself() -> None:
    assert alike(ABSENT, ABSENT)


@pytest.mark.parametrize(
    ("said", "yes", "no"),
    [
        ({"absent": True}, [ABSENT], [None, 0, "", [], "absent", {"absent": True}]),
        ({"absent": False}, [None, 0, ""], [ABSENT]),
        ({"between": [2, 4]}, [2, 3, 4], [1, 5, True, "3", None, [3], ABSENT, 3.0]),
        ({"between": [0, 1]}, [0, 1], [True, False]),
        ({"between": "24"}, [], [2, 3]),
        ({"between": ["a", 4]}, [], [3]),
        ({"between": [2, "z"]}, [], [3]),
        ({"contains": ["a", 1]}, [["a", 1], [1, "b", "a"]], [["a"], [1], ["a", True], [], "a1", ABSENT, None]),
        ({"contains": "a"}, [], [["a"], "a"]),
        ({"lacks": ["a", 1]}, [[], ["b"], [True]], [["a"], [1], ["b", 1], "b", ABSENT, None]),
        ({"lacks": "a"}, [], [["b"], "b"]),
        ({"like": ["x*", "*y"]}, [["x", "y"], ["xx", "yy"]],
         [["x"], ["x", "y", "y"], ["y", "x"], ["x", 1], "xy", ABSENT, []]),
        ({"like": "xy"}, [], [["x", "y"], "xy"]),
        ({"like": ["x*", 1]}, [], [["x", "1"]]),
    ],
    ids=str,
)  # fmt: skip
def test_a_pattern_means_what_it_says(said: Any, yes: list[Any], no: list[Any]) -> None:
    assert [seen for seen in yes if not matches(said, seen)] == []
    assert [seen for seen in no if matches(said, seen)] == []
