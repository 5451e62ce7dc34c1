"""Numbers of bytes as people write them."""

from __future__ import annotations

import argparse
import re

_PATTERN = re.compile(r"(\d{1,12})([KM]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


def byte_count(text: str) -> int:
    """49152 or 48K: K is 1024 and M 1024 * 1024.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of bytes such as 49152 or 48K")
    return int(found[1]) * _UNITS[found[2]]
