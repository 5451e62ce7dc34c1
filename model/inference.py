"""Running ONNX models with onnxruntime, image by image, as the device does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

Float32Array = npt.NDArray[np.float32]


def run(model: onnx.ModelProto, inputs: Float32Array, *, optimize: bool) -> Float32Array:
    """Return the outputs, float32 [N, classes], of a batch-1 model for inputs [N, ...].

    Args:
        model: one input, one output.
        inputs: normalized images, float32.
        optimize: False computes node by node what the file says. True allows onnxruntime's fused
            int8 kernels, which saturate 16-bit intermediates on x86-64 processors without VNNI.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    rows = [session.run(None, {name: image[np.newaxis]})[0] for image in inputs]
    return np.concatenate(rows)


def accuracy(scores: Float32Array, labels: npt.NDArray[np.uint8]) -> float:
    """Return the share of rows of `scores` [N, classes] whose (first) largest is at the label."""
    return float(np.mean(np.argmax(scores, axis=1) == labels))
