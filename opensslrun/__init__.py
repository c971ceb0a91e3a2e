"""Drive real ``openssl`` binaries, and compare what they do from version to version.

``from opensslrun import OpenSSL`` gives the driver, which needs no Docker. Importing this package does no
work: names are resolved on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from opensslrun.driver.openssl import OpenSSL

__all__ = ["OpenSSL", "__version__"]


def __getattr__(name: str) -> object:
    """Import the driver when it is first asked for, so that ``import opensslrun`` stays cheap."""
    if name == "OpenSSL":
        from opensslrun.driver.openssl import OpenSSL  # noqa: PLC0415  (lazy on purpose)

        return OpenSSL
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
