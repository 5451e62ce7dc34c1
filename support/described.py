"""What travels with inputs in .npz files: names of classes and units, labels of a regression.

Names are an array of bytes, UTF-8, a name a line: such files are read without pickles and without
text, by packages that do not know each other.
"""

from __future__ import annotations

from collections.abc import Sequence

CLASS_NAMES = "class_names"
"""The array of a classification whose classes have names, in the order of the labels."""
UNITS = "units"
"""The array of a regression; empty where its values have no units."""
TARGETS = "targets"
"""The labels of a regression: float32 [N, values]."""
LARGEST = 1 << 16


def packed(names: Sequence[str]) -> bytes:
    """Names as the bytes of such an array; line ends in a name become spaces."""
    return "\n".join(" ".join(name.splitlines()) for name in names).encode()


def unpacked(data: bytes) -> tuple[str, ...]:
    """The names in such an array.

    Raises:
        ValueError: no UTF-8, or more than `LARGEST` bytes.
    """
    if len(data) > LARGEST:
        raise ValueError(f"names of {len(data):,} bytes")
    return tuple(data.decode().split("\n")) if data else ()
