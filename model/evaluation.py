"""How well an int8 network reads the test part, and whether onnxruntime gives the same bytes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from model import inference, qdq
from model.ties import nearest_tie
from support.errors import UserError
from support.files import DAMAGED_ARRAYS, check_given, in_words

Int8Array = npt.NDArray[np.int8]
Labels = npt.NDArray[Any]

OPTIMIZED_NOTE = (
    "onnxruntime's default int8 kernels saturate 16-bit intermediates on x86-64 processors "
    "without VNNI, and sum in another order: only the run without optimizations is the model"
)


def confusion_matrix(outputs: npt.NDArray[Any], labels: Labels) -> npt.NDArray[np.int64]:
    """Return int64 [label, predicted]: how often each class was predicted for each label."""
    classes = outputs.shape[1]
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (labels, np.argmax(outputs, axis=1)), 1)
    return matrix


def read_reference(path: Path, expected_inputs: Int8Array) -> Int8Array:
    """Return the reference's outputs, int8 [N, classes], for the whole test part.

    Args:
        path: an .npz file with `inputs` int8 [N, input size] and `outputs` int8 [N, classes].
        expected_inputs: int8 [N, ...], the test part as this model quantizes it; the reference has
            it as firmware takes it, channels last where convolutions read it.

    Raises:
        UserError: the file is missing, broken, or about other inputs or another model.
    """
    remedy = "make it from this int8 model and the whole test part"
    check_given(path)
    try:
        with np.load(path) as stored:
            inputs, outputs = stored["inputs"], stored["outputs"]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", remedy) from None
    except DAMAGED_ARRAYS as error:
        raise UserError(f"{path}: not a reference ({in_words(error)})", remedy) from None
    orders = [expected_inputs]
    if expected_inputs.ndim > 2:
        orders.append(np.moveaxis(expected_inputs, 1, -1))
    if not any(np.array_equal(inputs, values.reshape(len(values), -1)) for values in orders):
        raise UserError(f"{path}: its inputs are not the test part as this model sees it", remedy)
    flat: Int8Array = outputs.reshape(len(inputs), -1).astype(np.int8)
    return flat


def compare(reference: Int8Array, outputs: Int8Array) -> dict[str, Any]:
    """Compare two int8 arrays [N, classes] byte by byte."""
    difference = outputs.astype(np.int16) - reference
    return {
        "bytes": int(reference.size),
        "equal": int(np.sum(difference == 0)),
        "largest_difference": int(np.max(np.abs(difference))),
        "same_class": int(np.sum(np.argmax(reference, axis=1) == np.argmax(outputs, axis=1))),
    }


def differing_bytes(reference: Int8Array, outputs: Int8Array) -> list[dict[str, int]]:
    """List each differing byte: input, output, the reference's value and the other one."""
    return [
        {
            "input": int(image),
            "output": int(output),
            "reference": int(reference[image, output]),
            "onnxruntime": int(outputs[image, output]),
        }
        for image, output in np.argwhere(reference != outputs)
    ]


def compared(
    int8_model: onnx.ModelProto, inputs: inference.Float32Array, labels: Labels, reference: Path
) -> dict[str, Any]:
    """Return what onnxruntime makes of the test part, and where its bytes differ.

    Args:
        int8_model: of one input, that gives scores of classes.
        inputs: float32 [N, …], as the network sees them.
        labels: [N].
        reference: the integer reference's .npz for them.

    Returns:
        `confusion_matrix` of the reference; `onnxruntime`, node by node as the file says, with each
        differing byte, and `onnxruntime_default_optimizations`.

    Raises:
        UserError: the model is not quantized end to end, or the reference is about another one.
    """
    quantized_input, quantized_output = qdq.input_and_output(int8_model)
    expected = read_reference(reference, quantized_input.quantize(inputs))
    found = {}
    for title, optimize in (("int8", False), ("int8, optimized", True)):
        outputs = inference.run(int8_model, inputs, optimize=optimize, title=title)
        stored = quantized_output.quantize(outputs.reshape(len(inputs), -1))
        if expected.shape != stored.shape:
            raise UserError(f"{reference}: outputs of another network", "make it from this model")
        accuracy = inference.count_right(stored, labels) / len(labels)
        found[optimize] = stored, {"accuracy": accuracy, **compare(expected, stored)}
    exact = found[False][0]
    differing = np.flatnonzero((expected != exact).any(axis=1)).tolist()
    ties = [asdict(nearest_tie(int8_model, index, inputs[index])) for index in differing]
    return {
        "confusion_matrix": confusion_matrix(expected, labels).tolist(),
        "onnxruntime": {
            **found[False][1],
            "differing": differing_bytes(expected, exact),
            "nearest_ties": ties,
        },
        "onnxruntime_default_optimizations": {**found[True][1], "note": OPTIMIZED_NOTE},
    }
