"""Whether an exported network computes what the module's does: exporters record one run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from model.evenly import evenly
from model.session import session_of

Float32Array = npt.NDArray[np.float32]

MOST_INPUTS = 32
"""That are compared, spread evenly over those that are given."""

TOLERANCE = 1e-3
"""Of the largest output: float32 sums in another order differ by far less, another path by more."""


def spread(inputs: Sequence[Float32Array]) -> list[Float32Array]:
    """MOST_INPUTS of inputs [N, …], evenly spread; all where there are fewer."""
    chosen = evenly(len(inputs[0]), MOST_INPUTS)
    return [np.ascontiguousarray(values[chosen], dtype=np.float32) for values in inputs]


@torch.no_grad()
def differing(
    network: nn.Module,
    model: onnx.ModelProto,
    names: Sequence[str],
    inputs: Sequence[Float32Array],
) -> int:
    """How many of the inputs float32 [N, …] give other outputs in ONNX than in PyTorch.

    Args:
        network: in evaluation mode; it gets all inputs at once, as a validation part.
        model: with batch 1; it gets one after the other.
        names: of the network's inputs; the model has those that decide something.
        inputs: an array for each name.
    """
    count = len(inputs[0])
    expected = network(*map(torch.from_numpy, inputs)).numpy().reshape(count, -1)
    session = session_of(model, optimize=False)
    known = {each.name for each in session.get_inputs()}
    fed = {name: v for name, v in zip(names, inputs, strict=True) if name in known}
    rows = [
        session.run(None, {name: values[n : n + 1] for name, values in fed.items()})[0]
        for n in range(count)
    ]
    found = np.concatenate([row.reshape(1, -1) for row in rows])
    allowed = TOLERANCE * np.abs(expected).max(initial=0.0)
    return int(np.sum(~(np.abs(found - expected) <= allowed).all(axis=1)))
