"""From a trained network of a user's to a float ONNX file, by one of PyTorch's two exporters."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import nn

from model.module.quiet import quiet_stdout
from model.module.same_outputs import Float32Array, differing, spread
from model.module.users_code import told
from model.module.weights import Ends
from model.onnx_file import OPSET
from support.errors import UserError
from support.system_errors import nameless

OUTPUT_NAME = "output"


def _legacy(
    network: nn.Module, inputs: tuple[torch.Tensor, ...], names: list[str], to: Path
) -> None:
    """The TorchScript exporter; it writes opset 17."""
    torch.onnx.export(
        network,
        inputs,
        to,
        dynamo=False,
        opset_version=OPSET,
        input_names=names,
        output_names=[OUTPUT_NAME],
    )


def _dynamo(
    network: nn.Module, inputs: tuple[torch.Tensor, ...], names: list[str], to: Path
) -> None:
    """The newer exporter; it starts at opset 18 and needs the package onnxscript."""
    torch.onnx.export(
        network,
        inputs,
        to,
        dynamo=True,
        external_data=False,
        input_names=names,
        output_names=[OUTPUT_NAME],
        verbose=False,
    )


EXPORTERS = {"legacy": _legacy, "dynamo": _dynamo}
"""In the order in which they are tried."""

SHAPES = (
    "make all shapes follow from the input's shape, without operations that choose elements by"
    " their values"
)
SAME_STEPS = (
    "have forward() take the same steps for any values: torch.where() instead of Python's `if`,"
    " no random numbers (F.dropout needs training=self.training), nothing of other inputs of the"
    " batch"
)
"""Remedies."""


def available() -> list[str]:
    """The exporters that can run here."""
    found = importlib.util.find_spec("onnxscript") is not None
    return [name for name in EXPORTERS if name != "dynamo" or found]


def to_onnx(
    network: nn.Module,
    ends: Ends,
    place: str,
    samples: Sequence[Float32Array] = (),
    exporters: list[str] | None = None,
) -> onnx.ModelProto:
    """The network as ONNX with batch 1, by the first exporter that can.

    Args:
        ends: shapes and names of the inputs.
        place: `file:line` of `network()`, for messages.
        samples: inputs float32 [N, …], an array for each input of the network, that must give the
            same outputs when exported; none to compare nothing.
        exporters: names of those to try; None for all that there are.

    Raises:
        UserError: none can, the output's shape is not known before it runs, or what was exported
            computes something else.
        OSError: there is no room in the folder for temporary files.
    """
    inputs = tuple(torch.zeros(1, *shape) for shape in ends.shapes)
    compared = spread(samples) if samples else []
    reasons, remedy = [], SHAPES
    for name in exporters or available():
        try:
            model = _exported(name, network.eval(), inputs, list(ends.names))
            if open_at := _open_shape(model):
                reasons.append(f"{name}: the shape of {open_at} depends on the input's values")
                continue
            others = differing(network, model, ends.names, compared) if compared else 0
        except Exception as error:  # whatever an exporter raises about a user's network
            if isinstance(error, OSError) and nameless(error):
                raise  # the disk's fault, not the network's
            reasons.append(f"{name}: {told(_cause(error))}")
            continue
        if not others:
            return model
        reasons.append(
            f"{name}: other outputs than forward() gives for {others} of {len(compared[0])} inputs"
        )
        remedy = SAME_STEPS
    more = ", or try the other exporter: .venv/bin/pip install onnxscript"
    raise UserError(
        f"{place}: PyTorch cannot export the network ({'; '.join(reasons)})",
        remedy + ("" if "dynamo" in available() else more),
    )


def _cause(error: BaseException) -> BaseException:
    """What was raised first: the newer exporter's own words say only which of its steps failed."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _exported(
    name: str, network: nn.Module, inputs: tuple[torch.Tensor, ...], names: list[str]
) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings(), quiet_stdout():
        warnings.simplefilter("ignore")
        to = Path(temporary) / "float.onnx"
        EXPORTERS[name](network, inputs, names, to)
        return onnx.load(to)


def _open_shape(model: onnx.ModelProto) -> str:
    """The first output whose shape is not fixed, or ""."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    for value in inferred.graph.output:
        kind = value.type.tensor_type
        if not kind.HasField("shape") or any(d.dim_value < 1 for d in kind.shape.dim):
            return f"'{value.name}'"
    return ""
