"""Regression is learnt with labels of mean 0 and deviation 1; the last layer gives them back.

Steps of the optimizer have the size of the learning rate: a network whose output must be about
1013 hPa would take thousands of them only to get there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class LabelScale:
    """From labels to what is learnt, and back.

    Attributes:
        mean, deviation: float32 [values], of the training part.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def learnt(self, labels: torch.Tensor) -> torch.Tensor:
        """Labels of mean 0 and deviation 1."""
        return (labels - self.mean) / self.deviation

    def real(self, learnt: torch.Tensor) -> torch.Tensor:
        """What was learnt, in the labels' unit."""
        return learnt * self.deviation + self.mean

    @torch.no_grad()
    def take(self, last: nn.Linear) -> None:
        """Have the last layer of a network that gives the labels' unit give what is learnt."""
        last.weight.div_(self.deviation[:, None])
        last.bias.copy_((last.bias - self.mean) / self.deviation)

    @torch.no_grad()
    def give_back(self, last: nn.Linear) -> None:
        """Have the last layer give outputs in the labels' unit."""
        last.weight.mul_(self.deviation[:, None])
        last.bias.copy_(last.bias * self.deviation + self.mean)


def scale_of(labels: torch.Tensor) -> LabelScale:
    """The scale of labels float32 [N, values]; one that never changes keeps its size."""
    deviation = labels.std(dim=0, unbiased=False)
    return LabelScale(labels.mean(dim=0), torch.where(deviation > 0, deviation, 1.0))


def last_linear(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> nn.Linear | None:
    """The Linear layer with a bias whose output is the network's output; None where none is."""
    seen: list[tuple[nn.Linear, torch.Tensor]] = []

    def note(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        assert isinstance(layer, nn.Linear)
        seen.append((layer, output))

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with torch.no_grad():
            output = network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    found = [layer for layer, result in seen if result is output and layer.bias is not None]
    # A layer that is used twice would scale what it gives to itself, too.
    used = [layer for layer, _ in seen]
    return found[0] if found and used.count(found[0]) == 1 else None
