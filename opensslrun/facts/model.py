"""A fact: one canonical value drawn from what a step did.

A fact's name is ``group.name`` (``exit_status``, ``certificate.version``), followed by ``@FILE`` when it speaks
of a file (``key.pem_label@rootCA.key``). Its value is plain JSON, so that it can be stored, compared and shown.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from dataclasses import dataclass

from typing_extensions import TypeAliasType

FactValue = TypeAliasType("FactValue", "bool | int | str | list[FactValue] | dict[str, FactValue] | None")


@dataclass(frozen=True, slots=True)
class Fact:
    """One value. A fact that does not gate is recorded and shown only (wording, unless a case names it)."""

    name: str
    value: FactValue
    gates: bool


Facts = Mapping[str, Fact]
"""Facts of one step, by name."""

Values = dict[str, FactValue]
"""Their values alone."""


def as_values(facts: Facts) -> tuple[Values, Values]:
    """The values of the facts that gate, and of those that are recorded only."""
    return (
        {fact.name: fact.value for fact in facts.values() if fact.gates},
        {fact.name: fact.value for fact in facts.values() if not fact.gates},
    )


def as_facts(gating: Values, recorded: Values) -> Facts:
    """What :func:`as_values` took apart."""
    facts = {name: Fact(name, value, True) for name, value in gating.items()}
    for name, value in recorded.items():
        facts[name] = Fact(name, value, False)
    return facts


def exact_key(values: Values | list[tuple[str, FactValue, bool]]) -> bytes:
    """A key that is the same for equal values and for no others: a set or a dict would take 1 for True.

    What differs in the order of a mapping alone has another key.
    """
    return marshal.dumps(values, 2)  # version 2 writes equal values alike; later ones refer back to the same object
