"""The weights of a network module, kept in a file of PyTorch's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from model import torch_file
from support.errors import UserError
from support.files import check_given, resolved

FORMAT = "nn2flash weights 2"


@dataclass(frozen=True)
class Ends:
    """The inputs of a network.

    Attributes:
        shapes: without the batch.
        names: in the same order.
        normalization: of data on its way to them, as support/normalization.py packs it.
    """

    shapes: list[list[int]]
    names: tuple[str, ...]
    normalization: str


REMEDY = "train again: python -m model train"


def needed(path: Path) -> Path:
    """The absolute path of a file of weights that is to be read.

    Raises:
        UserError: it is not there.
    """
    check_given(path, REMEDY)
    if not path.exists():
        raise UserError(f"{path}: no such file", REMEDY)
    return resolved(path)


def save(path: Path, network: nn.Module, ends: Ends) -> None:
    """Write weights and what is known of the inputs; the same content gives the same bytes."""
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    content = {
        "format": FORMAT,
        "weights": weights,
        "shapes": ends.shapes,
        "input_names": list(ends.names),
        "normalization": ends.normalization,
    }
    torch_file.write(path, content)


def load(path: Path, network: nn.Module, place: str) -> Ends:
    """Give a network the weights that `save` wrote; returns what is known of its inputs.

    Args:
        place: of `network()`, for messages.

    Raises:
        UserError: missing, another file, or weights of another network.
    """
    content = torch_file.read(path, "weights", FORMAT, REMEDY)
    try:
        network.load_state_dict(content["weights"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{place}: network() makes another network than the one that was trained ({reason})",
            "have it make the same layers each time",
        ) from None
    return Ends(content["shapes"], tuple(content["input_names"]), content["normalization"])
