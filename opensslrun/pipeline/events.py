"""What a run tells while it goes on. A listener shows it; the run does not know how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensslrun.pipeline.observed import ObservedCell
    from opensslrun.targets.model import Obtained, Proof


class Listener:
    """Told of everything, from several threads at once; by default it says nothing."""

    def stage(self, target: str, stage: str, part: float | None) -> None:
        """A target is being obtained: the stage it is in, and how much of it is done (0 to 1, or None)."""

    def obtained(self, target: str, origin: str) -> None:
        """A target is there."""

    def missing(self, targets: Sequence[str], reason: str) -> None:
        """Targets could not be obtained, all for one reason."""

    def planned(self, cells: int) -> None:
        """How many cells are going to run."""

    def cells_recalled(self, target: str, cells: int) -> None:
        """So many cells of a target are there from an earlier run; nothing more is told of them."""

    def remark(self, sentence: str) -> None:
        """Something a user may want to know, and that changes no result."""

    def cell_started(self, target: str, case: str) -> None:
        """A cell begins."""

    def cell_done(self, target: str, case: str, error: str | None) -> None:
        """A cell was observed, or could not be."""

    def cell_observed(self, obtained: Obtained, proof: Proof, cell: ObservedCell) -> None:
        """A cell was observed on a target with this proof, and what was seen of it."""

    def found(self, target: str, case: str, verdict: str, reason: str) -> None:
        """A cell was not as predicted."""

    def reading(self, pairs: int) -> None:
        """All cells are done; now so many pairs are going to be read."""

    def pairs_recalled(self, consumer: str, pairs: int) -> None:
        """So many pairs of a consumer are there from an earlier run; nothing more is told of them."""

    def pair_done(self, consumer: str, case: str, producer: str, error: str | None) -> None:
        """What one target made was read by another, or could not be."""

    def closed(self) -> None:
        """Nothing more will be told."""
