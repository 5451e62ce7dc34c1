"""The shape of an MNIST image, for those who do without PyTorch."""

from __future__ import annotations

IMAGE_SHAPE = (1, 28, 28)
"""Channels, height and width."""
