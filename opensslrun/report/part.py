"""What all parts of a result have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of every part of a result: strict in types, tolerant of keys that a later version adds."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)
