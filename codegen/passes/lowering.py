"""What passes know beside the graph: the processor, the user's wishes, typical inputs."""

from __future__ import annotations

from dataclasses import dataclass, field

from codegen.ir.graph import Op
from codegen.kernels.kernel import Activity
from codegen.kernels.wanted import PORTABLE, Kernels
from codegen.target import CORTEX_M7, Target


@dataclass
class Lowering:
    """One lowering of a network.

    Attributes:
        activity: every value's elements for the calibration inputs.
        refused: operation → why a pass that could have fused it did not.
    """

    target: Target = CORTEX_M7
    kernels: Kernels = PORTABLE
    activity: Activity = field(default_factory=dict)
    refused: dict[Op, str] = field(default_factory=dict)
