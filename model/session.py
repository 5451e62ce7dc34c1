"""onnxruntime's sessions, as they are used here: one thread, optimized or as the file says."""

from __future__ import annotations

import onnx
import onnxruntime


def session_of(model: onnx.ModelProto, *, optimize: bool) -> onnxruntime.InferenceSession:
    """Return a session on one processor thread.

    Args:
        model: what to run.
        optimize: False computes node by node what the file says. True allows onnxruntime's fused
            int8 kernels, which saturate 16-bit intermediates on x86-64 processors without VNNI.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
