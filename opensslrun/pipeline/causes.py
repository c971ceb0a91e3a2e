"""What a run shows that nothing predicts, grouped so that one cause is one item, and a draft entry for each.

A cause is guessed from what belongs together: facts of one step that differ on the same targets, and one fact that
shows the same values on the same targets in several cases. Only a person can say whether the guess is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opensslrun.facts.model import FactValue
from opensslrun.pipeline.review import ABSENT_VALUE, Surprise
from opensslrun.pipeline.shown import Block, blocks, targets_of
from opensslrun.report.model import Result


@dataclass(frozen=True, slots=True)
class Item:
    """Surprises that probably have one cause, in the order in which they were found."""

    surprises: tuple[Surprise, ...]

    @property
    def to_record(self) -> tuple[Surprise, ...]:
        """Those whose value may be recorded."""
        return tuple(each for each in self.surprises if each.is_to_record)

    @property
    def to_explain(self) -> tuple[Surprise, ...]:
        """Those that some target shows another value of, for which the catalogue needs an entry."""
        return tuple(each for each in self.surprises if each.others)

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """Case and step of each, once."""
        return tuple(dict.fromkeys((each.case, each.step) for each in self.surprises))


def grouped(surprises: Sequence[Surprise]) -> tuple[Item, ...]:
    """The surprises as items: connected where they share a step and the targets that differ, or a fact's values."""
    parent = list(range(len(surprises)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    first: dict[object, int] = {}
    for place, surprise in enumerate(surprises):
        for mark in _marks(surprise):
            parent[root(place)] = root(first.setdefault(mark, place))
    groups: dict[int, list[Surprise]] = {}
    for place, surprise in enumerate(surprises):
        groups.setdefault(root(place), []).append(surprise)
    return tuple(Item(tuple(group)) for group in groups.values())


def _marks(surprise: Surprise) -> Iterator[object]:
    """What it shares with others of the same cause."""
    targets = tuple(sorted(surprise.others))
    if not targets:
        yield surprise.case
        return
    yield surprise.case, surprise.step, targets
    if ABSENT_VALUE in surprise.values.values():
        return  # that a file or an output is not there has many causes
    yield surprise.fact.partition("@")[0], json.dumps([surprise.values, surprise.others], sort_keys=True)


def draft(item: Item, result: Result) -> str:
    """A draft entry for what other targets show: TOML, with the parts only a person can write left open."""
    places = list(dict.fromkeys((each.case, each.step) for each in item.to_explain))
    where = [
        f"{{ case = {json.dumps([case for case, each in places if each == step])}, step = {json.dumps(step)} }}"
        for step in dict.fromkeys(step for _, step in places)
    ]
    lines = [
        "[[difference]]",
        'id = "D"            # the next free number; it never changes',
        'title = ""',
        'severity = ""       # security, breaks-scripts, format or cosmetic',
        f"where = {where[0] if len(where) == 1 else '[' + ', '.join(where) + ']'}",
        "shows = [",
    ]
    for (fact, value, cases), targets in _shown(item).items():
        narrowed = "" if set(cases) == {case for case, _ in places} else f"case = {json.dumps(list(cases))}, "
        for block in blocks(targets):
            on, platform = _versions(block.consumers, result)
            made = _made(block, item, result)
            lines.append(f"    {{ {narrowed}fact = {json.dumps(fact)}, on = {on}, {platform}{made}value = {value} }},")
    seen = json.dumps([_version(name, result) for name in _seen(item)])
    return "\n".join([*lines, "]", f"seen_on = {seen}", 'why = ""', 'advice = ""'])


def _shown(item: Item) -> Mapping[tuple[str, str, tuple[str, ...]], tuple[str, ...]]:
    """The targets that show each value of each fact in some cases; a file that is not there stands once for all."""
    missing = {
        (each.case, each.step, each.fact.partition("@")[2], target)
        for each in item.to_explain
        if each.fact.startswith("file.kind@")
        for target, value in each.others.items()
        if value == ABSENT_VALUE
    }
    cases: dict[tuple[str, str, tuple[str, ...]], dict[str, None]] = {}
    by_value: dict[tuple[str, str, str], dict[str, None]] = {}
    for each in item.to_explain:
        for target, value in each.others.items():
            name = each.fact.partition("@")[2]
            gone = (each.case, each.step, name, target) in missing
            by_value.setdefault((each.case, f"*@{name}" if gone else each.fact, _toml(value)), {})[target] = None
    for (case, fact, value), targets in by_value.items():
        cases.setdefault((fact, value, tuple(targets)), {})[case] = None
    return {(fact, value, tuple(of)): targets for (fact, value, targets), of in cases.items()}


def _versions(targets: Sequence[str], result: Result) -> tuple[str, str]:
    """The versions of these targets as an ``on``, and their platform where it is not Linux."""
    on = list(dict.fromkeys(_version(name, result).replace(" ", " == ", 1) for name in targets))
    platforms = sorted({target.platform for target in result.targets if target.id in targets})
    platform = "" if platforms == ["linux"] else f"platform = {json.dumps(platforms)}, "
    return json.dumps(on[0] if len(on) == 1 else on), platform


def _made(block: Block, item: Item, result: Result) -> str:
    """Of pairs: who made the files, left out where it does not matter."""
    producers = {targets_of(name)[1:] for each in item.to_explain for name in each.values}
    if not block.producers or len(block.producers) == len(producers):
        return ""
    by, platform = _versions(block.producers, result)
    return f"made_by = {by}, " + platform.replace("platform", "made_on")


def _version(name: str, result: Result) -> str:
    target = next(target for target in result.targets if target.id == name)
    return f"{target.implementation} {target.version}"


def _seen(item: Item) -> list[str]:
    names = dict.fromkeys(name for each in item.to_explain for name in each.values)
    return list(dict.fromkeys(target for name in names for target in targets_of(name)))


def _toml(value: FactValue) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if value is None:
        return "{ none = true }"
    # TOML's basic strings are JSON's, but for DEL, which must be escaped, and pairs of surrogates, which it has not.
    return "".join(
        each if each.isprintable() else f"\\u{ord(each):04x}" if ord(each) < 0x10000 else f"\\U{ord(each):08x}"
        for each in json.dumps(value, ensure_ascii=False)
    )
