"""What does not answer: given up within seconds, and not asked again in the same run.

Many targets come from one host or registry. Without this, each of them would wait for it anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from opensslrun.errors import EnvironmentLacksError

Answer = TypeVar("Answer")

_POLL_S = 0.1


class Silent:
    """Those who gave no answer during this run, and what was said of it. Threads may share it."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def remember(self, name: str, wanted: str, reason: str) -> EnvironmentLacksError:
        """Ask no more of this host, registry or program; the error to raise for what was ``wanted`` of it.

        It is the very one that :meth:`check` raises: who asks first is chance, and is to make no difference to what a
        run says.
        """
        self._said.setdefault(name, reason)
        return self._error(name, wanted)

    def check(self, name: str, wanted: str) -> None:
        """Raise EnvironmentLacksError when ``name`` gave no answer before; ``wanted`` begins its sentence."""
        if name in self._said:
            raise self._error(name, wanted)

    def _error(self, name: str, wanted: str) -> EnvironmentLacksError:
        return EnvironmentLacksError(f"{wanted} was not to be had: {name} gave no answer ({self._said[name]})")


def answer_within(
    seconds: float, ask: Callable[[], Answer], drop: Callable[[Answer], object], check: Callable[[], None]
) -> Answer:
    """What ``ask`` gives, asked in a thread of its own: neither looking up a name nor the engine can be given a limit.

    ``check`` is called while it waits, and may raise to end the waiting. An answer that comes too late is given to
    ``drop``. Raises TimeoutError after ``seconds``, and whatever ``ask`` raises.
    """
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            answer = ask()
        except BaseException as error:  # noqa: BLE001 -- raised again by the thread that waits
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        else:
            if future.set_running_or_notify_cancel():
                future.set_result(answer)
            else:
                drop(answer)

    threading.Thread(target=run, daemon=True).start()
    try:
        _wait(future, seconds, check)
    except BaseException:
        if not future.cancel() and future.exception() is None:
            drop(future.result())
        raise
    return future.result()


def _wait(future: Future[Answer], seconds: float, check: Callable[[], None]) -> None:
    deadline = time.monotonic() + seconds
    while not wait((future,), timeout=_POLL_S).done:
        check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"no answer within {seconds:.0f} s")
