"""What the operating systems do differently, behind one set of names: ``here`` is the module for this machine's.

:mod:`~opensslrun.driver.system.posix` serves Linux, macOS and the BSDs, :mod:`~opensslrun.driver.system.windows`
Windows. Nothing else in the package asks which system it is on; the type checker reads both sides
(``mypy --platform``).
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from opensslrun.driver.system import windows as here
else:
    from opensslrun.driver.system import posix as here

__all__ = ["here"]
