"""Which targets a user means."""

from __future__ import annotations

from collections.abc import Sequence

from opensslrun.targets.load import Known, select_targets
from opensslrun.targets.model import Target
from opensslrun.targets.readers import targets_of_readers


def choose_targets(known: Known, globs: Sequence[str], readers: str | None) -> tuple[Target, ...]:
    """What ``-t`` and ``--readers`` pick together; without either all but the retired. Raises UsageError."""
    if readers is None:
        return select_targets(known.targets, globs)
    picked = {target.id for target in targets_of_readers(readers, known.targets, known.profiles)}
    if globs:
        picked |= {target.id for target in select_targets(known.targets, globs)}
    return tuple(target for target in known.targets if target.id in picked)
