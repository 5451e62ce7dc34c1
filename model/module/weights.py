"""The weights of a network module, kept in a file of PyTorch's."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import torch
from torch import nn

from support.errors import UserError
from support.files import write_bytes

FORMAT = "nn2flash weights 1"


def save(path: Path, network: nn.Module, shapes: list[list[int]], names: tuple[str, ...]) -> None:
    """Write weights, and shapes and names of the inputs; the same content gives the same bytes."""
    buffer = io.BytesIO()  # with a path, torch.save stores the file's name in the archive
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    content = {"format": FORMAT, "weights": weights, "shapes": shapes, "input_names": list(names)}
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def load(path: Path, network: nn.Module, place: str) -> tuple[list[list[int]], tuple[str, ...]]:
    """Give a network the weights that `save` wrote; returns shapes and names of its inputs.

    Args:
        place: of `network()`, for messages.

    Raises:
        UserError: missing, another file, or weights of another network.
    """
    remedy = "train again: python -m model train-module"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", remedy) from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{path}: not a PyTorch file ({reason})", remedy) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path}: not weights of this project ({FORMAT})", remedy)
    try:
        network.load_state_dict(content["weights"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{place}: network() makes another network than the one that was trained ({reason})",
            "have it make the same layers each time",
        ) from None
    return content["shapes"], tuple(content["input_names"])
