"""What every test rests on."""

from __future__ import annotations

import signal

pytest_plugins = ("pytester",)

# Where tests run in the background of a shell without job control, SIGINT is ignored, and every program they start
# inherits that: then Ctrl-C, which some of them are about, would do nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)
