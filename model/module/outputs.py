"""What a network gives in evaluation mode, looked at before, during and after training."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from model.module.load import NetworkModule
from model.module.parts import Float32Array, Part, Parts
from model.module.users_code import running
from support.errors import UserError

AT_ONCE = 1000
"""Inputs that are evaluated together."""


@torch.no_grad()
def outputs_of(module: NetworkModule, network: nn.Module, part: Part, name: str) -> Float32Array:
    """What the network gives, float32 [N, values], in evaluation mode.

    Args:
        name: of the part, for messages.

    Raises:
        UserError: the network raised, or its outputs are not finite numbers.
    """
    network.eval()
    rows = []
    with running(module.path, f"network() on '{name}'", module.place("network")):
        for start in range(0, len(part), AT_ONCE):
            batch = (torch.from_numpy(v[start : start + AT_ONCE]) for v in part.inputs)
            rows.append(network(*batch).numpy())
        outputs: Float32Array = np.concatenate(rows).reshape(len(part), -1)
    finite = np.isfinite(outputs).all(axis=1)
    if not finite.all():
        raise UserError(
            f"{module.place('network')}: the network's outputs for {np.sum(~finite):,} of the"
            f" {len(part):,} inputs of '{name}' are not finite numbers in evaluation mode",
            "look for a division by 0, log or sqrt in forward(), scale the inputs to about -1 to"
            " 1, or train slower: lower LEARNING_RATE",
        )
    return outputs


def check_shapes(module: NetworkModule, network: nn.Module, parts: Parts) -> None:
    """Run one input, before anything takes time.

    Raises:
        UserError: the network cannot take it, or does not give a value for each class or label.
    """
    one = parts.train.spread(1)
    shapes = ", ".join(str([1, *v.shape[1:]]) for v in one.inputs)
    network.eval()
    place = module.place("network")
    what = f"network() on an input of shape {shapes}"
    with running(module.path, what, place), torch.no_grad():
        output = network(*map(torch.from_numpy, one.inputs))
    if not isinstance(output, torch.Tensor) or output.shape[:1] != (1,):
        kind = type(output).__name__
        shown = list(output.shape) if isinstance(output, torch.Tensor) else f"a {kind}"
        raise UserError(
            f"{place}: gives {shown} for one input of shape {shapes}, not one tensor [1, values]",
            "return one tensor from forward(), or train the network in a train() of your own",
        )
    wanted = parts.train.labels.shape[1] if parts.regression else len(parts.classes)
    if output[0].numel() != wanted:
        what = "values in each label" if parts.regression else "classes in the labels"
        raise UserError(
            f"{place}: gives {output[0].numel()} values, there are {wanted} {what}",
            f"end the network with {wanted} outputs",
        )
