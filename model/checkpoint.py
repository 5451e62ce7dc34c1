"""`mnist.pt`: the trained weights and what is needed to use and to repeat them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from model import torch_file
from model.network import SimpleNN
from model.preprocessing import Normalization

FORMAT = "nn2flash checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network.

    Attributes:
        weights: parameter name → float32 tensor, as `SimpleNN.state_dict()`.
        normalization: of the network's input.
        recipe: name of the recipe it was trained with.
        epochs: how many.
        seed: of initialization, order, distortion and splits.
        dataset: file name → SHA-256 (hex) of the dataset's files.
    """

    weights: dict[str, torch.Tensor]
    normalization: Normalization
    recipe: str
    epochs: int
    seed: int
    dataset: dict[str, str]

    def network(self) -> SimpleNN:
        """Return the network with these weights, in evaluation mode."""
        network = SimpleNN()
        network.load_state_dict(self.weights)
        return network.eval()


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the same content gives the same bytes, whatever the file is called."""
    content = {
        "format": FORMAT,
        "weights": {name: tensor.clone() for name, tensor in checkpoint.weights.items()},
        "mean": checkpoint.normalization.mean,
        "std": checkpoint.normalization.std,
        "recipe": checkpoint.recipe,
        "epochs": checkpoint.epochs,
        "seed": checkpoint.seed,
        "dataset": dict(sorted(checkpoint.dataset.items())),
    }
    torch_file.write(path, content)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint that `save` wrote.

    Raises:
        UserError: the file is missing or something else.
    """
    remedy = "make one with: python -m model train"
    content = torch_file.read(path, "a checkpoint", FORMAT, remedy)
    return Checkpoint(
        weights=content["weights"],
        normalization=Normalization(content["mean"], content["std"]),
        recipe=content["recipe"],
        epochs=content["epochs"],
        seed=content["seed"],
        dataset=content["dataset"],
    )
