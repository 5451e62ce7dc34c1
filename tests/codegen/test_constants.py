"""Quantized constants as the numbers that they stand for, by the ONNX operator's definition."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.reader.constants import Constant


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("axis", [0, 1])
def test_each_channel_has_its_scale_and_zero_point(channels: int, axis: int) -> None:
    rng = np.random.default_rng(channels)
    shape = (channels, 4) if axis == 0 else (4, channels)
    values = rng.integers(-128, 128, shape).astype(np.int8)
    scales = np.array([0.5, 0.25, 2.0], np.float32)[:channels]
    zeros = np.array([3, -7, 0])[:channels]
    constant = Constant(values, scales, zeros, axis)
    for channel in range(channels):
        line = values.take(channel, axis).astype(np.int64)
        expected = (line - zeros[channel]) * float(scales[channel])
        np.testing.assert_array_equal(constant.real().take(channel, axis), expected)
    turned = constant.transposed()
    assert turned.axis == 1 - axis
    np.testing.assert_array_equal(turned.real(), constant.real().T)
