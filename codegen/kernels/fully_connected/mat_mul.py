"""Matrix products of two values in plain C: firmware/runtime/kernels/nn_mat_mul.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.ir.graph import Value
from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.literals import c_float
from codegen.ops.mat_mul import MatMul
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names.

    Attributes:
        batches: (size, elements of the first operand from one matrix to the next, of the second)
            of two axes, the slower first.
    """

    batches: tuple[tuple[int, int, int], ...]
    rows: int
    inner: int
    columns: int
    first_zero_point: int
    second_zero_point: int
    zero_point: int
    multiplier: str
    low: int
    high: int


def _strides(value: Value) -> list[int]:
    """Elements from one matrix to the next along two axes; 0 where it is repeated."""
    sizes = (1, 1, *value.shape)[-4:]
    matrix = sizes[2] * sizes[3]
    return [matrix * sizes[1] if sizes[0] > 1 else 0, matrix if sizes[1] > 1 else 0]


class MatMulKernel(Kernel):
    """A row times a column at a time."""

    op_type = MatMul

    def cost(self, op: MatMul, target: Target, activity: Activity) -> float:
        """Two loads, two subtractions, a product, addresses."""
        return 9.0 * op.macs + 30.0 * op.output.size

    def lower(self, op: MatMul, target: Target) -> Lowered:
        """No constants."""
        first, second = op.inputs
        batches = zip(
            (1, 1, *op.output.shape)[-4:-2], _strides(first), _strides(second), strict=True
        )
        fields = Fields(
            batches=tuple(batches),
            rows=op.output.shape[-2],
            inner=op.inner,
            columns=op.output.shape[-1],
            first_zero_point=first.quantization.zero_point,
            second_zero_point=second.quantization.zero_point,
            zero_point=op.output.quantization.zero_point,
            multiplier=c_float(op.multiplier),
            low=op.low,
            high=op.high,
        )
        return Lowered(
            op=op,
            stem="mat_mul",
            kernel=self.name,
            why="plain C, any processor",
            fields=fields,
        )


KERNELS = (MatMulKernel(),)
