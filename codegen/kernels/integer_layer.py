"""A weighted sum as plain integers: what passes transform and constants are searched for.

    acc[o] = bias[o] + Σ_i weights[o][i] * x[i]        x[i] = q[i] - base
    y[o]   = clamp(rint(float32(acc[o]) * multipliers[o]) + zero_point, low, high)

`q` are the stored int8 bytes of the input. `base` is the byte that the kernels treat as zero:
choosing it well makes inputs (background pixels, units that a ReLU switched off) vanish.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.ir.types import Float32Array, Int8Array, Int64Array


@dataclass(frozen=True)
class IntegerLayer:
    """One layer in integers.

    Attributes:
        weights: int64 [outputs, inputs], each -128..127.
        bias: int64 [outputs], for inputs counted from `base`.
        multipliers: float32 [outputs] (docs/numerics.md, "Requantization").
        zero_point: of the output.
        low, high: smallest and largest output byte.
        base: input byte that counts as 0.
        input_low, input_high: smallest and largest input byte that can occur.
    """

    weights: Int64Array
    bias: Int64Array
    multipliers: Float32Array
    zero_point: int
    low: int
    high: int
    base: int
    input_low: int = -128
    input_high: int = 127

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weights.shape[0])

    def reach(self) -> tuple[Int64Array, Int64Array]:
        """Smallest and largest accumulator of each output over all inputs: int64 [outputs].

        Both ends are reached: every input may take either extreme independently.
        """
        at_low = self.weights * (self.input_low - self.base)
        at_high = self.weights * (self.input_high - self.base)
        return (
            self.bias + np.minimum(at_low, at_high).sum(axis=1),
            self.bias + np.maximum(at_low, at_high).sum(axis=1),
        )

    def accumulate(self, inputs: Int8Array) -> Int64Array:
        """int8 [N, inputs] → int64 [N, outputs]."""
        x = inputs.astype(np.float64) - self.base
        # float64 is exact: the reader proved every sum of products to stay below 2^31.
        sums: Int64Array = (x @ self.weights.T.astype(np.float64)).astype(np.int64) + self.bias
        return sums

    def requantize(self, accumulators: Int64Array) -> Int8Array:
        """int64 [..., outputs] → int8, by the reference (docs/numerics.md, "Requantization")."""
        scaled = np.rint(accumulators.astype(np.float32) * self.multipliers)
        zero = np.float32(self.zero_point)
        stored: Int8Array = (np.clip(scaled, self.low - zero, self.high - zero) + zero).astype(
            np.int8
        )
        return stored

    def run(self, inputs: Int8Array) -> Int8Array:
        """int8 [N, inputs] → int8 [N, outputs]."""
        return self.requantize(self.accumulate(inputs))
