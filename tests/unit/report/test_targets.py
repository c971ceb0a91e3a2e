"""Targets as listed, and readers as the doctor sees them, from states written by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from onterminal import printed
from opensslrun.driver.version import Implementation
from opensslrun.errors import ExitStatus
from opensslrun.pipeline.doctor import Check, Diagnosis, State, readers_here
from opensslrun.report.targets import show_readers_here, show_targets, support, target_as_data
from opensslrun.targets.model import Availability, Available, Need, PathRoute, Reader, StandIn, Target

TODAY = date(2026, 6, 1)


def state(name: str, availability: Availability, reader: Reader | None = None, **more: Any) -> Available:
    base: dict[str, Any] = {"need": Need.INFORMATIONAL, "source": Path("t.toml"), "routes": (PathRoute(None),)}
    made = Target(
        id=name,
        implementation=Implementation.OPENSSL,
        version="1.1.1",
        platform="linux",
        reader=reader or Reader(name),
        **(base | more),
    )
    return Available(made, availability, f"why {name}")


def states(own: Availability, stand_in: Availability, **more: Any) -> tuple[Available, ...]:
    reader = Reader("Ubuntu 18.04", "ubuntu", "18.04", "18.04")
    given = {"need": Need.REQUIRED, "guide_row": "Ubuntu", "stand_in": StandIn("near", "their patches")} | more
    other = state("other", Availability.READY, Reader("Debian 12", "debian", "12", "12"))
    return other, state("own", own, reader, **given), state("near", stand_in)


def shown(show: Any, given: Any, width: int) -> str:
    return " ".join(printed(lambda console: show(given, console, TODAY), width=width).split())


@pytest.mark.parametrize(
    ("lts", "ends", "says"),
    [
        (True, date(2030, 4, 8), "LTS until 2030-04-08"),
        (True, date(2023, 9, 11), "LTS, ended 2023-09-11"),
        (False, date(2028, 8, 9), "supported until 2028-08-09"),
        (False, TODAY, "supported until 2026-06-01"),
        (False, date(2026, 5, 31), "support ended 2026-05-31"),
        (True, None, "LTS"),
        (False, None, ""),
    ],
)
def test_support_is_said_as_of_today(lts: bool, ends: date | None, says: str) -> None:
    target = state("t", Availability.READY, lts=lts, end_of_life=ends).target
    assert support(target, TODAY) == says


@pytest.mark.parametrize("width", [80, 160])
def test_the_list_says_for_whom_each_target_stands(width: int) -> None:
    given = states(Availability.OBTAINABLE, Availability.READY, lts=True, end_of_life=date(2023, 5, 31))
    text = shown(show_targets, given, width)
    assert "Ubuntu 18.04 (the guide's; required; LTS, ended 2023-05-31; stand-in near)" in text
    assert "own: why own" in text
    assert "2 of 3 targets ready" in text
    assert ("OpenSSL 1.1.1" in text) is (width == 160)


def test_the_json_list_has_the_same() -> None:
    data = target_as_data(states(Availability.OBTAINABLE, Availability.READY, lts=True)[1])
    assert (data["reader"], data["guide_row"], data["lts"]) == ("Ubuntu 18.04", "Ubuntu", True)
    assert (data["stand_in"], data["lacks"]) == ("near", "their patches")


def diagnosis(targets: tuple[Available, ...]) -> Diagnosis:
    return Diagnosis((Check("openssl", State.OK, ""),), targets, tuple(readers_here(targets)))


READY, OBTAINABLE, UNOBTAINABLE = Availability.READY, Availability.OBTAINABLE, Availability.UNOBTAINABLE


@pytest.mark.parametrize(
    ("own", "stand_in", "status"),
    [
        (READY, UNOBTAINABLE, ExitStatus.OK),
        (OBTAINABLE, UNOBTAINABLE, ExitStatus.OK),
        (UNOBTAINABLE, READY, ExitStatus.OK),
        (UNOBTAINABLE, OBTAINABLE, ExitStatus.OK),
        (UNOBTAINABLE, UNOBTAINABLE, ExitStatus.ENVIRONMENT),
    ],
)
def test_a_required_row_needs_itself_or_its_stand_in(
    own: Availability, stand_in: Availability, status: ExitStatus
) -> None:
    assert diagnosis(states(own, stand_in)).status is status


def test_a_required_target_without_stand_in_or_reader_is_lacking_too() -> None:
    alone = (state("own", UNOBTAINABLE, need=Need.REQUIRED),)
    assert diagnosis(alone).status is ExitStatus.ENVIRONMENT


def test_the_doctor_shows_the_guides_readers_first_each_with_its_stand_in() -> None:
    text = shown(show_readers_here, diagnosis(states(UNOBTAINABLE, READY)), 160)
    assert "Ubuntu 18.04 own unobtainable; else the stand-in near, ready: why own Debian 12 other ready" in text
    assert "targets: 2 ready, 0 obtainable, 1 unobtainable" in text
    assert "stand-in" not in shown(show_readers_here, diagnosis(states(READY, READY)), 160)
