"""Benches that are kept between what a target runs and what it reads: real ones, of this machine's own openssl."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opensslrun.bench.base import Bench, Command
from opensslrun.bench.localbench import LocalBench
from opensslrun.driver.outcome import Input
from opensslrun.errors import EngineError
from opensslrun.pipeline.benches import Benches
from opensslrun.targets.model import Need, Obtained, PathRoute, Reader, Target

REAL = Path(shutil.which("openssl") or "openssl")


def target(name: str) -> Target:
    return Target(name, None, None, "linux", Need.INFORMATIONAL, Reader(name), (PathRoute(REAL),), Path("t.toml"))


A, B = (Obtained(target(name), None, REAL, "this machine's own") for name in ("a", "b"))


def works(bench: Bench) -> bool:
    """Whether a command can be run on it."""
    try:
        with bench.workspace({}) as workspace:
            return workspace.run(Command("openssl version", Input.NONE)).outcome.status == 0
    except EngineError:
        return False


@pytest.fixture
def interrupted() -> threading.Event:
    return threading.Event()


@pytest.fixture
def lender(interrupted: threading.Event) -> Iterator[Callable[[int], Benches]]:
    with contextlib.ExitStack() as closing:
        yield lambda room: closing.enter_context(Benches(interrupted, pytest.fail, room))


def test_a_target_gets_the_bench_again_that_it_had(lender: Callable[[int], Benches]) -> None:
    benches = lender(2)
    with benches.lend(A) as first, benches.lend(B) as other:
        assert works(first)
    assert works(first)
    benches.keep_no_more()
    with benches.lend(A) as second, benches.lend(B) as another:
        assert (second, another) == (first, other)
        assert works(second)
    assert not works(first)
    assert not works(other)
    with benches.lend(A) as third:
        assert third is not first


def test_where_it_was_obtained_as_something_else_it_gets_another(
    lender: Callable[[int], Benches], tmp_path: Path
) -> None:
    copy = tmp_path / "openssl"
    shutil.copy(REAL, copy)
    benches = lender(2)
    with benches.lend(A) as first:
        pass
    with benches.lend(Obtained(A.target, None, copy, "a copy")) as second:
        assert second is not first


def test_what_there_is_no_room_for_is_closed(lender: Callable[[int], Benches]) -> None:
    benches = lender(1)
    with benches.lend(A) as first:
        pass
    with benches.lend(B) as other:
        pass
    assert works(first)
    assert not works(other)
    with benches.lend(A):  # which makes room
        pass
    assert works(first)


def test_of_two_that_one_target_has_at_a_time_one_is_kept(lender: Callable[[int], Benches]) -> None:
    benches = lender(2)
    with benches.lend(A) as first, benches.lend(A) as second:
        assert first is not second
    assert works(second)
    assert not works(first)


def test_what_ended_with_an_error_is_closed(lender: Callable[[int], Benches]) -> None:
    benches = lender(2)
    with pytest.raises(EngineError, match="it is gone"), benches.lend(A) as first:
        raise EngineError("it is gone")
    assert not works(first)
    with benches.lend(A) as second:
        assert second is not first


def test_an_interruption_reaches_what_is_lent_what_is_kept_and_what_comes(
    lender: Callable[[int], Benches], interrupted: threading.Event
) -> None:
    benches = lender(2)
    with benches.lend(A) as kept:
        pass
    with benches.lend(B) as lent:
        interrupted.set()
        benches.interrupt()
        assert not works(kept)
        assert not works(lent)
        with benches.lend(A) as again:
            assert again is kept
            assert not works(again)
        with benches.lend(A) as new:
            assert new is not kept
            assert not works(new)
    with pytest.raises(EngineError, match="not open"):
        lent.workspace({})


def test_all_that_is_kept_is_closed_in_the_end_and_what_cannot_be_is_told(
    interrupted: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    with Benches(interrupted, told.append, 2) as benches:
        with benches.lend(A) as bad, benches.lend(B) as good:
            pass
        real = LocalBench.__exit__

        def closed(bench: LocalBench, *error: None) -> None:
            real(bench, *error)
            if bench is bad:
                raise EngineError("The container of a is still there; remove it")

        monkeypatch.setattr(LocalBench, "__exit__", closed)
    assert told == ["The container of a is still there; remove it"]
    assert not works(bad)
    assert not works(good)
