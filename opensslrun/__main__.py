"""``python -m opensslrun`` is the console script."""

from opensslrun.cli.main import run

run()
