"""What is shown on a terminal, as text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console


def printed(show: Callable[..., None], *given: Any, width: int = 80) -> str:
    """All that ``show`` prints, called with what is given and a console of so many columns.

    Nothing that is shown anywhere may be wider than the terminal, so that is looked for each time.
    """
    stream = io.StringIO()
    show(*given, Console(file=stream, width=width, highlight=False))
    wide = [line for line in stream.getvalue().splitlines() if len(line) > width]
    assert wide == []
    return stream.getvalue()
