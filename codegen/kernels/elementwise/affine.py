"""A factor and an offset for each channel, in plain C: firmware/runtime/kernels/nn_affine.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.elementwise.portable import IN_PLACE, Scaling, scaling
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.ops.affine import Affine
from codegen.target import Target


@dataclass(frozen=True)
class AffineFields:
    """What the template names."""

    outer: int
    channels: int
    inner: int
    input: Scaling
    output: Scaling
    low: int
    high: int


class AffineKernel(Kernel):
    """One loop over the channels of each position."""

    op_type = Affine

    def cost(self, op: Affine, target: Target, activity: Activity) -> float:
        """Conversions, one division (14 cycles of the Cortex-M7's FPU), rounding."""
        return 45.0 * op.output.size

    def lower(self, op: Affine, target: Target) -> Lowered:
        """Factors and offsets, as trained."""
        channels = len(op.factors)
        blocks = tuple(
            Constants(key, f"{key}, float32 [{channels}]", values.astype("<f4").tobytes())
            for key, values in (("factors", op.factors), ("offsets", op.offsets))
        )
        fields = AffineFields(
            *op.input.type.along(1),
            input=scaling(op.input),
            output=scaling(op.output),
            low=op.low,
            high=op.high,
        )
        return Lowered(
            op=op,
            stem="affine",
            kernel=self.name,
            why="float32, as ONNX computes it",
            constants=blocks,
            overlaps=(IN_PLACE,),
            fields=fields,
        )


KERNELS = (AffineKernel(),)
