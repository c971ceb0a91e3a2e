"""Ctrl-C, SIGTERM by which CI systems end a job, and SIGHUP of a terminal that is closed: noticed at any moment without
anything being lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

_Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What interrupts; Windows has no SIGHUP."""


class Interruptions:
    """While it lasts, an interruption sets :attr:`seen` instead of raising at whatever line is running.

    A run looks at it between its steps, so that a second Ctrl-C cannot tear what the first one is tidying up, nor
    the writing of the result. Outside the main thread, which alone gets signals, nothing changes. A signal that is
    ignored (``nohup``, a shell's background job) stays so.
    """

    def __init__(self) -> None:
        self.seen = threading.Event()
        self._raises = False
        self._before: dict[signal.Signals, _Handler] = {}

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within this, an interruption raises KeyboardInterrupt too: for code that waits for it."""
        self._raises = True
        try:
            if self.seen.is_set():
                raise KeyboardInterrupt
            yield
        finally:
            self._raises = False

    def _noticed(self, _number: int, _frame: FrameType | None) -> None:
        self.seen.set()
        if self._raises:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._noticed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
