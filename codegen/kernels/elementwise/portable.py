"""Element-wise kernels in plain C; each reads an element before it writes it: all run in place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from codegen.ir.graph import Value
from codegen.ir.types import DType, TensorType
from codegen.kernels.instructions import without_fpu
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered, Overlap
from codegen.literals import c_float
from codegen.ops.elementwise import Elementwise
from codegen.ops.lookup import Lookup
from codegen.target import Target

Axis = tuple[int, int, int]
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
        return 6.0 * op.output.size

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
    """What the templates name.

    Attributes:
        axes: (size, stride of the first operand, of the second) in the order of the output's bytes.
        source: which of the operation's inputs the first operand is.
        floats: which of them the second one is, when it is float32 numbers.
        floats_first: float32 numbers, a constant's or those, come first in the function.
    """

    axes: tuple[Axis, ...]
    first: Scaling
    second: Scaling
    output: Scaling
    low: int
    high: int
    source: int
    floats: int | None
    floats_first: bool


def scaling(value: Value) -> Scaling:
    """Scale and zero point of a value."""
    return Scaling(c_float(value.quantization.scale), value.quantization.zero_point)


def _strides(kind: TensorType, rank: int) -> list[int]:
    """Elements from one to the next along each axis of a result of `rank`; 0 where repeated."""
    missing = rank - len(kind.shape)
    strides, behind = [0] * rank, 1
    for axis in reversed(kind.order):
        if kind.shape[axis] > 1:
            strides[axis + missing] = behind
        behind *= kind.shape[axis]
    return strides


def _axes(kind: TensorType, first: TensorType, second: TensorType) -> tuple[Axis, ...]:
    """The axes of the output `kind`, those joined along which both operands go on alike."""
    rank = len(kind.shape)
    first_strides, second_strides = (_strides(each, rank) for each in (first, second))
    found: list[Axis] = []
    for axis in kind.order:
        size, one, two = kind.shape[axis], first_strides[axis], second_strides[axis]
        if size == 1:
            continue
        if found and found[-1][1:] == (size * one, size * two):
            found[-1] = (found[-1][0] * size, one, two)
        else:
            found.append((size, one, two))
    return tuple(found) or ((1, 0, 0),)


class ElementwiseKernel(Kernel):
    """One loop over the output: firmware/runtime/kernels/nn_elementwise.c."""

    op_type = Elementwise

    def cost(self, op: Elementwise, target: Target, activity: Activity) -> float:
        """Conversions, one division (14 cycles of the Cortex-M7's FPU), rounding, addresses."""
        return (75.0 + without_fpu(target, 560.0)) * op.output.size

    def lower(self, op: Elementwise, target: Target) -> Lowered:
        """The constant as float32 in the order of the output's bytes; in place of an operand."""
        constants: tuple[Constants, ...] = ()
        if op.constant is not None:
            order = op.output.type.order
            stored = np.ascontiguousarray(op.constant.transpose(order)).astype("<f4")
            shape = "".join(f"[{size}]" for size in stored.shape[1:])
            constants = (Constants("constant", f"operand, float32 {shape}", stored.tobytes()),)
        floats = [i for i, value in enumerate(op.inputs) if value.dtype is DType.FLOAT32]
        source = 1 if floats == [0] else 0
        # Of a constant there is no second value: the template names none.
        second = op.inputs[1 - source] if len(op.inputs) > 1 else op.inputs[source]
        kind = op.output.type
        other = second.type if op.constant is None else replace(kind, shape=op.constant.shape)
        return Lowered(
            op=op,
            stem="elementwise",
            kernel=self.name,
            why="float32, as ONNX computes it",
            constants=constants,
            overlaps=tuple(
                Overlap(input=index, distance=0)
                for index, value in enumerate(op.inputs)
                if value.type.stored_shape == kind.stored_shape and index not in floats
            ),
            fields=ElementwiseFields(
                axes=_axes(kind, op.inputs[source].type, other),
                first=scaling(op.inputs[source]),
                second=scaling(op.inputs[source] if floats else second),
                output=scaling(op.output),
                low=op.low,
                high=op.high,
                source=source,
                floats=floats[0] if floats else None,
                floats_first=op.constant_first or floats == [0],
            ),
        )


KERNELS = (LookupKernel(), ElementwiseKernel())
