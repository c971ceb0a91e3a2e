"""The two consoles: data goes to stdout, progress and messages to stderr. Colour only on a terminal."""

from __future__ import annotations

import json
import os
import sys

from rich.console import Console


class _Console(Console):
    """A console whose reader may go away (``| head``): the rest is dropped, and the exit status stays true."""

    def on_broken_pipe(self) -> None:
        """Say the rest to nobody."""
        self.quiet = True
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, (sys.stderr if self.stderr else sys.stdout).fileno())
        os.close(silence)


def out() -> Console:
    """Where data goes."""
    return _Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """Where progress and messages go."""
    return _Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_document(document: object) -> None:
    """One JSON document where data goes, in ASCII: it can be written in any encoding, and steers no terminal."""
    out().out(json.dumps(document, indent=1), highlight=False)
