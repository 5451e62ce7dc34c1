"""A network of which only the two ends are known: what a manifest tells of vendor code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from codegen.ir.graph import Graph, Op, Value, tensor
from codegen.ir.types import Quantization
from support.errors import UserError
from support.files import BUILD_AGAIN, read_json


def read_opaque(path: Path) -> Graph:
    """The network of a manifest as a graph of one operation: enough to quantize inputs for it.

    Raises:
        UserError: not a manifest.
    """
    content = read_json(path)
    try:
        inputs, outputs = ((_value(content[end]),) for end in ("input", "output"))
        op = Op(str(content["name"]), inputs, outputs)
        return Graph(inputs, outputs, (op,), str(content["origin"]))
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a network's manifest", BUILD_AGAIN) from None


def _value(port: dict[str, Any]) -> Value:
    shape = tuple(int(axis) for axis in port["shape"])
    # Only the input is quantized by us, so only the input's parameters are always known.
    scale, zero_point = port["scale"], port["zero_point"]
    quantization = Quantization(np.float32(scale or 0), int(zero_point or 0))
    return tensor(str(port["name"]), shape, quantization)
