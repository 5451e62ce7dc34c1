"""Numbers as C literals."""

from __future__ import annotations

import numpy as np


def c_float(value: np.float32) -> str:
    """A C float literal that reads back as exactly `value`: nine digits do for float32."""
    text = f"{float(value):.9g}"
    return (text if any(c in text for c in ".e") else text + ".0") + "f"
