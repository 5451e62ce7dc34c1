"""What a network's outputs are worth: accuracy for classes, RMSE and R² for numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from model.module.parts import Float32Array


def of(outputs: Float32Array, labels: npt.NDArray[Any]) -> dict[str, float]:
    """Figures for outputs [N, values] and labels.

    Args:
        labels: int64 [N], classes; or float32 [N, values].

    Returns:
        "accuracy", 0 to 1; or "rmse" in the labels' unit, and "r2", 1 − Σ(y − ŷ)² / Σ(y − ȳ)²,
        which is 0 for whoever always says the mean. Of several values, both of all together.
    """
    if labels.dtype.kind == "i":
        return {"accuracy": float(np.mean(outputs.argmax(axis=1) == labels))}
    real = labels.astype(np.float64)
    squares = np.sum((real - outputs.astype(np.float64)) ** 2)
    spread = np.sum((real - real.mean(axis=0)) ** 2)
    found = {"rmse": float(np.sqrt(squares / real.size))}
    return found | ({"r2": float(1 - squares / spread)} if spread else {})


def shown(scores: Mapping[str, float], units: tuple[str, ...] = ()) -> str:
    """The figures in a few words."""
    unit = f" {units[0]}" if len(units) == 1 else ""
    words = {
        "accuracy": lambda value: f"accuracy {100 * value:.2f} %",
        "rmse": lambda value: f"RMSE {value:.4g}{unit}",
        "r2": lambda value: f"R² {value:.4f}",
    }
    return ", ".join(
        words[name](value) if name in words else f"{name} {value:.4g}"
        for name, value in scores.items()
    )
