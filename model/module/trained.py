"""A network trained: by its module's own `train(network, data)`, or by the built-in loop."""

from __future__ import annotations

import torch
from torch import nn

from model.module import fit
from model.module.load import NetworkModule
from model.module.outputs import check_shapes, outputs_of
from model.module.parts import Parts
from model.module.users_code import running
from support.errors import UserError


def trained(
    module: NetworkModule, network: nn.Module, parts: Parts, plan: fit.Plan, *, again: bool = False
) -> tuple[nn.Module, list[fit.Epoch]]:
    """The network with its weights, and the history where the built-in loop has one.

    Args:
        again: it has been trained before.

    Raises:
        UserError: the training leaves no network, or weights or outputs that are not finite.
    """
    own = module.function("train")
    if own is None:
        check_shapes(module, network, parts)
        history = fit.fit(module, network, parts, plan, again=again)
        if name := _not_finite(network):
            raise UserError(
                f"{module.path}: training leaves '{name}' of the network with values that are not"
                " finite numbers",
                fit.slower(plan),
            )
        return network, history
    with running(module.path, "train()", module.place("train")):
        returned = own(network, parts)
    found = network if returned is None else returned
    if not isinstance(found, torch.nn.Module):
        raise UserError(
            f"{module.place('train')}: train() returns a {type(returned).__name__}",
            "train the network that it is given, and return it or nothing",
        )
    if name := _not_finite(found):
        raise UserError(
            f"{module.place('train')}: train() leaves '{name}' of the network with values that are"
            " not finite numbers",
            "train slower, or scale the inputs",
        )
    check_shapes(module, found, parts)
    outputs_of(module, found, parts.validation, "validation")
    return found.eval(), []


STATISTICS = ("running_mean", "running_var")
"""Buffers of BatchNorm and its kin; other buffers may hold infinity, such as masks of attention."""


def _not_finite(network: nn.Module) -> str:
    """The first weight or buffer that no network can work with, or ""."""
    for name, weights in network.named_parameters():
        if not torch.isfinite(weights).all():
            return name
    for name, values in network.named_buffers():
        finite = name.rpartition(".")[2] in STATISTICS
        if torch.isnan(values).any() or (finite and not torch.isfinite(values).all()):
            return name
    return ""
