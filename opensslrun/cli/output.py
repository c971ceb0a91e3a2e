"""The two consoles: data goes to stdout, progress and messages to stderr. Colour only on a terminal."""

from __future__ import annotations

from rich.console import Console


def out() -> Console:
    """Where data goes."""
    return Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """Where progress and messages go."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)
