"""What a network module's functions get by naming it: recipe, seed, given data, plan, history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.errors import UserError
from tests.model.small_modules import ARRAYS, GOOD, HEAD, NETWORK, line_of, train

pytestmark = pytest.mark.usefixtures("own_folder")

RECIPES = (
    HEAD
    + """\
RECIPES = ("quick", "thorough")
EPOCHS = {"quick": 1, "thorough": 3}


def network(recipe):
    return nn.Linear(8, 3) if recipe == "quick" else nn.Sequential(nn.Linear(8, 3))


def data(given, recipe, seed):
    x, y = given["train"]
    y = y.astype(int)
    return {
        "train": (x[: 100 if recipe == "quick" else 200], y[: 100 if recipe == "quick" else 200]),
        "validation": (x[200:250], y[200:250]),
        "calibration": (x[250 + seed :], y[250 + seed :]),
        "test": given["test"],
        "mean": 0.5,
        "std": 2.0,
    }


def train(network, data, plan, recipe, history):
    for _ in range(plan.epochs):
        history.append({"loss": plan.learning_rate, "training": {"accuracy": 0.5}})
"""
)


def write_arrays(folder: Path) -> Path:
    """300 inputs to train with and 20 to test."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(320, 8)).astype(np.float32)
    labels = np.arange(320) % 3
    np.savez(
        folder / "parts.npz",
        x_train=inputs[:300],
        y_train=labels[:300],
        x_test=inputs[300:],
        y_test=labels[300:],
    )
    return folder / "parts.npz"


@pytest.mark.parametrize(("recipe", "learnt", "epochs"), [("quick", 100, 1), ("thorough", 200, 3)])
def test_a_recipe_decides_network_data_and_training(
    recipe: str, learnt: int, epochs: int, tmp_path: Path
) -> None:
    words = () if recipe == "quick" else ("--recipe", recipe)  # the first one is the usual one
    given = write_arrays(tmp_path)
    trained = train(tmp_path, RECIPES, "--data", given, "--seed", 7, *words)
    history = trained.history
    assert (history["recipe"], history["plan"]["epochs"]) == (recipe, epochs)
    assert history["inputs"] == {"train": learnt, "validation": 50, "test": 20}
    assert [each["epoch"] for each in history["history"]] == list(range(1, epochs + 1))
    assert (history["mean"], history["std"]) == ([0.5], [2.0])
    calibrating = trained.arrays("calibration")["inputs"]
    with np.load(given) as stored:
        np.testing.assert_array_equal(
            calibrating, (stored["x_train"][257:] - np.float32(0.5)) / np.float32(2)
        )
    assert trained.network(*words).graph.node


def test_a_recipe_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"net\.py: has no recipe 'quik'") as told:
        train(tmp_path, RECIPES, "--data", write_arrays(tmp_path), "--recipe", "quik")
    assert told.value.remedy == "known: quick, thorough"
    with pytest.raises(UserError, match=r"net\.py: has no recipe 'quick'") as told:
        train(tmp_path, GOOD, "--recipe", "quick")
    assert "RECIPES = " in told.value.remedy


def test_what_nobody_knows_is_told_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("def data():", "def data(fold):")
    line = line_of(text, "def data")
    message = rf"net\.py:{line}: data\(\) has a parameter 'fold'"
    with pytest.raises(UserError, match=message) as told:
        train(tmp_path, text)
    assert told.value.remedy == "known: seed, recipe; or give it a default"
    train(tmp_path, text.replace("(fold)", "(fold=3)"))
    text = RECIPES.replace('append({"loss"', 'append({"los"')
    line = line_of(text, "def train")
    with pytest.raises(UserError, match=rf"net\.py:{line}: train\(\) appends .* epoch 1"):
        train(tmp_path, text, "--data", write_arrays(tmp_path))


def test_given_data_is_needed_by_who_asks_for_it(tmp_path: Path) -> None:
    line = line_of(RECIPES, "def data")
    with pytest.raises(UserError, match=rf"net\.py:{line}: data\(\) takes what is given") as told:
        train(tmp_path, RECIPES)
    assert "DATA = " in told.value.remedy


def test_a_wrong_calibration_part_is_told(tmp_path: Path) -> None:
    """It is looked at as the others are."""
    data = (
        'def data():\n    return {"train": (X, Y), "test": (X, Y), "calibration": (X[:, :7], Y)}\n'
    )
    with pytest.raises(UserError, match=r"inputs of 'calibration' have shape \[\[7\]\]"):
        train(tmp_path, HEAD + NETWORK + ARRAYS + data)
