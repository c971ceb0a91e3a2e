"""A fact: one canonical value drawn from what a step did.

A fact's name is ``group.name`` (``exit_status``, ``certificate.version``), followed by ``@FILE`` when it speaks
of a file (``key.pem_label@rootCA.key``). Its value is plain JSON, so that it can be stored, compared and shown.
"""

from __future__ import annotations

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
