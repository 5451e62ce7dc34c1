"""Choosing the calibration method, checking the int8 model, and what `quantization.json` says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import onnx
import onnxruntime

from model import inference, qdq
from model.images import NetworkInputs
from model.quantization import METHODS, quantize

ONE_OF_TOLERATED = 1000
"""A simpler calibration method may lose one of so many validation images (0.1 points)."""


@dataclass(frozen=True)
class Chosen:
    """An int8 model and why it was made this way.

    Attributes:
        model: the quantizer's output.
        method: how the ranges were set, one of `METHODS`.
        validation_accuracy: of the float network ("float") and of each method tried.
    """

    model: onnx.ModelProto
    method: str
    validation_accuracy: dict[str, float]


@dataclass(frozen=True)
class Accuracy:
    """Test images, and how many of them each network reads right."""

    images: int
    float_right: int
    int8_right: int

    @property
    def drop_points(self) -> float:
        """Percentage points that int8 loses; negative when it gains."""
        return 100 * (self.float_right - self.int8_right) / self.images

    def summary(self) -> str:
        """Both accuracies in a few words."""
        float_percent, int8_percent = (
            100 * right / self.images for right in (self.float_right, self.int8_right)
        )
        return (
            f"accuracy float {float_percent:.2f} %, int8 {int8_percent:.2f} % "
            f"of {self.images:,} test images"
        )


def _right(model: onnx.ModelProto, images: NetworkInputs) -> int:
    """Return how many `images` the model reads right, computed node by node as the file says."""
    scores = inference.run(model, images.inputs, optimize=False)
    return inference.count_right(scores, images.labels)


def choose(
    float_model: onnx.ModelProto, calibration: NetworkInputs, validation: NetworkInputs
) -> Chosen:
    """Quantize with the first of `METHODS` that keeps the accuracy, or else with the best.

    Args:
        float_model: the network before quantization.
        calibration: training images that set the ranges.
        validation: other training images, to judge the methods by. (A recipe that holds none
            back was trained on them; they still tell what quantization loses.)
    """
    count = len(validation.labels)
    right = {"float": _right(float_model, validation)}
    models = {}
    best = ""
    for method in METHODS:
        models[method] = quantize(float_model, calibration.inputs, method)
        right[method] = _right(models[method], validation)
        if not best or right[method] > right[best]:
            best = method
        if (right["float"] - right[best]) * ONE_OF_TOLERATED <= count:
            break
    return Chosen(models[best], best, {name: each / count for name, each in right.items()})


def compare_accuracy(
    float_model: onnx.ModelProto, int8_model: onnx.ModelProto, test: NetworkInputs
) -> Accuracy:
    """Measure both networks on the test images."""
    return Accuracy(len(test.labels), _right(float_model, test), _right(int8_model, test))


def check_int8(int8_model: onnx.ModelProto, float_model: onnx.ModelProto) -> None:
    """Assert what readers of the int8 model rely on.

    Raises:
        RuntimeError: a weight is -128 (fast kernels pair and negate weights), or a Relu was
            dropped whose output could still be negative (onnxruntime issue 11660).
    """
    for tensor in qdq.weights(int8_model):
        if int(tensor.values.min()) < -127:
            raise RuntimeError(f"{tensor.tensor}: weights must lie in -127..127")
    kept, relus = (
        {node.output[0] for node in model.graph.node if node.op_type == "Relu"}
        for model in (int8_model, float_model)
    )
    for activation in qdq.activations(int8_model):
        if activation.tensor in relus - kept and activation.zero_point != -128:
            raise RuntimeError(f"{activation.tensor}: quantized without its Relu")


def report(chosen: Chosen, accuracy: Accuracy, calibration: NetworkInputs) -> dict[str, Any]:
    """Return what `quantization.json` holds: parameters of the int8 model and its accuracy."""
    return {
        "accuracy": {
            **asdict(accuracy),
            "float": accuracy.float_right / accuracy.images,
            "int8": accuracy.int8_right / accuracy.images,
            "drop_points": accuracy.drop_points,
        },
        "calibration": {
            "images": len(calibration.labels),
            "method": chosen.method,
            "validation_accuracy": chosen.validation_accuracy,
        },
        "activations": [
            {"tensor": a.tensor, "scale": float(a.scale), "zero_point": a.zero_point}
            for a in qdq.activations(chosen.model)
        ],
        "weights": [
            {
                "tensor": w.tensor,
                "shape": list(w.values.shape),
                "scales": [float(scale) for scale in w.scales.reshape(-1)],
                "smallest": int(w.values.min()),
                "largest": int(w.values.max()),
            }
            for w in qdq.weights(chosen.model)
        ],
        "versions": {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
    }
