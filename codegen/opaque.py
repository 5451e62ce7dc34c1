"""A network of which only the two ends are known: what a manifest tells of vendor code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from codegen.graph import Graph, Node, Quantization, Tensor
from support.errors import UserError
from support.files import read_json


def read_opaque(path: Path) -> Graph:
    """The network of a manifest as a graph of one node: enough to quantize inputs for it.

    Raises:
        UserError: not a manifest.
    """
    content = read_json(path)
    try:
        ends = [_tensor(content[end]) for end in ("input", "output")]
        node = Node(str(content["name"]), *ends)
        return Graph((node,), str(content["model_sha256"]), str(content["origin"]))
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a network's manifest", "delete it and build again") from None


def _tensor(port: dict[str, Any]) -> Tensor:
    shape = tuple(int(axis) for axis in port["shape"])
    # Only the input is quantized by us, so only the input's parameters are always known.
    scale, zero_point = port["scale"], port["zero_point"]
    quantization = Quantization(np.float32(scale or 0), int(zero_point or 0))
    return Tensor(str(port["name"]), shape, quantization)
