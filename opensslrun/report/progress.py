"""A run's progress: a live display on a terminal, plain lines elsewhere. Both go to stderr."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from opensslrun.pipeline.events import Listener
from opensslrun.report.words import counted, names_in_words, shortened, visible

_FOUND = 300
"""Characters of what was found that are told while a run goes on; the end has all of it."""

SLOW_S = 10.0
"""Seconds after which a cell that still runs is named."""


class PlainProgress(Listener):
    """A line for each thing worth a line; repeated stages are not repeated."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._stages: dict[str, str] = {}
        self._cells = 0
        self._done = 0

    def _say(self, text: str) -> None:
        with self._lock:
            self._console.out(visible(text), highlight=False)

    def stage(self, target: str, stage: str, part: float | None) -> None:  # noqa: ARG002
        """Say a stage once, when it begins."""
        if self._stages.get(target) != stage:
            self._stages[target] = stage
            self._say(f"{target}: {stage}")

    def obtained(self, target: str, origin: str) -> None:
        """Say that a target is there, if it was not before."""
        if target in self._stages:
            self._say(f"{target}: ready ({origin})")

    def missing(self, targets: Sequence[str], reason: str) -> None:
        """Say that targets are not there, and why."""
        self._say(f"{names_in_words(targets)}: not run: {reason}")

    def planned(self, cells: int) -> None:
        """Remember how many cells there will be."""
        self._cells = cells

    def cells_recalled(self, target: str, cells: int) -> None:
        """Say how many cells are done already."""
        if not cells:
            return
        with self._lock:
            self._done += cells
            count = f"[{self._done}/{self._cells}]"
        self._say(f"{count} {target}: {counted(cells, 'cell')} from the cache")

    def remark(self, sentence: str) -> None:
        """Say it."""
        self._say(sentence)

    def cell_done(self, target: str, case: str, error: str | None) -> None:
        """Say that a cell is done."""
        with self._lock:
            self._done += 1
            count = f"[{self._done}/{self._cells}]"
        self._say(f"{count} {target}: {case}" + (f": {error}" if error else ""))

    def reading(self, pairs: int) -> None:
        """Say that what was made is going to be read."""
        self._say(f"reading what every target made: {pairs} pairs")

    def pair_done(self, consumer: str, case: str, producer: str, error: str | None) -> None:
        """Say nothing of each of thousands, but of those that could not be run."""
        if error:
            self._say(f"{consumer}: {case} of {producer}: {error}")

    def found(self, target: str, case: str, verdict: str, reason: str) -> None:
        """Say what was found."""
        self._say(f"{verdict}: {target}: {case}: {shortened(reason, _FOUND)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed()


class LiveProgress(Listener):
    """Bars: one for each target being obtained, then one for the cells with what is running now."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left", style="dim"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._lock = threading.Lock()
        self._stages: dict[str, TaskID] = {}
        self._running: dict[tuple[str, str], float] = {}
        self._cells: TaskID | None = None
        self._pairs: TaskID | None = None

    def stage(self, target: str, stage: str, part: float | None) -> None:
        """Show the stage and its bar."""
        with self._lock:
            if target not in self._stages:
                self._stages[target] = self._progress.add_task(target, total=None)
            total, done = (None, 0) if part is None else (100, int(part * 100))
            self._progress.update(
                self._stages[target], description=f"{target}: {visible(stage)}", total=total, completed=done
            )

    def obtained(self, target: str, origin: str) -> None:
        """Replace the bar by a line that stays."""
        with self._lock:
            if target in self._stages:
                self._progress.remove_task(self._stages.pop(target))
                self._progress.console.print(f"{target}: ready ({visible(origin)})", soft_wrap=True)

    def missing(self, targets: Sequence[str], reason: str) -> None:
        """Replace the bars by the reason."""
        with self._lock:
            for target in targets:
                if target in self._stages:
                    self._progress.remove_task(self._stages.pop(target))
            self._progress.console.print(f"{names_in_words(targets)}: not run: {visible(reason)}", soft_wrap=True)

    def planned(self, cells: int) -> None:
        """Start the bar of cells."""
        self._cells = self._progress.add_task("cells", total=cells)

    def cells_recalled(self, target: str, cells: int) -> None:  # noqa: ARG002
        """Count them."""
        if self._cells is not None:
            self._progress.advance(self._cells, cells)

    def remark(self, sentence: str) -> None:
        """A line that stays."""
        self._progress.console.print(visible(sentence), soft_wrap=True)

    def cell_started(self, target: str, case: str) -> None:
        """Name what is running."""
        with self._lock:
            self._running[target, case] = time.monotonic()
        self._describe()

    def cell_done(self, target: str, case: str, error: str | None) -> None:
        """Count it; a failure gets a line that stays."""
        with self._lock:
            self._running.pop((target, case), None)
        if self._cells is not None:
            self._progress.advance(self._cells)
        if error:
            self._progress.console.print(f"{target}: {case}: {visible(error)}", soft_wrap=True)
        self._describe()

    def found(self, target: str, case: str, verdict: str, reason: str) -> None:
        """A line that stays."""
        said = shortened(visible(reason), _FOUND)
        self._progress.console.print(
            Text.assemble((verdict, "bold red"), f": {target}: {case}: {said}"), soft_wrap=True
        )

    def _describe(self) -> None:
        if self._cells is None:
            return
        with self._lock:
            oldest = sorted(self._running.items(), key=lambda item: item[1])[:2]
        now = time.monotonic()
        names = [f"{target}: {case}" + (" (slow)" if now - since > SLOW_S else "") for (target, case), since in oldest]
        self._progress.update(self._cells, description=", ".join(names) or "cells")

    def reading(self, pairs: int) -> None:
        """Start the bar of pairs."""
        self._pairs = self._progress.add_task("pairs", total=pairs)

    def pairs_recalled(self, consumer: str, pairs: int) -> None:  # noqa: ARG002
        """Count them."""
        if self._pairs is not None:
            self._progress.advance(self._pairs, pairs)

    def pair_done(self, consumer: str, case: str, producer: str, error: str | None) -> None:
        """Count it; a failure gets a line that stays."""
        if self._pairs is not None:
            self._progress.advance(self._pairs)
        if error:
            line = f"{consumer}: {case} of {producer}: {visible(error)}"
            self._progress.console.print(line, soft_wrap=True)

    def closed(self) -> None:
        """Take the bars away."""
        self._progress.stop()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed()


def progress_on(console: Console) -> LiveProgress | PlainProgress:
    """The live display where there is a terminal, else lines."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)
