"""What a user may ask for and hand over, looked at before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from opensslrun.driver.pem import PemBlock, pem_blocks
from opensslrun.driver.runner import read_input
from opensslrun.errors import UsageError

MIN_BITS: Final = 1024
"""OpenSSL from 1.1.1 on refuses fewer than 512, and distributions refuse to use fewer than 2,048."""
MAX_BITS: Final = 16384
"""Keys over 16,384 bits are refused by every version when they are used."""
MAX_DAYS: Final = 365 * 1000
"""A validity that ends in a year of four digits."""


def check_bits(bits: int) -> None:
    """Raise UsageError for a size of key that is not made."""
    if not MIN_BITS <= bits <= MAX_BITS:
        raise UsageError(f"a key of {bits} bits is not made; choose between {MIN_BITS} and {MAX_BITS}, 4096 say")


def check_days(days: int) -> None:
    """Raise UsageError for a validity that is not made."""
    if not 1 <= days <= MAX_DAYS:
        raise UsageError(f"a validity of {days} days is not made; choose between 1 and {MAX_DAYS}, 1024 say")


def first_block(path: Path, label: str) -> PemBlock:
    """The first PEM block of a file whose label ends in ``label``. Raises UsageError when there is none."""
    what = {"CERTIFICATE": "certificate", "CERTIFICATE REQUEST": "certificate request"}.get(label, "private key")
    try:
        blocks = [block for block in pem_blocks(read_input(path)) if block.label.endswith(label)]
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}; name a whole PEM file") from error
    if not blocks:
        raise UsageError(f"{path} holds no {what} in PEM format (-----BEGIN ...{label}-----); name a file that does")
    return blocks[0]
