"""Selections along axes in plain C: firmware/runtime/kernels/nn_select.c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.ops.select import Select
from codegen.target import Target


@dataclass(frozen=True)
class SelectFields:
    """What the template names.

    Attributes:
        sizes: of the axes that are chosen along, the slowest first.
        run: bytes that are copied together.
    """

    sizes: tuple[int, ...]
    run: int
    fill: int


class SelectKernel(Kernel):
    """A table of offsets for each axis; what lies behind the last of them is copied in runs."""

    op_type = Select

    def cost(self, op: Select, target: Target, activity: Activity) -> float:
        """Offsets for each run, a load and a store for each byte."""
        fields, _ = _fields(op)
        runs = op.output.size // max(1, fields.run)
        return 12.0 * runs * max(1, len(fields.sizes)) + 2.0 * op.output.size

    def lower(self, op: Select, target: Target) -> Lowered:
        """Offsets in bytes of the input, -1 for nothing."""
        fields, offsets = _fields(op)
        title = f"offsets along the axes, int32 [{offsets.size}]"
        block = Constants("offsets", title, offsets.astype("<i4").tobytes(), counted=False)
        return Lowered(
            op=op,
            stem="select",
            kernel=self.name,
            why="moves elements",
            constants=(block,),
            fields=fields,
        )


def _fields(op: Select) -> tuple[SelectFields, Int64Array]:
    run = op.input.dtype.bytes
    tables: list[Int64Array] = []
    for axis in reversed(op.output.type.order):
        chosen, size = op.maps[axis], op.input.shape[axis]
        if not tables and np.array_equal(chosen, np.arange(size)):
            run *= size  # all of them, in their order: part of what is copied together
        elif chosen.size > 1 or chosen[0] != 0 or size > 1:
            step = op.strides[axis] * op.input.dtype.bytes
            tables.append(np.where(chosen < 0, -1, chosen.astype(np.int64) * step))
    tables.reverse()
    offsets = np.concatenate(tables) if tables else np.zeros(1, np.int64)
    sizes = tuple(int(table.size) for table in tables) or (1,)
    return SelectFields(sizes, run, op.fill), offsets


KERNELS = (SelectKernel(),)
