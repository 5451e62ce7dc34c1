"""The weights of a network module, kept in a file of PyTorch's."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from model import torch_file
from support.errors import UserError

FORMAT = "nn2flash weights 1"


def save(path: Path, network: nn.Module, shapes: list[list[int]], names: tuple[str, ...]) -> None:
    """Write weights, and shapes and names of the inputs; the same content gives the same bytes."""
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    content = {"format": FORMAT, "weights": weights, "shapes": shapes, "input_names": list(names)}
    torch_file.write(path, content)


def load(path: Path, network: nn.Module, place: str) -> tuple[list[list[int]], tuple[str, ...]]:
    """Give a network the weights that `save` wrote; returns shapes and names of its inputs.

    Args:
        place: of `network()`, for messages.

    Raises:
        UserError: missing, another file, or weights of another network.
    """
    remedy = "train again: python -m model train-module"
    content = torch_file.read(path, "weights", FORMAT, remedy)
    try:
        network.load_state_dict(content["weights"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{place}: network() makes another network than the one that was trained ({reason})",
            "have it make the same layers each time",
        ) from None
    return content["shapes"], tuple(content["input_names"])
