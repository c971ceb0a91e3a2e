"""A project of two cases, on two targets that are copies of this machine's own openssl."""

from __future__ import annotations

import shutil
from pathlib import Path

REAL = Path(shutil.which("openssl") or "openssl").resolve()
ONE = """
title = "A fixture is read"
files = ["words.txt"]
[[step]]
run = "openssl dgst -sha256 words.txt"
gate = ["stdout"]
"""


def lay_out(folder: Path, two: str, settings: str = "") -> None:
    """The cases ``one`` and ``two``, the targets ``a`` and ``b``, and the project's settings with these beside them."""
    (folder / "cases").mkdir()
    (folder / "cases/one.toml").write_text(ONE)
    (folder / "cases/words.txt").write_text("some words\n")
    (folder / "cases/two.toml").write_text(two)
    for name in ("a", "b"):
        shutil.copy(REAL, folder / name)
    described = "".join(f'[[target]]\nid = "{name}"\npath = "{folder / name}"\n' for name in ("a", "b"))
    (folder / "opensslrun.toml").write_text(f'cases-dir = "cases"\n{settings}{described}')
