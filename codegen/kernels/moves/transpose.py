"""Transpositions in plain C: firmware/runtime/kernels/nn_transpose.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.ops.transpose import Transpose
from codegen.target import Target


@dataclass(frozen=True)
class TransposeFields:
    """What the template names: (size, stride of the input in elements) of each axis written."""

    axes: tuple[tuple[int, int], ...]
    bytes: int


class TransposeKernel(Kernel):
    """Element by element, in the order of the output."""

    op_type = Transpose

    def cost(self, op: Transpose, target: Target, activity: Activity) -> float:
        """A call of memcpy for each element, and the address."""
        return 48.0 * op.output.size

    def lower(self, op: Transpose, target: Target) -> Lowered:
        """Sizes and strides."""
        return Lowered(
            op=op,
            stem="transpose",
            kernel=self.name,
            why="moves elements",
            fields=TransposeFields(op.strides, op.output.dtype.bytes),
        )


KERNELS = (TransposeKernel(),)
