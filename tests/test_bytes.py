"""Numbers of bytes as people write them, for commands and for the build alike."""

from __future__ import annotations

import argparse

import pytest

from support.bytes import byte_count


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("49152", 49152), ("48K", 49152), ("2M", 2 << 20)]
)
def test_read(text: str, count: int) -> None:
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", "-1", "48k", "1.5K", "K", "48 K", "48KB", "1" * 10])
def test_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="give a number of bytes such as 49152"):
        byte_count(text)
