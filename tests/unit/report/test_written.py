"""A result is written as pydantic would write it, letter by letter, however much of it is shared."""

from __future__ import annotations

import json
import lzma
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from opensslrun.report import model as m
from opensslrun.report.words import visible_json
from opensslrun.report.written import result_in_pieces

REAL = Path(__file__).resolve().parents[2] / "browser" / "result.json.xz"


def result_as_json(result: m.Result) -> str:
    return "".join(result_in_pieces(result))


def plainly(result: m.Result) -> str:
    """The same document, each part of it by itself."""
    parts = []
    for name, field in m.Result.model_fields.items():
        value = getattr(result, name)
        if isinstance(value, list):
            said = "[" + ",".join(f"\n  {_plain(member)}" for member in value) + ("\n ]" if value else "]")
        elif isinstance(value, dict):
            members = ",".join(f"\n  {json.dumps(key)}: {_plain(member)}" for key, member in value.items())
            said = "{" + members + ("\n }" if value else "}")
        else:
            said = _plain(value)
        parts.append(f" {json.dumps(field.alias or name)}: {said}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _plain(value: object) -> str:
    if isinstance(value, BaseModel):
        return visible_json(value.model_dump_json(by_alias=True))
    return json.dumps(value)


@pytest.fixture(scope="module")
def real() -> m.Result:
    return m.Result.model_validate_json(lzma.decompress(REAL.read_bytes()))


def test_a_real_result_is_written_as_pydantic_would(real: m.Result) -> None:
    assert result_as_json(real) == plainly(real)


def test_what_steps_share_is_in_each_of_them(real: m.Result) -> None:
    first, second, *_ = [cell for cell in real.cells if cell.steps]
    step = first.steps[0]
    shared = {"facts": step.facts, "wording": step.wording, "findings": step.findings}
    cells = [first, second.model_copy(update={"steps": [step, second.steps[0].model_copy(update=shared)]})]
    result = real.model_copy(update={"cells": cells})
    assert result_as_json(result) == plainly(result)


def test_equal_parts_that_are_not_the_same_do_not_stand_for_each_other(real: m.Result) -> None:
    """1 equals true, and is not written alike."""
    cell = next(cell for cell in real.cells if cell.steps)
    steps = [
        cell.steps[0].model_copy(update={"facts": facts, "wording": {}, "findings": []})
        for facts in ({"a": 1}, {"a": True}, {"a": 1})
    ]
    result = real.model_copy(update={"cells": [cell.model_copy(update={"steps": steps})]})
    assert result_as_json(result) == plainly(result)
    written = json.loads(result_as_json(result))["cells"][0]["steps"]
    assert [step["facts"]["a"] is True for step in written] == [False, True, False]


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@example(texts=["\x7f"] * 7, value={"a": [True, 1]}, seconds=math.inf, cached=True)
@example(texts=["\x1b\u2028"] * 7, value=None, seconds=1e-7, cached=False)
@given(texts=st.lists(st.text(), min_size=7, max_size=7), value=VALUES, seconds=st.floats(), cached=st.booleans())
def test_whatever_was_printed_and_however_long_it_took(
    real: m.Result, texts: list[str], value: Any, seconds: float, cached: bool
) -> None:
    finding = m.FindingResult(fact=texts[0], verdict="new", value=value, predicted=value, by=texts[1])
    step = m.StepResult(
        id=texts[2], run=texts[3], observation=texts[4], duration_s=seconds, facts={texts[5]: value},
        wording={texts[6]: value}, findings=[finding],
    )  # fmt: skip
    more: dict[str, Any] = {"verdict": "new", "reason": texts[6], "cached": cached, "duration_s": seconds}
    cell = m.CellResult(target=texts[0], case=texts[1], steps=[step, step], **more)
    pair = m.PairResult(case=texts[2], producer=texts[3], consumer=texts[4], steps=[step], **more)
    result = real.model_copy(update={"cells": [cell], "pairs": [pair], "observations": {}, "differences": []})
    assert result_as_json(result) == plainly(result)
