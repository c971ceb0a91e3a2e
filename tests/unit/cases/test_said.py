"""Values as a person writes them down: what could match nothing, or anything, is refused when it is read."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from opensslrun.cases.said import SaidValue
from opensslrun.facts.model import FactValue

READER: TypeAdapter[FactValue] = TypeAdapter(SaidValue)


@pytest.mark.parametrize(
    "said",
    [
        {"between": [1]},
        {"between": [2, 1]},
        {"between": [False, 9]},
        {"between": [1, 2, 3]},
        {"between": 5},
        {"contains": []},
        {"contains": "x"},
        {"lacks": []},
        {"like": []},
        {"like": ["*"]},
        {"like": ["Enter *:", 5]},
        {"absent": False},
        {"absent": 1},
        {"iterations": {"between": [1, 2]}, "scheme": "PBES2"},
    ],
)
def test_a_pattern_that_says_nothing_or_anything_is_refused(said: FactValue) -> None:
    with pytest.raises(ValidationError):
        READER.validate_python(said)


@pytest.mark.parametrize(
    "said",
    [{"between": [8, 8]}, {"like": ["Enter *:"]}, {"contains": ["a"]}, {"absent": True}, [1, True], {"ca": True}],
)
def test_what_says_something_is_kept_as_it_is(said: FactValue) -> None:
    read = READER.validate_python(said)
    assert (read, repr(read)) == (said, repr(said))


def test_a_null_can_be_written_in_toml() -> None:
    assert READER.validate_python({"none": True}) is None
    assert READER.validate_python([{"path_length": {"none": True}}]) == [{"path_length": None}]
    assert READER.validate_python({"contains": [{"none": True}]}) == {"contains": [None]}
