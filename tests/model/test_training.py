"""The guide's module: the same bits again, the guide to the letter, blind to what is held back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn, optim

from model.guide import mnist
from model.module import fit, returned
from model.sources.split import Array

Labeled = tuple[Array, Array]


@pytest.fixture(autouse=True)
def _few_validate(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many in proportion to a hundredth of MNIST."""
    monkeypatch.setattr(mnist, "VALIDATION_IMAGES", 100)
    monkeypatch.setattr(mnist, "CALIBRATION_IMAGES", 20)


def train(
    images: Labeled, recipe: str, epochs: int, seed: int
) -> tuple[nn.Module, list[dict[str, Any]]]:
    """The module's network after its own training, as the command does it."""
    fit.make_repeatable(seed)
    network = mnist.network()
    made = mnist.data({"train": images, "test": images}, recipe, seed)
    parts = returned.of(made, "mnist.py", seed)
    plan = fit.Plan(epochs, mnist.BATCH_SIZE[recipe], mnist.LEARNING_RATE[recipe], seed)
    history: list[dict[str, Any]] = []
    mnist.train(network, parts, plan, recipe, history)
    return network, history


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("recipe", mnist.RECIPES)
def test_same_seed_same_bits_whatever_ran_before(few_images: Labeled, recipe: str) -> None:
    first, history = train(few_images, recipe, 2, seed=5)
    torch.manual_seed(123)
    torch.set_num_threads(2)
    second, repeated = train(few_images, recipe, 2, seed=5)
    other, _ = train(few_images, recipe, 2, seed=6)
    assert torch.equal(weights(first), weights(second))
    assert history == repeated
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("recipe", mnist.RECIPES)
def test_it_learns(few_images: Labeled, recipe: str) -> None:
    _, history = train(few_images, recipe, 6, seed=0)
    assert len(history) == 6
    assert history[-1]["loss"] < 0.75 * math.log(10)  # of guessing
    assert history[-1]["training"]["accuracy"] > 0.4


def test_the_guide_recipe_is_the_guide_to_the_letter(few_images: Labeled) -> None:
    """Step 2.1 to 2.3 of the guide, written out, with the same order of images."""
    assert mnist.EPOCHS["guide"] == 5
    trained, _ = train(few_images, "guide", 5, seed=11)
    images, labels = map(torch.from_numpy, few_images)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(28 * 28, 128)
            self.fc2 = nn.Linear(128, 64)
            self.fc3 = nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.view(-1, 28 * 28)
            x = nn.functional.relu(self.fc1(x))
            x = nn.functional.relu(self.fc2(x))
            scores: torch.Tensor = self.fc3(x)
            return scores

    torch.manual_seed(11)
    net = Net()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(net.parameters(), lr=0.001)
    order = torch.Generator().manual_seed(11)
    inputs = (images.float() / 255 - 0.5) / 0.5
    for _ in range(5):
        for batch in torch.split(torch.randperm(600, generator=order), 64):
            optimizer.zero_grad()
            criterion(net(inputs[batch]), labels[batch].long()).backward()
            optimizer.step()
    written_out = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    assert torch.equal(weights(trained), written_out)


def test_images_held_back_do_not_reach_the_weights(few_images: Labeled) -> None:
    _, held_back = mnist.split_indices(600, 100, seed=2)
    images, labels = few_images[0].copy(), few_images[1].copy()
    images[held_back] = 0
    labels[held_back] = 0
    first, history = train(few_images, "augmented", 1, seed=2)
    second, blind = train((images, labels), "augmented", 1, seed=2)
    assert torch.equal(weights(first), weights(second))
    assert history[0]["validation"] != blind[0]["validation"]


def test_split_covers_everything_once() -> None:
    fitted, held_back = mnist.split_indices(1000, 100, seed=3)
    assert (len(fitted), len(held_back)) == (900, 100)
    assert sorted([*fitted, *held_back]) == list(range(1000))


def test_split_is_a_function_of_the_seed_alone() -> None:
    first = mnist.split_indices(1000, 100, seed=3)
    torch.manual_seed(99)
    second = mnist.split_indices(1000, 100, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[1], mnist.split_indices(1000, 100, seed=4)[1])


def test_calibration_never_sees_the_images_that_judge_it() -> None:
    calibration = mnist.calibration_indices(600, seed=0)
    _, held_back = mnist.split_indices(600, 100, seed=0)
    assert len({*calibration}) == 20
    assert not {*calibration} & {*held_back}


@pytest.mark.parametrize("recipe", mnist.RECIPES)
def test_parts(few_images: Labeled, recipe: str) -> None:
    """The guide's recipe learns from all images, the other from those that do not validate."""
    made = mnist.data({"train": few_images, "test": few_images}, recipe, 1)
    counts = {name: len(made[name][1]) for name in ("train", "validation", "calibration", "test")}
    learnt = 600 if recipe == "guide" else 500
    assert counts == {"train": learnt, "validation": 100, "calibration": 20, "test": 600}
