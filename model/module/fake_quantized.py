"""Quantization simulated in float while a network trains: its loss feels what int8 will do to it.

Operands are rounded where functions of PyTorch are called, whatever the network's classes are. The
quantizer that follows sets the ranges anew: all that training has to leave is weights that bear it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

QUANTIZED: dict[Any, int] = {
    functional.linear: 0,
    torch.conv1d: 0,
    torch.conv2d: 0,
    torch.conv_transpose1d: 1,
    torch.conv_transpose2d: 1,
}
"""Functions of an input and weights, and the axis of the weights' output channels."""

MOMENTUM = 0.1
"""How much of an input's range a batch makes."""


class FakeQuantized(TorchFunctionMode):
    """Inside, inputs and weights of layers are what int8 would make of them.

    The scales are the quantizer's: weights symmetric per output channel, -127 to 127; activations
    from their smallest to their largest value and 0, -128 to 127. Gradients pass as if nothing had
    been rounded, and not where a value is beyond its range.
    """

    def __init__(self) -> None:
        super().__init__()
        # By the layer's weights: the range of its input.
        self._ranges: dict[torch.Tensor, tuple[float, float]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        axis = QUANTIZED.get(func)
        if axis is None or len(args) < 2:
            return func(*args, **(kwargs or {}))
        values, weights, *rest = args
        changed = self._input(values, weights), _weights(weights, axis)
        return func(*changed, *rest, **(kwargs or {}))

    def _input(self, values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """An activation, rounded; while gradients are taken its batch counts for the range."""
        low, high = min(0.0, values.min().item()), max(0.0, values.max().item())
        before = self._ranges.get(weights)
        if before is not None:
            share = MOMENTUM if torch.is_grad_enabled() else 0.0
            low = before[0] + share * (low - before[0])
            high = before[1] + share * (high - before[1])
        # What is computed anew each time is nobody's to remember.
        if torch.is_grad_enabled() and weights.is_leaf:
            self._ranges[weights] = low, high
        scale = (high - low) / 255
        if not 0 < scale < float("inf"):
            return values
        zero_point = min(127, max(-128, round(-128 - low / scale)))
        return torch.fake_quantize_per_tensor_affine(values, scale, zero_point, -128, 127)


def _weights(weights: torch.Tensor, axis: int) -> torch.Tensor:
    """Weights, rounded to 255 steps of each output channel."""
    others = [each for each in range(weights.dim()) if each != axis]
    scales = (weights.detach().abs().amax(dim=others) / 127).clamp(min=1e-30)
    zeros = torch.zeros_like(scales, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weights, scales, zeros, axis, -127, 127)
