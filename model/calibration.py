"""From anyone's float network to int8 ones, a way of calibrating each, by onnxruntime's tools."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    create_calibrator,
    quantize_static,
)
from onnxruntime.quantization.calibrate import save_tensors_data
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process

from model.given_inputs import Float32Array, GivenInputs
from support.errors import UserError
from support.progress import SOON, track, waiting

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "percentile": CalibrationMethod.Percentile,
    "entropy": CalibrationMethod.Entropy,
}

MOST_INPUTS = 1000
"""Inputs that calibrate; of more, so many evenly spread."""

MOST_BYTES = 1 << 30
"""Activations that onnxruntime keeps in memory, of all inputs, to count them."""

MOST_CHARACTERS = 300
"""Of what onnxruntime says, which may be a page."""

_OPTIONS: dict[str, dict[str, Any]] = {
    "minmax": {},
    # The default keeps out one value of 100,000: of a few hundred small inputs that is none.
    "percentile": {"symmetric": False, "percentile": 99.99},
    # As many bins as bytes have steps leave nothing to choose, and these are onnxruntime's.
    "entropy": {"num_bins": 512},
}

# Their weights are operands that no int8 form has: refused by name when the file is read.
_NEVER = {"LSTM", "GRU", "RNN"}


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds inputs one by one, and tells how far it is."""

    def __init__(self, inputs: GivenInputs, title: str) -> None:
        shown = track(range(len(inputs)), title, len(inputs), after=SOON)
        self._feeds = (inputs.feed(index) for index in shown)

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


def fitting(prepared: onnx.ModelProto, inputs: GivenInputs, methods: Sequence[str]) -> GivenInputs:
    """As many of the inputs, evenly spread, as may calibrate at once.

    Args:
        methods: that will be tried; minmax alone keeps no activations, and takes all inputs.
    """
    if tuple(methods) == ("minmax",):
        return inputs
    each = 0
    for value in prepared.graph.value_info:
        each += 4 * prod(dim.dim_value for dim in value.type.tensor_type.shape.dim)
    return inputs.spread(max(1, min(MOST_INPUTS, MOST_BYTES // max(1, each))))


@contextlib.contextmanager
def told(path: Path, doing: str) -> Iterator[None]:
    """Turn what onnxruntime raises about a file of the user's into one line.

    Raises:
        UserError: it cannot do this with the model.
    """
    try:
        yield
    except (UserError, MemoryError, OSError):
        raise
    except Exception as error:
        reason = textwrap.shorten(str(error), MOST_CHARACTERS, placeholder=" …")
        raise UserError(
            f"{path}: onnxruntime cannot {doing} it ({reason or type(error).__name__})",
            "see that onnxruntime runs the float network, and export it again with opset 17",
        ) from None


def prepare(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with shapes inferred, constants folded, BatchNormalization inside Conv.

    What a step of onnxruntime's cannot do with this model is left out: the optimizer, then the
    inference of symbolic shapes.
    """
    ways = [{}, {"skip_symbolic_shape": True}, {"skip_optimization": True}]
    ways.append(ways[1] | ways[2])
    with waiting("preparing the network"), quiet(), tempfile.TemporaryDirectory() as temporary:
        for number, way in enumerate(ways):
            prepared = Path(temporary) / f"{number}.onnx"
            try:
                quant_pre_process(model, prepared, **way)
                found = onnx.load(prepared)
                onnx.checker.check_model(found, full_check=True)
            except Exception:  # whatever it is, the next way may do without it
                continue
            return found
    with told(path, "prepare"):
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def quantized_types(model: onnx.ModelProto) -> list[str]:
    """Operator types whose ends are quantized: those that onnxruntime knows, and all others there
    are in the model, so that nothing between two integers stays in float."""
    known = {*QDQRegistry, *QLinearOpsRegistry}
    return sorted(known | {node.op_type for node in model.graph.node} - _NEVER)


def quantize(
    path: Path, prepared: onnx.ModelProto, inputs: GivenInputs, method: str
) -> onnx.ModelProto:
    """The network with int8 activations and symmetric int8 weights per channel, in QDQ form.

    Args:
        path: the file that the user gave, for messages.
        prepared: what `prepare` returned.
        inputs: that set the ranges.
        method: one of support.calibration_methods.

    Raises:
        UserError: onnxruntime cannot do it.
    """
    types = quantized_types(prepared)
    with told(path, "quantize"), tempfile.TemporaryDirectory() as temporary, quiet():
        source, ranges = Path(temporary) / "prepared.onnx", Path(temporary) / "ranges.json"
        target = Path(temporary) / "int8.onnx"
        onnx.save(prepared, source)
        calibrator = create_calibrator(
            source,
            types,
            augmented_model_path=str(Path(temporary) / "augmented.onnx"),
            calibrate_method=_METHODS[method],
            extra_options=_OPTIONS[method],
        )
        calibrator.collect_data(_Reader(inputs, f"calibrating by {method}, inputs"))
        with waiting(f"setting ranges by {method}"):
            save_tensors_data(calibrator.compute_data(), ranges)
        quantize_static(
            source,
            target,
            None,
            calibration_cache_path=ranges,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=types,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=_METHODS[method],
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
        return onnx.load(target)
