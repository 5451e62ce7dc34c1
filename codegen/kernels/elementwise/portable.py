"""Element-wise kernels in plain C; each reads an element before it writes it: all run in place."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.ir.graph import Op
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered, Overlap
from codegen.literals import c_float
from codegen.ops.add import AddConstant
from codegen.ops.elementwise import Elementwise
from codegen.ops.lookup import Lookup
from codegen.target import Target

IN_PLACE = Overlap(input=0, distance=0)


@dataclass(frozen=True)
class LookupFields:
    """What the template names."""

    size: int


class LookupKernel(Kernel):
    """One table, one loop: firmware/runtime/kernels/nn_lookup.c."""

    op_type = Lookup

    def cost(self, op: Lookup, target: Target, activity: Activity) -> float:
        """A load, a look, a store."""
        return 5.0 * op.output.size

    def lower(self, op: Lookup, target: Target) -> Lowered:
        """The table."""
        block = Constants("table", "lookup table, int8 [256]", op.table.tobytes(), counted=False)
        return Lowered(
            op=op,
            stem="lookup",
            kernel=self.name,
            why="a table of 256 bytes",
            constants=(block,),
            overlaps=(IN_PLACE,),
            fields=LookupFields(op.output.size),
        )


@dataclass(frozen=True)
class Scaling:
    """One side of an element-wise kernel, as C literals."""

    scale: str
    zero_point: int


@dataclass(frozen=True)
class ElementwiseFields:
    """What the templates name."""

    size: int
    inputs: tuple[Scaling, ...]
    output: Scaling
    low: int
    high: int


def _fields(op: AddConstant | Elementwise) -> ElementwiseFields:
    sides = [
        Scaling(c_float(value.quantization.scale), value.quantization.zero_point)
        for value in (*op.inputs, op.output)
    ]
    return ElementwiseFields(op.output.size, tuple(sides[:-1]), sides[-1], op.low, op.high)


def _cost(op: Op) -> float:
    """Conversions, one division (14 cycles of the Cortex-M7's FPU) and rounding by element."""
    return 40.0 * op.output.size


class AddConstantKernel(Kernel):
    """One loop over the constant: firmware/runtime/kernels/nn_add.c."""

    op_type = AddConstant

    def cost(self, op: AddConstant, target: Target, activity: Activity) -> float:
        """See `_cost`."""
        return _cost(op)

    def lower(self, op: AddConstant, target: Target) -> Lowered:
        """The constant as float32."""
        title = f"addend, float32 [{op.output.size}]"
        return Lowered(
            op=op,
            stem="add",
            kernel=self.name,
            why="float32, as ONNX computes it",
            constants=(Constants("addend", title, op.addend.astype("<f4").tobytes()),),
            overlaps=(IN_PLACE,),
            fields=_fields(op),
        )


class ElementwiseKernel(Kernel):
    """One loop over two values: firmware/runtime/kernels/nn_elementwise.c."""

    op_type = Elementwise

    def cost(self, op: Elementwise, target: Target, activity: Activity) -> float:
        """See `_cost`."""
        return _cost(op)

    def lower(self, op: Elementwise, target: Target) -> Lowered:
        """No constants; in place of either input."""
        return Lowered(
            op=op,
            stem="elementwise",
            kernel=self.name,
            why="float32, as ONNX computes it",
            overlaps=(IN_PLACE, Overlap(input=1, distance=0)),
            fields=_fields(op),
        )


KERNELS = (LookupKernel(), AddConstantKernel(), ElementwiseKernel())
