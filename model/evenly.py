"""Which of many to look at, where a few will do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Indices of at most so many of `count`, evenly spread, the first and the last among them."""
    return np.linspace(0, count - 1, min(most, count)).astype(np.int64)
