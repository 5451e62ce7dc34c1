"""Arithmetic on a network's float inputs that comes before their quantization."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from codegen.ir.types import Float32Array

# ONNX operator → float32 function of two operands, as onnxruntime computes it.
FUNCTIONS: Mapping[str, Callable[[Float32Array, Float32Array], Float32Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}
SIGNS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
# Numbers that a description lists; of more it gives the ends.
_SHOWN = 4


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """x becomes f(x, constant), or f(constant, x), in float32.

    Attributes:
        function: one of `FUNCTIONS`.
        constant: float32, of the rank of the input, broadcast to it.
    """

    function: str
    constant: Float32Array = field(repr=False)
    constant_first: bool = False

    def apply(self, values: Float32Array) -> Float32Array:
        """float32 [N, *shape[1:]] → the same shape."""
        operands = (self.constant, values) if self.constant_first else (values, self.constant)
        with np.errstate(all="ignore"):
            result: Float32Array = FUNCTIONS[self.function](*operands).astype(np.float32)
        return result

    def undo(self, values: Float32Array) -> Float32Array:
        """About what `apply` made `values` of; where that can be anything, 0."""
        with np.errstate(all="ignore"):
            if self.function in ("Add", "Mul") or not self.constant_first:
                inverse = {"Add": "Sub", "Sub": "Add", "Mul": "Div", "Div": "Mul"}[self.function]
                found = FUNCTIONS[inverse](values, self.constant)
            else:
                found = FUNCTIONS[self.function](self.constant, values)
        return np.nan_to_num(found.astype(np.float32), posinf=0, neginf=0)

    @property
    def content(self) -> bytes:
        """For the model's identity."""
        text = f"{self.function} {self.constant_first} {self.constant.shape} "
        return text.encode() + self.constant.astype("<f4").tobytes()

    def __str__(self) -> str:
        """`(x / 255)` with `x` for what was there before."""
        numbers = [f"{float(value):.9g}" for value in self.constant.reshape(-1)]
        shown = numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"
        if len(numbers) > _SHOWN:
            shown = f"[{numbers[0]}, …, {numbers[-1]}]"
        sides = (shown, "x") if self.constant_first else ("x", shown)
        return f"({sides[0]} {SIGNS[self.function]} {sides[1]})"


def apply(steps: Sequence[Arithmetic], values: Float32Array) -> Float32Array:
    """All steps, one after the other."""
    for step in steps:
        values = step.apply(values)
    return values


def undo(steps: Sequence[Arithmetic], values: Float32Array) -> Float32Array:
    """About what all steps make `values` of."""
    for step in reversed(steps):
        values = step.undo(values)
    return values


def describe(steps: Sequence[Arithmetic]) -> str:
    """`((x / 255) - 0.5)`, or nothing."""
    text = ""
    for step in steps:
        text = str(step).replace("x", text or "x", 1) if text else str(step)
    return text
