"""Typical inputs, by which kernels are chosen."""

from __future__ import annotations

from pathlib import Path

from codegen.arrays import read_arrays
from codegen.inputs import by_name
from codegen.ir.graph import Graph
from codegen.ir.types import Int8Array
from codegen.reference import quantize_inputs
from support.errors import UserError


def typical_inputs(graph: Graph, path: Path | None) -> Int8Array | None:
    """int8 [N, bytes of all inputs] of a calibration file, quantized as the network takes them.

    Args:
        path: .npz with `inputs`, or arrays named like the network's inputs, floats [N, …]; None:
            there are no typical inputs.

    Raises:
        UserError: not such a file.
    """
    if path is None:
        return None
    arrays = by_name(graph, read_arrays(path))
    if "inputs" not in arrays:
        raise UserError(f"{path}: has no array 'inputs'", "make it with python -m codegen inputs")
    return quantize_inputs(arrays["inputs"].astype("float32"), graph)
