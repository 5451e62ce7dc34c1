"""Handwritten digits, read by the guide's multilayer perceptron: what plain `scons` trains.

A network module as anyone's (docs/your-network.md), with two recipes. `guide` is the guide's
sections 1 and 2 to the letter: every training image, five epochs of Adam, the last weights.
`augmented` was chosen on validation images: 5,000 images validate and the others are distorted. Its
inputs go from 0 to 1, which does better there than -1 to 1 and quantizes without error: with scale
1/255 and zero point -128 each pixel value is one int8 value, where (-1, 1) puts every pixel halfway
between two of them.

The same images, recipe, epochs and seed give the same weights, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from model.augmentation import Augmentation, distort
from support.progress import Progress

if TYPE_CHECKING:
    from model.module.fit import Plan
    from model.module.parts import Parts
    from model.sources.split import Data

DATA = "mnist"
SUBSET = "mnist_test_subset"
PREFIX = "mnist"
CALIBRATION = "minmax"
RECIPES = ("augmented", "guide")

EPOCHS = {"augmented": 50, "guide": 5}
BATCH_SIZE = {"augmented": 128, "guide": 64}
LEARNING_RATE = {"augmented": 4e-3, "guide": 1e-3}

CLASSES = 10
"""Digits 0 to 9; output i is the score of digit i."""

VALIDATION_IMAGES = 5_000
"""Training images that judge. The guide's recipe trains on them, too: there they still tell what
quantization loses."""

CALIBRATION_IMAGES = 2_000
"""Other training images, which set the ranges of the activations."""

DISTORTION = Augmentation(rotation=10.0, scale=0.1, shear=8.0, shift=1.5)
WEIGHT_DECAY, LABEL_SMOOTHING = 0.01, 0.05
"""AdamW's, and the share of the target spread over all digits; `augmented` has them."""


class SimpleNN(nn.Module):
    """784-128-64-10 with ReLU between the layers and raw scores (logits) at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores, float32 [N, 10], of normalized images, float32 [N, 1, 28, 28]."""
        hidden = torch.relu(self.fc1(torch.flatten(images, 1)))
        hidden = torch.relu(self.fc2(hidden))
        scores: torch.Tensor = self.fc3(hidden)
        return scores


def network() -> nn.Module:
    """The guide's, 109,386 weights."""
    return SimpleNN()


def split_indices(
    count: int, held_back: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the indices of `count` training images to fit on and to validate with.

    The generator is its own, so that the split does not depend on what else was drawn.

    Returns:
        two int64 arrays, [count - held_back] and [held_back], without common elements, sorted.
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[held_back:].sort().values.numpy(), order[:held_back].sort().values.numpy()


def calibration_indices(count: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the indices, int64 [CALIBRATION_IMAGES], of the calibration images, sorted.

    They are taken from those that do not validate.
    """
    fit, _ = split_indices(count, VALIDATION_IMAGES, seed)
    order = torch.randperm(len(fit), generator=torch.Generator().manual_seed(seed + 1))
    return np.sort(fit[order[:CALIBRATION_IMAGES].numpy()])


def data(given: Data, recipe: str, seed: int) -> Data:
    """MNIST's parts, split as the recipe wants them, with its normalization."""
    images, labels = given["train"]
    fit, held_back = split_indices(len(labels), VALIDATION_IMAGES, seed)
    calibrating = calibration_indices(len(labels), seed)
    mean, std = (0.5, 0.5) if recipe == "guide" else (0.0, 1.0)
    return {
        "train": given["train"] if recipe == "guide" else (images[fit], labels[fit]),
        "validation": (images[held_back], labels[held_back]),
        "calibration": (images[calibrating], labels[calibrating]),
        "test": given["test"],
        "mean": [mean],
        "std": [std],
    }


@torch.no_grad()
def accuracy(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of images, float32 [N, 1, 28, 28], that are classified right."""
    right = 0
    for start in range(0, len(labels), 1000):
        scores = network(images[start : start + 1000])
        right += int((scores.argmax(dim=1) == labels[start : start + 1000]).sum())
    return right / len(labels)


def _optimizer(
    network: nn.Module, recipe: str, plan: Plan, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler | None]:
    """Return the recipe's optimizer, and the schedule of its learning rate if there is one."""
    if recipe == "guide":
        return torch.optim.Adam(network.parameters(), lr=plan.learning_rate), None
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=plan.learning_rate, weight_decay=WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=plan.learning_rate, total_steps=steps
    )
    return optimizer, schedule


def train(
    network: nn.Module, data: Parts, plan: Plan, recipe: str, history: list[dict[str, Any]]
) -> None:
    """Train the network in place.

    Args:
        plan: how long and how fast; its seed is that of order and distortion.
        history: gets a record for each epoch: `loss`, the mean cross entropy of the images as they
            were shown (with label smoothing), and the accuracies.
    """
    generator = torch.Generator().manual_seed(plan.seed)
    images, labels = torch.from_numpy(data.train.inputs[0]), torch.from_numpy(data.train.labels)
    held_back, held_labels = data.validation.inputs[0], data.validation.labels
    distorted = recipe == "augmented"
    smoothing = LABEL_SMOOTHING if distorted else 0.0
    optimizer, schedule = _optimizer(network, recipe, plan, plan.epochs * plan.steps(labels))

    progress = Progress(f"training ({recipe})", plan.epochs)
    for _ in range(plan.epochs):
        network.train()
        loss_sum, right = 0.0, 0
        order = torch.randperm(len(labels), generator=generator)
        for batch in torch.split(order, plan.batch_size):
            shown = images[batch]
            if distorted:
                shown = distort(shown, DISTORTION, generator)
            optimizer.zero_grad()
            scores = network(shown)
            loss = cross_entropy(scores, labels[batch], label_smoothing=smoothing)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if schedule:
                schedule.step()
            loss_sum += loss.item() * len(batch)
            right += int((scores.argmax(dim=1) == labels[batch]).sum())
        network.eval()
        learnt = right / len(labels)
        record: dict[str, Any] = {
            "loss": loss_sum / len(labels),
            "training": {"accuracy": learnt},
        }
        note = f"loss {record['loss']:.4f}, training accuracy {100 * learnt:.2f} %"
        if distorted:  # the guide's recipe has learnt from these images
            seen = accuracy(network, torch.from_numpy(held_back), torch.from_numpy(held_labels))
            record["validation"] = {"accuracy": seen}
            note += f", validation accuracy {100 * seen:.2f} %"
        history.append(record)
        progress.advance(note=note)
    progress.finish(note)
