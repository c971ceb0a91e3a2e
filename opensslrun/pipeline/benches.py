"""The benches of one run: opened when a target first needs one, kept for what it reads later, closed in the end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from opensslrun.bench.base import Bench
from opensslrun.bench.connection import Connection
from opensslrun.errors import OpensslrunError
from opensslrun.targets.model import Obtained
from opensslrun.targets.obtain import open_bench


class Benches:
    """Lends each target a bench, and has one connection to the engine for all of them.

    A context manager: leaving it closes what is still kept. Its methods may be called by several threads.
    """

    def __init__(self, interrupted: threading.Event, remark: Callable[[str], None], room: int = 0) -> None:
        """At most ``room`` benches are kept open while nothing runs on them, until :meth:`keep_no_more`.

        What is opened after ``interrupted`` was set is interrupted at once. ``remark`` is told in a sentence what
        could not be closed in the end.
        """
        self.interrupted = interrupted
        self._remark = remark
        self._room = room
        self._connection = Connection()
        self._lock = threading.Lock()
        self._lent: list[Bench] = []
        self._kept: dict[Obtained, Bench] = {}

    @contextlib.contextmanager
    def lend(self, obtained: Obtained) -> Iterator[Bench]:
        """The bench that was kept for a target, or a new one.

        It is closed when it comes back with an error, or when there is no room for it. Raises EngineError where
        opening or closing it fails.
        """
        with contextlib.ExitStack() as closing:
            bench = self._was_kept(obtained)
            if bench is None:
                bench = closing.enter_context(open_bench(obtained, self._connection))
                self._opened(bench)
            else:
                closing.push(bench)
            try:
                yield bench
            finally:
                with self._lock:
                    self._lent.remove(bench)
            if self._keeps(obtained, bench):
                closing.pop_all()

    def keep_no_more(self) -> None:
        """Close from now on what comes back."""
        with self._lock:
            self._room = 0

    def interrupt(self) -> None:
        """From another thread: every command that runs on one of them, and every later one, raises EngineError soon."""
        with self._lock:
            benches = (*self._lent, *self._kept.values())
        for bench in benches:
            bench.interrupt()

    def _was_kept(self, obtained: Obtained) -> Bench | None:
        with self._lock:
            bench = self._kept.pop(obtained, None)
            if bench is not None:
                self._lent.append(bench)
            return bench

    def _opened(self, bench: Bench) -> None:
        with self._lock:
            self._lent.append(bench)
        if self.interrupted.is_set():
            bench.interrupt()

    def _keeps(self, obtained: Obtained, bench: Bench) -> bool:
        with self._lock:
            if obtained in self._kept or len(self._kept) >= self._room or self.interrupted.is_set():
                return False
            self._kept[obtained] = bench
            return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        kept, self._kept = tuple(self._kept.values()), {}
        with self._connection, ThreadPoolExecutor(thread_name_prefix="close") as pool:
            for said in pool.map(_close, kept):
                if said is not None:
                    self._remark(said)


def _close(bench: Bench) -> str | None:
    """Close it; what went wrong with that."""
    try:
        bench.__exit__(None, None, None)
    except OpensslrunError as error:
        return str(error)
    return None
