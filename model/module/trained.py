"""A network trained: by its module's own `train(network, data)`, or by the built-in loop."""

from __future__ import annotations

import torch
from torch import nn

from model.module import fit
from model.module.load import NetworkModule
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
        UserError: the module's own training leaves no network, or weights that are not finite.
    """
    own = module.function("train")
    if own is None:
        fit.check_shapes(module, network, parts)
        return network, fit.fit(module, network, parts, plan, again=again)
    with running(module.path, "train()"):
        returned = own(network, parts)
    found = network if returned is None else returned
    if not isinstance(found, torch.nn.Module):
        raise UserError(
            f"{module.place('train')}: train() returns a {type(returned).__name__}",
            "train the network that it is given, and return it or nothing",
        )
    if not all(torch.isfinite(p).all() for p in found.parameters()):
        raise UserError(
            f"{module.place('train')}: train() leaves weights that are no finite numbers",
            "train slower, or scale the inputs",
        )
    fit.check_shapes(module, found, parts)
    return found.eval(), []
