"""A batch after a module's own `augment(inputs)`, as the network sees it while it learns."""

from __future__ import annotations

import torch

from model.module.load import NetworkModule
from model.module.users_code import running
from support.errors import UserError


def shown_of(module: NetworkModule, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """The batch, changed where the module has an `augment`.

    Args:
        batch: [N, …] for each of the network's inputs.

    Raises:
        UserError: `augment` raises, or returns other shapes.
    """
    augment = module.function("augment")
    if augment is None:
        return batch
    place = module.place("augment")
    with running(module.path, "augment()", place):
        changed = augment(*batch)
    shown = changed if isinstance(changed, tuple) else (changed,)
    wanted, given = [list(values.shape) for values in batch], [_shape(values) for values in shown]
    if given != wanted:
        raise UserError(
            f"{place}: augment() gives {_told(given)} for a batch of {_told(wanted)}",
            "return a tensor of the shape of each one that it is given",
        )
    return shown


def _shape(values: object) -> list[int] | str:
    return list(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__


def _told(shapes: list[list[int] | str] | list[list[int]]) -> str:
    return ", ".join(map(str, shapes)) or "nothing"
