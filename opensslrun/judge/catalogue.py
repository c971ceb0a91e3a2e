"""The catalogue: which value a known difference predicts for a fact on a version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from pathlib import Path

from opensslrun.driver.version import Version
from opensslrun.errors import UsageError
from opensslrun.judge.match import alike
from opensslrun.judge.model import JudgedCell, JudgedStep
from opensslrun.judge.schema import CatalogueTable, Difference, Shown, Where
from opensslrun.suggestion import suggestion
from opensslrun.tomlfile import read_toml, validated


class ContradictionError(UsageError):
    """The catalogue predicts two values for one fact of one cell."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One entry's value for one fact of one cell; ``number`` is its place among the entry's values, from 1."""

    difference: Difference
    shown: Shown
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All known differences."""

    entries: tuple[Difference, ...]

    def entry(self, name: str) -> Difference:
        """The entry with this id, in any case of letters. Raises UsageError when there is none."""
        for entry in self.entries:
            if entry.id == name.upper():
                return entry
        hint = suggestion(name, [entry.id for entry in self.entries])
        raise UsageError(f"no known difference has the id {name!r}; {hint}")

    def covering(self, cell: JudgedCell, step: JudgedStep) -> tuple[Prediction, ...]:
        """Everything the catalogue says of this step on this target, for whatever fact.

        Where it says the same of a step on several targets, they are given one and the same tuple.
        """
        there = _at(self, cell.case, step.id, step.run)
        meant = _on(self, cell.target, cell.version, cell.platform)
        made = _made(self, cell.made_by)
        chosen = tuple([place in meant and place in made for place in there.places])
        return _picked(self, cell.case, step.id, step.run, chosen)


@dataclass(frozen=True, slots=True)
class _There:
    """What is said of a step, on whatever target, and the place of each among all values of the catalogue."""

    predictions: tuple[Prediction, ...]
    places: tuple[int, ...]


@lru_cache(maxsize=4096)
def _at(catalogue: Catalogue, case: str, step: str, run: str) -> _There:
    """What is said of a step. Remembered, because a step is judged on every target."""
    covering = {entry for entry, places in _in(catalogue, case) if any(place.is_at(step, run) for place in places)}
    found = [
        (place, said)
        for place, said in enumerate(_values(catalogue))
        if said.difference.id in covering and said.shown.is_at(case, run)
    ]
    return _There(tuple(said for _, said in found), tuple(place for place, _ in found))


@lru_cache(maxsize=1024)
def _in(catalogue: Catalogue, case: str) -> tuple[tuple[str, tuple[Where, ...]], ...]:
    """The ids of the entries that speak of a case, with their places there."""
    found = ((entry.id, tuple(place for place in entry.places if place.is_in(case))) for entry in catalogue.entries)
    return tuple((entry, places) for entry, places in found if places)


@lru_cache(maxsize=16384)
def _picked(catalogue: Catalogue, case: str, step: str, run: str, chosen: tuple[bool, ...]) -> tuple[Prediction, ...]:
    """Some of what is said of a step."""
    return tuple(compress(_at(catalogue, case, step, run).predictions, chosen))


@lru_cache(maxsize=16)
def _values(catalogue: Catalogue) -> tuple[Prediction, ...]:
    """Every value of every entry, in the order of the catalogue."""
    return tuple(
        Prediction(entry, shown, number) for entry in catalogue.entries for number, shown in enumerate(entry.shows, 1)
    )


@lru_cache(maxsize=256)
def _on(catalogue: Catalogue, target: str, version: Version, platform: str) -> frozenset[int]:
    """The places of the values that speak of a target, of whatever step."""
    values = enumerate(_values(catalogue))
    return frozenset(place for place, said in values if said.shown.is_on(target, version, platform))


@lru_cache(maxsize=256)
def _made(catalogue: Catalogue, producer: tuple[Version, str] | None) -> frozenset[int]:
    """The places of the values that speak of files of a producer; None is for no pair at all."""
    return frozenset(place for place, said in enumerate(_values(catalogue)) if said.shown.is_made(producer))


def prediction_for(fact: str, said: Iterable[Prediction], where: str) -> Prediction | None:
    """The one prediction for a fact among what the catalogue says of its step.

    Raises ContradictionError when two values are predicted at once.
    """
    found = [prediction for prediction in said if prediction.shown.names(fact)]
    # That there is no such file, or no output, comes before whatever other entries say of what kind it is.
    found = [one for one in found if one.shown.says_absent] or found
    for other in found[1:]:
        if not alike(other.shown.value, found[0].shown.value):
            raise ContradictionError(
                f"the catalogue contradicts itself: {found[0].difference.id} and {other.difference.id} predict "
                f"different values for {fact} at {where}; narrow one of them"
            )
    return found[0] if found else None


def load_catalogue(paths: Iterable[Path]) -> Catalogue:
    """All entries of these files. Raises UsageError for a bad file or an id that is there twice."""
    entries: dict[str, tuple[Difference, Path]] = {}
    for path in paths:
        for entry in validated(CatalogueTable, read_toml(path), path).difference:
            if entry.id in entries:
                raise UsageError(f"the difference {entry.id} is in {entries[entry.id][1]} and in {path}; renumber one")
            entries[entry.id] = (entry, path)
    return Catalogue(tuple(entry for entry, _ in entries.values()))
