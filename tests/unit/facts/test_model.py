"""Facts as plain values and back, and a key by which equal values are found."""

from __future__ import annotations

import json

import pytest

from opensslrun.facts.model import Fact, FactValue, as_facts, as_values, exact_key


def test_facts_come_back_from_their_values_as_they_were() -> None:
    facts = {"a": Fact("a", 1, gates=True), "b": Fact("b", ["x"], gates=False)}
    assert as_values(facts) == ({"a": 1}, {"b": ["x"]})
    assert as_facts(*as_values(facts)) == facts
    assert as_facts(*json.loads(json.dumps(as_values(facts)))) == facts


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), (0, None), ("1", 1), ([], {}), ([1], [True]), ("", [])]
)
def test_what_is_not_the_same_has_another_key(one: FactValue, other: FactValue) -> None:
    assert exact_key({"a": one}) != exact_key({"a": other})
    assert exact_key({"a": one}) != exact_key({"b": one})
    assert exact_key([("a", one, True)]) != exact_key([("a", one, False)])


def test_what_is_equal_has_one_key_whichever_objects_it_is_of() -> None:
    text = "a text that no other object has"
    copy = json.loads(json.dumps(text))
    assert copy is not text
    assert exact_key({"a": text, "b": text}) == exact_key({"a": text, "b": copy})
