"""What the quantizer must have kept of a float network, looked at in the int8 one."""

from __future__ import annotations

from pathlib import Path

import onnx

from model import qdq
from support.errors import UserError


def check(path: Path, int8_model: onnx.ModelProto, float_model: onnx.ModelProto) -> None:
    """Refuse an int8 network that computes something else than the float one.

    Args:
        path: of the float network, for messages.

    Raises:
        UserError: a Relu was dropped whose output could still be negative (onnxruntime issue
            11660, and a Relu that no calibrating input gets through).
        RuntimeError: a weight per channel is -128 (fast kernels pair and negate weights).
    """
    for tensor in qdq.weights(int8_model):
        if tensor.scales.size > 1 and int(tensor.values.min()) < -127:
            raise RuntimeError(f"{tensor.tensor}: weights must lie in -127..127")
    kept, relus = (
        {node.output[0] for node in model.graph.node if node.op_type == "Relu"}
        for model in (int8_model, float_model)
    )
    for activation in qdq.activations(int8_model):
        if activation.tensor in relus - kept and activation.zero_point != -128:
            raise UserError(
                f"{path}: '{activation.tensor}' was quantized without its Relu",
                "calibrate with inputs for which that layer's output is not always 0",
            )
