"""Inputs for a network that came without its data set: from a file, or seeded random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from codegen.arrays import Array, read_arrays
from codegen.graph import Graph
from codegen.idx import SUFFIX, read_labeled
from support.errors import UserError


def parse_normalize(text: str) -> tuple[float, float]:
    """`mean,std` → two numbers; std is positive.

    Raises:
        UserError: anything else.
    """
    try:
        mean, std = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(
            f"normalize='{text}' is not 'mean,std'", "for example normalize=0.5,0.5"
        ) from None
    if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
        raise UserError(
            f"normalize='{text}': std must be positive", "for example normalize=0.5,0.5"
        )
    return mean, std


def load_inputs(
    graph: Graph, path: Path, normalize: tuple[float, float] | None
) -> dict[str, Array]:
    """Read `inputs` (and `labels`) from .npy, .npz or MNIST's own files, float32 [N, input size].

    uint8 arrays are images: scaled to 0..1, then normalized. Float arrays are taken as they are,
    or normalized when `normalize` is given.

    Raises:
        UserError: no `inputs`, wrong sizes or types.
    """
    arrays = read_labeled(path) if path.name.endswith(SUFFIX) else read_arrays(path)
    if "inputs" not in arrays:
        raise UserError(f"{path}: has no array 'inputs' (found: {', '.join(arrays)})")
    values = arrays["inputs"]
    if values.ndim < 2 or values.shape[0] == 0:
        raise UserError(f"{path}: inputs of shape {list(values.shape)}", "give [N, input size]")
    if values.dtype == np.uint8:
        real = values.astype(np.float32) / np.float32(255)
    elif np.issubdtype(values.dtype, np.floating):
        real = values.astype(np.float32)
    else:
        raise UserError(f"{path}: inputs of type {values.dtype}", "give uint8 images or floats")
    if normalize is not None:
        real = (real - np.float32(normalize[0])) / np.float32(normalize[1])
    rows = real.reshape(len(real), -1)
    if rows.shape[1] != graph.input.size:
        raise UserError(
            f"{path}: {rows.shape[1]} values per input, the network takes {graph.input.size}",
            "give inputs of the network's shape",
        )
    found: dict[str, Array] = {"inputs": rows}
    if "labels" in arrays:
        labels = arrays["labels"]
        if labels.shape != (len(rows),):
            raise UserError(f"{path}: {labels.shape} labels for {len(rows)} inputs")
        found["labels"] = labels.astype(np.uint8)
    return found


def random_inputs(graph: Graph, count: int, seed: int) -> dict[str, Array]:
    """`count` seeded inputs that use the whole range of the input's quantization, float32."""
    generator = np.random.default_rng(seed)
    stored = generator.integers(-128, 128, (count, graph.input.size))
    parameters = graph.input.quantization
    values: npt.NDArray[np.float32] = (
        (stored - parameters.zero_point).astype(np.float32) * parameters.scale
    ).astype(np.float32)
    return {"inputs": values}
