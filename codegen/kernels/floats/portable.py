"""Operations on float32 numbers in plain C: nn_thresholds.c and nn_float_weights.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.literals import c_float
from codegen.ops.float_weights import FloatWeights
from codegen.ops.thresholds import Thresholds
from codegen.target import Target


@dataclass(frozen=True)
class ThresholdsFields:
    """What the template names."""

    size: int


class ThresholdsKernel(Kernel):
    """Eight comparisons for each element."""

    op_type = Thresholds

    def cost(self, op: Thresholds, target: Target, activity: Activity) -> float:
        """Comparisons and branches."""
        return 60.0 * op.output.size

    def lower(self, op: Thresholds, target: Target) -> Lowered:
        """The thresholds."""
        block = Constants(
            "thresholds",
            "the smallest number of each byte, float32 [255]",
            op.thresholds.astype("<f4").tobytes(),
            counted=False,
        )
        return Lowered(
            op=op,
            stem="thresholds",
            kernel=self.name,
            why="the function never decreases",
            constants=(block,),
            fields=ThresholdsFields(op.output.size),
        )


@dataclass(frozen=True)
class FloatWeightsFields:
    """What the template names."""

    inputs: int
    outputs: int
    zero_point: int
    scale: str


class FloatWeightsKernel(Kernel):
    """A product and a sum in float32 for each weight."""

    op_type = FloatWeights

    def cost(self, op: FloatWeights, target: Target, activity: Activity) -> float:
        """A conversion, a product and a sum, not fused."""
        return 9.0 * op.macs

    def lower(self, op: FloatWeights, target: Target) -> Lowered:
        """Bias and weights."""
        outputs, inputs = op.weights.shape
        quantization = op.input.quantization
        return Lowered(
            op=op,
            stem="float_weights",
            kernel=self.name,
            why="its weights are float32 in the model",
            constants=(
                Constants("bias", f"bias, float32 [{outputs}]", op.bias.astype("<f4").tobytes()),
                Constants(
                    "weights",
                    f"weights, float32 [{outputs}][{inputs}]",
                    op.weights.astype("<f4").tobytes(),
                ),
            ),
            fields=FloatWeightsFields(
                inputs, outputs, quantization.zero_point, c_float(quantization.scale)
            ),
        )


KERNELS = (ThresholdsKernel(), FloatWeightsKernel())
