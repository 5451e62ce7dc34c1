"""From the float ONNX file to the int8 QDQ one, with onnxruntime's static quantizer."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from model.inference import Float32Array
from support.progress import waiting

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "percentile": CalibrationMethod.Percentile,
}
"""How the calibration images set the ranges of the activations, in order of preference."""


class _Images(CalibrationDataReader):  # type: ignore[misc]
    """Feeds images, float32 [N, 1, 28, 28], one by one to the model's only input."""

    def __init__(self, name: str, images: Float32Array) -> None:
        self._feeds = iter([{name: image[np.newaxis]} for image in images])

    def get_next(self) -> dict[str, Float32Array] | None:
        return next(self._feeds, None)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence the quantizer's advice about pre-processing and its printed progress."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(None):
            yield
    finally:
        logging.disable(previous)


def _input_tensor(model: onnx.ModelProto) -> str:
    """Return the name of the tensor at which the quantizer quantizes the network's input."""
    first = model.graph.node[0]
    name: str = first.output[0] if first.op_type == "Flatten" else model.graph.input[0].name
    return name


def quantize(model: onnx.ModelProto, calibration: Float32Array, method: str) -> onnx.ModelProto:
    """Return `model` with int8 activations and per-channel int8 weights, in QDQ form.

    Activations are asymmetric: a Relu whose output range begins at zero needs no node of its own,
    because the zero point is then -128 and saturation does its work. (With symmetric ones
    onnxruntime once dropped Relu nodes that were needed; `check_int8` looks.)

    The input always keeps the whole range of the pixels: it is known, not estimated.

    Args:
        model: the float network.
        calibration: training images through the training transform, float32 [N, 1, 28, 28].
        method: one of `METHODS`.
    """
    whole_range = {"rmin": calibration.min(), "rmax": calibration.max()}
    told = waiting(f"calibrating by {method} of {len(calibration):,} images")
    with told, tempfile.TemporaryDirectory() as temporary, quiet():
        prepared, quantized = Path(temporary) / "prepared.onnx", Path(temporary) / "int8.onnx"
        quant_pre_process(model, prepared, skip_optimization=True, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            quantized,
            _Images(model.graph.input[0].name, calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Flatten", "Gemm", "Relu"],
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=METHODS[method],
            extra_options={
                "ActivationSymmetric": False,
                "WeightSymmetric": True,
                "TensorQuantOverrides": {_input_tensor(model): [whole_range]},
            },
        )
        return onnx.load(quantized)
