"""Numbers of bytes as people write them."""

from __future__ import annotations

import argparse
import re

PATTERN = r"(\d{1,9})([KM]?)"
MEANING = "a number of bytes such as 49152 or 48K"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


def byte_count(text: str) -> int:
    """49152 or 48K: K is 1024 and M 1024 * 1024.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    found = re.fullmatch(PATTERN, text)
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}': give {MEANING}")
    return int(found[1]) * _UNITS[found[2]]
