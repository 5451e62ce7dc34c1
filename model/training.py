"""Training: the same images, recipe, epochs and seed give the same weights, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from model.augmentation import distort
from model.dataset import DigitImages
from model.network import SimpleNN
from model.preprocessing import scale_pixels
from model.recipes import Recipe
from model.splits import split_indices
from support.progress import Progress


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images showed.

    Attributes:
        epoch: from 1.
        loss: mean cross entropy (with the recipe's label smoothing) of the images as shown.
        training_accuracy: share of the images shown that were classified right while learning.
        validation_accuracy: share of the validation images; None when there are none.
    """

    epoch: int
    loss: float
    training_accuracy: float
    validation_accuracy: float | None

    def note(self) -> str:
        """The figures in a few words."""
        seen = self.validation_accuracy
        validated = "" if seen is None else f", validation accuracy {100 * seen:.2f} %"
        return (
            f"loss {self.loss:.4f}, training accuracy {100 * self.training_accuracy:.2f} %"
            f"{validated}"
        )


def make_deterministic() -> None:
    """Let PyTorch compute the same bits each time, on this kind of processor.

    One thread: sums are split among threads, so their number would show in the last bits.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


@torch.no_grad()
def accuracy(network: SimpleNN, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of normalized images, float32 [N, 1, 28, 28], that are classified right."""
    right = 0
    for start in range(0, len(labels), 1000):
        scores = network(images[start : start + 1000])
        right += int((scores.argmax(dim=1) == labels[start : start + 1000]).sum())
    return right / len(labels)


def _optimizer(
    network: SimpleNN, recipe: Recipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler | None]:
    """Return the recipe's optimizer, and the schedule of its learning rate if there is one."""
    if recipe.optimizer == "adam":
        return torch.optim.Adam(network.parameters(), lr=recipe.learning_rate), None
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=recipe.learning_rate, total_steps=steps
    )
    return optimizer, schedule


def train(
    images: DigitImages, recipe: Recipe, epochs: int, seed: int
) -> tuple[SimpleNN, list[Epoch]]:
    """Train a new network.

    Args:
        images: the training images.
        recipe: how to train.
        epochs: passes over the images, at least 1.
        seed: of initialization, order, distortion and the validation split.

    Returns:
        the network, in evaluation mode, and one record per epoch.
    """
    make_deterministic()
    torch.manual_seed(seed)
    network = SimpleNN()
    generator = torch.Generator().manual_seed(seed)

    fit, held_back = split_indices(len(images), recipe.validation_images, seed)
    normalize = recipe.normalization
    pixels, labels = images.pixels[fit], images.labels[fit]
    validation = normalize(images.pixels[held_back])
    steps = epochs * -(-len(labels) // recipe.batch_size)
    optimizer, schedule = _optimizer(network, recipe, steps)

    history = []
    progress = Progress(f"training ({recipe.name})", epochs)
    for number in range(1, epochs + 1):
        network.train()
        loss_sum, right = 0.0, 0
        order = torch.randperm(len(labels), generator=generator)
        for batch in torch.split(order, recipe.batch_size):
            scaled = scale_pixels(pixels[batch])
            if recipe.augmentation:
                scaled = distort(scaled, recipe.augmentation, generator)
            optimizer.zero_grad()
            scores = network(normalize.of_scaled(scaled))
            loss = cross_entropy(scores, labels[batch], label_smoothing=recipe.label_smoothing)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if schedule:
                schedule.step()
            loss_sum += loss.item() * len(batch)
            right += int((scores.argmax(dim=1) == labels[batch]).sum())
        network.eval()
        seen = accuracy(network, validation, images.labels[held_back]) if len(held_back) else None
        history.append(Epoch(number, loss_sum / len(labels), right / len(labels), seen))
        progress.advance(note=history[-1].note())
    progress.finish(history[-1].note())
    return network, history
