"""Training: reproducible to the bit, the guide to the letter, blind to what is held back."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import nn, optim

from model.dataset import DigitImages
from model.network import SimpleNN
from model.recipes import AUGMENTED, GUIDE, RECIPES, Recipe
from model.splits import split_indices
from model.training import train

SMALL = dataclasses.replace(AUGMENTED, validation_images=100)


def weights(network: SimpleNN) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("recipe", [GUIDE, SMALL], ids=lambda recipe: recipe.name)
def test_same_seed_same_bits_whatever_ran_before(few_images: DigitImages, recipe: Recipe) -> None:
    first, history = train(few_images, recipe, 2, seed=5)
    torch.manual_seed(123)
    torch.set_num_threads(2)
    second, repeated = train(few_images, recipe, 2, seed=5)
    other, _ = train(few_images, recipe, 2, seed=6)
    assert torch.equal(weights(first), weights(second))
    assert history == repeated
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("recipe", [GUIDE, SMALL], ids=lambda recipe: recipe.name)
def test_it_learns(few_images: DigitImages, recipe: Recipe) -> None:
    _, history = train(few_images, recipe, 6, seed=0)
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1].loss < 0.75 * math.log(10)  # of guessing
    assert history[-1].training_accuracy > 0.4


def test_the_guide_recipe_is_the_guide_to_the_letter(few_images: DigitImages) -> None:
    """Step 2.1 to 2.3 of the guide, written out, with the same order of images."""
    trained, _ = train(few_images, GUIDE, GUIDE.epochs, seed=11)

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
    inputs = (few_images.pixels.unsqueeze(1).float() / 255 - 0.5) / 0.5
    for _ in range(5):
        for batch in torch.split(torch.randperm(600, generator=order), 64):
            optimizer.zero_grad()
            criterion(net(inputs[batch]), few_images.labels[batch]).backward()
            optimizer.step()
    written_out = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    assert torch.equal(weights(trained), written_out)


def test_images_held_back_do_not_reach_the_weights(few_images: DigitImages) -> None:
    _, held_back = split_indices(600, 100, seed=2)
    pixels, labels = few_images.pixels.clone(), few_images.labels.clone()
    pixels[held_back] = 0
    labels[held_back] = 0
    first, history = train(few_images, SMALL, 1, seed=2)
    second, blind = train(DigitImages(pixels, labels), SMALL, 1, seed=2)
    assert torch.equal(weights(first), weights(second))
    assert history[0].validation_accuracy != blind[0].validation_accuracy


def test_recipes_are_found_by_name() -> None:
    assert {name: recipe.name for name, recipe in RECIPES.items()} == {
        "augmented": "augmented",
        "guide": "guide",
    }
