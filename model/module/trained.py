"""A network trained: by its module's own `train(network, data)`, or by the built-in loop."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

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
) -> tuple[nn.Module, list[dict[str, Any]]]:
    """The network with its weights, and the history: a record for each epoch, as of `fit.Epoch`.

    Args:
        plan: a train() of the module's gets it when it asks for `plan`; when it asks for `history`,
            a list that its records go to.
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
        return network, [asdict(epoch) for epoch in history]
    kept: list[Any] = []
    more = module.asked(own, {"plan": plan, "history": kept}, 2)
    with running(module.path, "train()", module.place("train")):
        returned = own(network, parts, **more)
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
    return found.eval(), _records(module, kept)


def _records(module: NetworkModule, kept: list[Any]) -> list[dict[str, Any]]:
    """The history that a train() kept, its epochs numbered.

    Raises:
        UserError: a record without a loss, or with something else than figures.
    """
    for number, record in enumerate(kept, 1):
        if not isinstance(record, dict) or not _figures(record) or "loss" not in record:
            raise UserError(
                f"{module.place('train')}: train() appends {str(record)[:60]} to history, epoch"
                f" {number}",
                'append figures, {"loss": 0.3, "validation": {"accuracy": 0.9}}',
            )
    return [{"epoch": number, **record} for number, record in enumerate(kept, 1)]


def _figures(record: dict[Any, Any]) -> bool:
    """Whether it holds finite numbers by name, or dictionaries of such."""
    return all(
        isinstance(name, str)
        and (
            _figures(value)
            if isinstance(value, dict)
            else isinstance(value, int | float) and math.isfinite(value)
        )
        for name, value in record.items()
    )


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
