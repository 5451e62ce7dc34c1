"""How well the float and the int8 network read the test set, and whether their bytes agree."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from model import inference, qdq
from model.images import NetworkInputs
from model.network import CLASSES, SimpleNN
from model.ties import nearest_tie
from support.errors import UserError
from support.files import check_given

Int8Array = npt.NDArray[np.int8]
Labels = npt.NDArray[np.uint8]

OPTIMIZED_NOTE = (
    "onnxruntime's default int8 kernels saturate 16-bit intermediates on x86-64 processors "
    "without VNNI, and sum in another order: only the run without optimizations is the model"
)


def _score(outputs: npt.NDArray[Any], labels: Labels) -> dict[str, Any]:
    """Return how many rows of `outputs` [N, classes] have their first largest at the label."""
    right = inference.count_right(outputs, labels)
    return {"right": right, "images": len(labels), "accuracy": right / len(labels)}


def confusion_matrix(outputs: npt.NDArray[Any], labels: Labels) -> npt.NDArray[np.int64]:
    """Return int64 [label, predicted]: how often each class was predicted for each label."""
    matrix = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(matrix, (labels, np.argmax(outputs, axis=1)), 1)
    return matrix


def read_reference(path: Path, expected_inputs: Int8Array) -> Int8Array:
    """Return the reference's outputs, int8 [N, classes], for the whole test set.

    Args:
        path: an .npz file with `inputs` int8 [N, input size] and `outputs` int8 [N, classes].
        expected_inputs: int8 [N, input size], the test set as this model quantizes it.

    Raises:
        UserError: the file is missing, broken, or about other images or another model.
    """
    remedy = "make it from this int8 model and the whole test set"
    check_given(path)
    try:
        with np.load(path) as stored:
            inputs, outputs = stored["inputs"], stored["outputs"]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", remedy) from None
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError(f"{path}: not a reference ({error})", remedy) from None
    if inputs.shape != expected_inputs.shape or not np.array_equal(inputs, expected_inputs):
        raise UserError(f"{path}: its inputs are not the test set as this model sees it", remedy)
    flat: Int8Array = outputs.reshape(len(inputs), -1).astype(np.int8)
    return flat


def compare(reference: Int8Array, outputs: Int8Array) -> dict[str, Any]:
    """Compare two int8 arrays [N, classes] byte by byte."""
    difference = outputs.astype(np.int16) - reference
    return {
        "bytes": int(reference.size),
        "equal": int(np.sum(difference == 0)),
        "largest_difference": int(np.max(np.abs(difference))),
        "same_digit": int(np.sum(np.argmax(reference, axis=1) == np.argmax(outputs, axis=1))),
    }


def differing_bytes(reference: Int8Array, outputs: Int8Array) -> list[dict[str, int]]:
    """List each differing byte: image, output, the reference's value and the other one."""
    return [
        {
            "image": int(image),
            "output": int(output),
            "reference": int(reference[image, output]),
            "onnxruntime": int(outputs[image, output]),
        }
        for image, output in np.argwhere(reference != outputs)
    ]


def evaluate(
    network: SimpleNN, int8_model: onnx.ModelProto, test: NetworkInputs, reference: Path | None
) -> dict[str, Any]:
    """Return everything that `evaluation.json` holds.

    Raises:
        UserError: the model is not quantized end to end, or the reference is about another one.
    """
    quantized_input, quantized_output = qdq.input_and_output(int8_model)
    with torch.no_grad():
        scores = network(torch.from_numpy(test.inputs)).numpy()
    exact = inference.run(int8_model, test.inputs, optimize=False, title="int8")
    optimized = inference.run(int8_model, test.inputs, optimize=True, title="int8, optimized")
    report: dict[str, Any] = {
        "float": _score(scores, test.labels),
        "int8": _score(exact, test.labels),
        "int8_default_optimizations": {**_score(optimized, test.labels), "note": OPTIMIZED_NOTE},
        "confusion_matrix": confusion_matrix(exact, test.labels).tolist(),
    }
    if reference is not None:
        flat = test.inputs.reshape(len(test.inputs), -1)
        expected = read_reference(reference, quantized_input.quantize(flat))
        exact_bytes, optimized_bytes = map(quantized_output.quantize, (exact, optimized))
        if expected.shape != exact_bytes.shape:
            raise UserError(f"{reference}: outputs of another network", "make it from this model")
        report["reference"] = {
            "int8": _score(expected, test.labels),
            "onnxruntime": {
                **compare(expected, exact_bytes),
                "differing": differing_bytes(expected, exact_bytes),
                "nearest_ties": [
                    asdict(nearest_tie(int8_model, image, test.inputs[image]))
                    for image in np.flatnonzero((expected != exact_bytes).any(axis=1)).tolist()
                ],
            },
            "onnxruntime_default_optimizations": compare(expected, optimized_bytes),
        }
    return report
