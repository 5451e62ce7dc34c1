"""Softmax and its logarithm in plain C: nn_softmax.c and nn_log_softmax.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.ops.float_softmax import EXPONENTIAL_BITS, TABLE_BITS, FloatSoftmax, tables
from codegen.ops.log_softmax import LogSoftmax
from codegen.ops.softmax import Softmax
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names."""

    outer: int
    size: int
    inner: int
    steps: int
    zero_point: int


def _exponentials(op: Softmax | LogSoftmax) -> Constants:
    title = f"exponentials exp(-d * scale) * 2^{EXPONENTIAL_BITS}, uint32 [256]"
    return Constants("table", title, op.table.astype("<u4").tobytes(), counted=False)


class Portable(Kernel):
    """The table of exponentials and two loops."""

    op_type = Softmax

    def cost(self, op: Softmax, target: Target, activity: Activity) -> float:
        """A look, a sum, and a 64-bit division by element."""
        return 60.0 * op.output.size + 150.0 * op.output.size / op.output.shape[op.axis]

    def lower(self, op: Softmax, target: Target) -> Lowered:
        """The table."""
        block = _exponentials(op)
        zero_point = op.output.quantization.zero_point
        return Lowered(
            op=op,
            stem="softmax",
            kernel=self.name,
            why="integer table",
            constants=(block,),
            fields=Fields(*op.input.type.along(op.axis), op.steps, zero_point),
        )


class OfFloats(Kernel):
    """Two tables of exponentials and three loops."""

    op_type = FloatSoftmax

    def cost(self, op: FloatSoftmax, target: Target, activity: Activity) -> float:
        """Twice a distance and two looks, and a 64-bit division by element."""
        return 100.0 * op.output.size

    def lower(self, op: FloatSoftmax, target: Target) -> Lowered:
        """The tables."""
        title = f"exp(-i / 16), exp(-i / 4096), each * 2^{TABLE_BITS}, uint32 [512]"
        block = Constants("tables", title, tables().astype("<u4").tobytes(), counted=False)
        zero_point = op.output.quantization.zero_point
        return Lowered(
            op=op,
            stem="float_softmax",
            kernel=self.name,
            why="its input is not quantized",
            constants=(block,),
            fields=Fields(*op.input.type.along(op.axis), op.steps, zero_point),
        )


class Logarithm(Kernel):
    """The table of exponentials, a binary logarithm, a table of distances."""

    op_type = LogSoftmax

    def cost(self, op: LogSoftmax, target: Target, activity: Activity) -> float:
        """Two looks and a sum by element, 20 squares by row."""
        return 40.0 * op.output.size + 300.0 * op.output.size / op.output.shape[op.axis]

    def lower(self, op: LogSoftmax, target: Target) -> Lowered:
        """Both tables."""
        title = "distances in output steps * 2^16, uint32 [256]"
        blocks = (
            _exponentials(op),
            Constants("distances", title, op.distances.astype("<u4").tobytes(), counted=False),
        )
        zero_point = op.output.quantization.zero_point
        return Lowered(
            op=op,
            stem="log_softmax",
            kernel=self.name,
            why="integer tables",
            constants=blocks,
            fields=Fields(*op.input.type.along(op.axis), op.step, zero_point),
        )


KERNELS = (Portable(), OfFloats(), Logarithm())
