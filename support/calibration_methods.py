"""Ways in which calibrating inputs set the ranges of quantization."""

from __future__ import annotations

METHODS = ("minmax", "percentile", "entropy")
"""In order of preference."""
