"""How data becomes a network's float input, as it travels in an ONNX file's metadata, or as bytes
with inputs in an .npz file.

Whoever trains writes it, whoever generates code reads it: packages that do not know each other.
Each step is one operation in float32, rounded once, on the numbers as the data has them.
"""

from __future__ import annotations

import json
import math
import operator
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEY = "nn2flash.normalization"
"""Of the entry in the metadata."""

ARRAY = "normalization"
"""Of the array of bytes."""

BYTES = 255.0
"""What uint8 is divided by: images, 0 to 255 becomes 0 to 1."""

LARGEST = 1 << 20
"""Bytes of such an entry."""

FUNCTIONS: Mapping[str, Callable[[Any, Any], Any]] = {"Sub": operator.sub, "Div": operator.truediv}
"""ONNX's name of an operation → itself, of float32 arrays."""


@dataclass(frozen=True)
class Step:
    """x becomes x - constant, or x / constant.

    Attributes:
        function: one of `FUNCTIONS`.
        constants: one for all, or one for each channel (axis 1); float32's numbers.
    """

    function: str
    constants: tuple[float, ...]


def packed(steps: Mapping[str, Sequence[Step]]) -> str:
    """The steps of each input, by its name, as text; the same steps give the same text."""
    content = {
        name: [[step.function, list(step.constants)] for step in each]
        for name, each in sorted(steps.items())
    }
    return json.dumps(content, separators=(",", ":"))


def unpacked(text: str) -> dict[str, tuple[Step, ...]]:
    """The steps in such a text.

    Raises:
        ValueError: it is none, too long, or holds what cannot be divided by or is not finite.
    """
    if len(text) > LARGEST:
        raise ValueError(f"normalization of {len(text):,} bytes")
    try:
        content = json.loads(text)
        found = {
            str(name): tuple(_step(function, constants) for function, constants in each)
            for name, each in content.items()
        }
    except (TypeError, AttributeError, KeyError, RecursionError, OverflowError) as error:
        raise ValueError(f"no normalization ({error})") from None
    return found


def _step(function: str, constants: list[float]) -> Step:
    numbers = tuple(_float32(value) for value in constants)
    if function not in FUNCTIONS or not numbers or not all(map(math.isfinite, numbers)):
        raise ValueError(f"no normalization: {str(function)[:20]} of {len(numbers)} numbers")
    if function == "Div" and not all(numbers):
        raise ValueError("a division by 0")
    return Step(function, numbers)


def _float32(value: float) -> float:
    """Rounded to float32.

    Raises:
        OverflowError: it is beyond float32's range.
    """
    return float(struct.unpack("<f", struct.pack("<f", float(value)))[0])
