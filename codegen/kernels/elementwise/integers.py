"""Sums and differences in integers: firmware/runtime/kernels/nn_elementwise_integers.c.

y = clamp(((first * a >> 8) + (second * b >> 8) + addend) >> 21), each product as SMLAWB takes it of
a byte times 256, with constants that give the bytes of docs/numerics.md, "Two values", for each of
the 65,536 pairs (a, b): they are tried on all of them.
Where none are found, float32 stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from codegen.ir.graph import Value
from codegen.ir.types import DType, Int64Array
from codegen.kernels.kernel import Activity, Kernel, Lowered, Overlap
from codegen.ops.elementwise import OPERATOR, Elementwise
from codegen.target import Target

# firmware/runtime/kernels/nn_elementwise_integers.h has it, too.
SHIFT = 21
# Bits of the factors beyond it: they are left off each product.
_FINER = 8
_SIGNS = {"add": 1, "sub": -1}
_TRIES = 400
_INT32 = 1 << 31
_BYTES = np.arange(-128, 128)


@dataclass(frozen=True)
class Factors:
    """What the two bytes of an element are multiplied by, and what is added."""

    first: int
    second: int
    addend: int


@dataclass(frozen=True)
class IntegerFields:
    """What the template names."""

    size: int
    factors: Factors
    low: int
    high: int


def table_of(op: Elementwise) -> Int64Array:
    """int64 [256, 256]: what the reference makes of each pair of bytes, not clamped beyond int8."""
    rank = len(op.output.shape)
    first, second = (
        axis.reshape(-1, *(1,) * (rank - 1)).astype(np.int8)
        for axis in np.meshgrid(_BYTES, _BYTES, indexing="ij")
    )
    table = OPERATOR.reference(replace(op, low=-128, high=127), first, second)
    return table.reshape(256, 256).astype(np.int64)


def find_factors(table: Int64Array, first: float, second: float) -> Factors | None:
    """Factors that reproduce a table, or None.

    Each entry bounds the addend from both sides. Factors near the real ones are tried, further and
    further away, seeded.

    Args:
        table: that of `table_of`.
        first, second: steps of the output in one step of each operand, signed.
    """
    rng = np.random.default_rng(0)
    a, b = _BYTES[:, None], _BYTES[None, :]
    # The ends of int8 are bounded from one side only.
    least = np.where(table > -128, table << SHIFT, -(1 << 40))
    most = np.where(table < 127, ((table + 1) << SHIFT) - 1, 1 << 40)
    for attempt in range(_TRIES):
        spread = rng.normal(0, 1 + attempt / 20, 2) if attempt else np.zeros(2)
        factors = [
            round((real * 2**SHIFT + off) * 2**_FINER)
            for real, off in zip((first, second), spread, strict=True)
        ]
        if max(map(abs, factors)) >= _INT32:
            return None
        products = (a * factors[0] >> _FINER) + (b * factors[1] >> _FINER)
        low, high = int((least - products).max()), int((most - products).min())
        if low > high:
            continue
        addend = (low + high) // 2
        if 128 * (abs(factors[0]) + abs(factors[1])) + (abs(addend) << _FINER) < _INT32 << _FINER:
            return Factors(factors[0], factors[1], addend)
    return None


@cache
def factors_of(op: Elementwise) -> Factors | None:
    """Factors for an operation of two quantized values; None: there are none."""
    scale = float(op.output.quantization.scale)
    first, second = (float(value.quantization.scale) / scale for value in op.inputs)
    # Beyond this, int32 is left.
    if not 0 < first + second < _INT32 / 2 ** (SHIFT + 7):
        return None
    return find_factors(table_of(op), first, _SIGNS[op.function] * second)


class Integers(Kernel):
    """Two products, a shift, a clamp."""

    name = "integers"
    op_type = Elementwise

    def fits(self, op: Elementwise, target: Target) -> str:
        """A sum or difference of two bytes, element by element, for which there are factors."""
        if op.function not in _SIGNS or op.constant is not None:
            return "no sum or difference of two values"
        if any(value.dtype is DType.FLOAT32 for value in op.inputs):
            return "an operand is float32"
        if any(_stored(value) != _stored(op.output) for value in op.inputs):
            return "an operand is repeated"
        return "" if factors_of(op) else "no integers give every byte"

    def cost(self, op: Elementwise, target: Target, activity: Activity) -> float:
        """Counted on the Cortex-M7; more where there is no SMLAW, or no SSAT."""
        if target.packed_arithmetic:
            return 6.0 * op.output.size
        small = target.core in ("cortex-m0", "cortex-m0plus", "cortex-m23")
        return (24.0 if small else 18.0) * op.output.size

    def lower(self, op: Elementwise, target: Target) -> Lowered:
        """No constants but the factors; each element is read before it is written."""
        factors = factors_of(op)
        assert factors is not None, "fits() was asked"
        return Lowered(
            op=op,
            stem="elementwise_integers",
            kernel=self.name,
            why="two factors, right for every pair of bytes",
            overlaps=(Overlap(input=0, distance=0), Overlap(input=1, distance=0)),
            fields=IntegerFields(op.output.size, factors, op.low, op.high),
        )


def _stored(value: Value) -> tuple[int, ...]:
    return value.type.stored_shape


KERNELS = (Integers(),)
