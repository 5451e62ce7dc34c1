"""Linear interpolation in plain C: firmware/runtime/kernels/nn_interpolate.c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.literals import c_float
from codegen.ops.interpolate import Interpolate
from codegen.reader.interpolation import Neighbours
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names."""

    channels: int
    rows: Neighbours
    columns: Neighbours
    new_height: int
    new_width: int
    input_zero_point: int
    zero_point: int
    multiplier: str
    low: int
    high: int


def _table(key: str, near: Neighbours) -> Constants:
    title = f"first neighbour and part of each of {len(near.first)} {key}, int32 [2]"
    table = np.stack([near.first, near.fraction], axis=1).astype("<i4")
    return Constants(key, title, table.tobytes(), counted=False)


class InterpolateKernel(Kernel):
    """A pixel at a time."""

    op_type = Interpolate

    def cost(self, op: Interpolate, target: Target, activity: Activity) -> float:
        """Four loads and products, one rounding."""
        return 45.0 * op.output.size

    def lower(self, op: Interpolate, target: Target) -> Lowered:
        """Tables of neighbours."""
        fields = Fields(
            channels=op.input.shape[1],
            rows=op.rows,
            columns=op.columns,
            new_height=len(op.rows.first),
            new_width=len(op.columns.first),
            input_zero_point=op.input.quantization.zero_point,
            zero_point=op.output.quantization.zero_point,
            multiplier=c_float(op.multiplier),
            low=op.low,
            high=op.high,
        )
        return Lowered(
            op=op,
            stem="interpolate",
            kernel=self.name,
            why="plain C, any processor",
            constants=(_table("rows", op.rows), _table("columns", op.columns)),
            fields=fields,
        )


KERNELS = (InterpolateKernel(),)
