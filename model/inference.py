"""Running ONNX models with onnxruntime, input by input, as the device does."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from model.session import session_of
from support.progress import SOON, track

Float32Array = npt.NDArray[np.float32]


def run(
    model: onnx.ModelProto, inputs: Float32Array, *, optimize: bool, title: str = "onnxruntime"
) -> Float32Array:
    """Return the outputs, float32 [N, classes], of a batch-1 model for inputs [N, ...].

    Args:
        model: one input, one output.
        inputs: as the network sees them, float32.
        optimize: as onnxruntime does by default; False is what the file says.
        title: what is run, for the progress shown when it takes longer.
    """
    session = session_of(model, optimize=optimize)
    name = session.get_inputs()[0].name
    shown = track(inputs, f"{title}, inputs", len(inputs), after=SOON)
    rows = [session.run(None, {name: image[np.newaxis]})[0] for image in shown]
    return np.concatenate(rows)


def run_tensors(
    model: onnx.ModelProto, image: Float32Array, tensors: list[str]
) -> list[npt.NDArray[Any]]:
    """Return the values of the named tensors for one image, without optimizations.

    Args:
        model: one input; shapes and types of the tensors can be inferred.
        image: float32, of the input's shape without the batch dimension.
        tensors: names inside the model.
    """
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    known = {value.name: value for value in (*inferred.graph.value_info, *inferred.graph.output)}
    del inferred.graph.output[:]
    inferred.graph.output.extend([known[tensor] for tensor in tensors])
    session = session_of(inferred, optimize=False)
    values: list[npt.NDArray[Any]] = session.run(
        None, {session.get_inputs()[0].name: image[np.newaxis]}
    )
    return values


def count_right(scores: npt.NDArray[Any], labels: npt.NDArray[Any]) -> int:
    """Return how many rows of `scores` [N, classes] have their (first) largest at the label."""
    return int(np.sum(np.argmax(scores, axis=1) == labels))
