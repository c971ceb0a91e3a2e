"""``-t ID``: the driver's commands on the ``openssl`` of a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opensslrun.bench.base import Bench, Command
from opensslrun.driver.outcome import Outcome
from opensslrun.driver.runner import CarryingRunner, Errand, LocalRunner, Runner
from opensslrun.errors import EnvironmentLacksError, UsageError
from opensslrun.targets.load import load_targets, select_targets
from opensslrun.targets.obtain import obtain, open_bench
from opensslrun.targets.prove import prove


@contextmanager
def runner_for_target(target: str) -> Iterator[Runner]:
    """A runner for the one target with this id, obtained first if need be, proven, and gone afterwards.

    Raises UsageError for an id that is no target's, EnvironmentLacksError when it cannot be obtained,
    TargetNotProvenError when it is not what it is declared to be.
    """
    chosen = select_targets(load_targets(None), (target,))
    if len(chosen) != 1:
        raise UsageError(f"-t {target} names {len(chosen)} targets; name one: {', '.join(each.id for each in chosen)}")
    got = obtain(chosen[0], lambda _target, _stage, _part: None)
    if got.image_id is None:
        if got.path is None:
            raise EnvironmentLacksError(f"{target} has neither an image nor a path; obtain it again")
        yield LocalRunner(got.path)
        return
    with open_bench(got) as bench:
        prove(bench, chosen[0])
        yield CarryingRunner(f"the openssl of {target}", lambda errand: _carried(bench, errand))


def _carried(bench: Bench, errand: Errand) -> tuple[Outcome, Mapping[str, bytes]]:
    with bench.workspace(errand.files) as workspace:
        seen = workspace.run(Command(errand.line, errand.input, errand.answers, errand.timeout_s))
    return seen.outcome, {name: file.content for name, file in seen.files.items() if file.content is not None}
