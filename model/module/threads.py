"""How many threads train a network: one where there is too little to share."""

from __future__ import annotations

import os

import torch
from torch import nn

WORTH_SHARING = 20_000_000
"""Multiply-accumulates of a batch. Below, threads wait for each other longer than they compute."""

_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def multiplications(network: nn.Module, one: tuple[torch.Tensor, ...]) -> int:
    """Multiply-accumulates of fully connected and convolutional layers for one input."""
    found = []

    def note(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        found.append(output.numel() * weight[0].numel())

    layers = [layer for layer in network.modules() if isinstance(layer, _WEIGHTED)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with torch.no_grad():
            network(*one)
    finally:
        for hook in hooks:
            hook.remove()
    return sum(found)


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose(network: nn.Module, one: tuple[torch.Tensor, ...], batch_size: int) -> int:
    """Have PyTorch use one thread, or all processors; returns how many.

    Their number shows in the last bits of sums: it belongs to what makes a training repeatable.
    """
    worth = multiplications(network, one) * batch_size >= WORTH_SHARING
    count = processors() if worth else 1
    torch.set_num_threads(count)
    return count
