"""A result as the JSON document that it is written as.

What pydantic would write of a whole result, letter by letter; but what thousands of steps share (facts, wording,
findings) is put into JSON once for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial

from pydantic import BaseModel
from pydantic_core import to_json

from opensslrun.report.model import CellResult, PairResult, Result, StepResult
from opensslrun.report.words import visible_json

_HEAD = ("schema_", "run")
"""What of a result says which run it is of; these stand first. The rest is what the run showed."""


def result_in_pieces(result: Result) -> Iterator[str]:
    """The result as one JSON document, a line for each cell, pair and the like, so that it is never in memory twice."""
    yield from head_in_pieces(result)
    yield from rest_in_pieces(result)


def head_in_pieces(result: Result) -> Iterator[str]:
    """The part of the document that says which run it is of; :func:`rest_in_pieces` goes on where it ends."""
    opening = "{\n"
    for name in _HEAD:
        yield f"{opening} {json.dumps(Result.model_fields[name].alias or name)}: "
        opening = ",\n"
        yield visible_json(_Written().any(getattr(result, name)))


def rest_in_pieces(result: Result) -> Iterator[str]:
    """Everything else, to the end of the document."""
    written = _Written()
    for name, field in Result.model_fields.items():
        if name in _HEAD:
            continue
        yield f",\n {json.dumps(field.alias or name)}: "
        value = getattr(result, name)
        if isinstance(value, list):
            yield from _members("[", ((None, member) for member in value), "]", written)
        elif isinstance(value, dict):
            yield from _members("{", value.items(), "}", written)
        else:
            yield visible_json(written.any(value))
    yield "\n}\n"


def _members(
    opening: str, members: Iterable[tuple[str | None, BaseModel]], closing: str, written: _Written
) -> Iterator[str]:
    before = f"{opening}\n  "
    for key, member in members:
        yield before + ("" if key is None else f"{json.dumps(key)}: ") + visible_json(written.any(member))
        before = ",\n  "
    yield opening + closing if before.startswith(opening) else f"\n {closing}"


_json = partial(to_json, inf_nan_mode="null")


class _Written:
    """JSON of a result's parts. What is shared is known again by its identity, so the result must outlive this."""

    def __init__(self) -> None:
        self._shared: dict[int, str] = {}
        self._texts: dict[str, str] = {}

    def any(self, value: BaseModel | int) -> str:
        match value:
            case CellResult():
                place = f'"target":{self._text(value.target)},"case":{self._text(value.case)}'
                return self._cell(value, place)
            case PairResult():
                place = f'"case":{self._text(value.case)},"producer":{self._text(value.producer)}'
                return self._cell(value, f'{place},"consumer":{self._text(value.consumer)}')
            case BaseModel():
                return value.model_dump_json(by_alias=True)
            case _:
                return json.dumps(value)

    def _cell(self, cell: CellResult | PairResult, place: str) -> str:
        return (
            f'{{{place},"verdict":{self._text(cell.verdict)},"reason":{self._text(cell.reason)},'
            f'"cached":{"true" if cell.cached else "false"},"duration_s":{_json(cell.duration_s).decode()},'
            f'"steps":[{",".join([self._step(step) for step in cell.steps])}]}}'
        )

    def _step(self, step: StepResult) -> str:
        return (
            f'{{"id":{self._text(step.id)},"run":{self._text(step.run)},'
            f'"observation":{self._text(step.observation)},"duration_s":{_json(step.duration_s).decode()},'
            f'"facts":{self._once(step.facts)},"wording":{self._once(step.wording)},'
            f'"findings":{self._once(step.findings)}}}'
        )

    def _text(self, text: str) -> str:
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = _json(text).decode()
        return known

    def _once(self, value: object) -> str:
        known = self._shared.get(id(value))
        if known is None:
            known = self._shared[id(value)] = _json(value, by_alias=True).decode()
        return known
