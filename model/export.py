"""From the trained network to `mnist_model.onnx`."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
import torch

from model.image_shape import IMAGE_SHAPE
from model.network import SimpleNN
from model.onnx_file import OPSET

INPUT_NAME = "input"
OUTPUT_NAME = "output"


def to_onnx(network: SimpleNN) -> onnx.ModelProto:
    """Return the network as ONNX: `input` float32 [1, 1, 28, 28] → `output` float32 [1, 10].

    The TorchScript exporter is used on purpose: the newer one starts at opset 18 and writes the
    weights to a second file.
    """
    with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
        exported = Path(temporary) / "float.onnx"
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, *IMAGE_SHAPE),),
            exported,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
        )
        return onnx.load(exported)
