"""Train the 784-128-64-10 network.

The same machine, recipe, epochs and seed give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import asdict
from typing import Any

from model.arguments import add_data, add_file, positive, seed
from support.files import together, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`."""
    add_data(parser)
    parser.add_argument(
        "--recipe",
        choices=("augmented", "guide"),
        default="augmented",
        help="augmented: random affine distortions; guide: the guide to the letter "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--epochs", type=positive, help="passes over the images (default: recipe's)"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of all random choices (default: 0)")
    add_file(parser, "--out", "PT", "checkpoint to write")
    add_file(parser, "--history", "JSON", "learning curves to write")


def run(arguments: argparse.Namespace) -> None:
    """Train, then write the checkpoint and the learning curves."""
    import torch

    from model import checkpoint, dataset, training
    from model.recipes import RECIPES

    recipe = RECIPES[arguments.recipe]
    epochs = arguments.epochs or recipe.epochs
    images = dataset.load(arguments.data, train=True)
    network, history = training.train(images, recipe, epochs, arguments.seed)
    record: dict[str, Any] = {
        "recipe": asdict(recipe),
        "epochs": epochs,
        "seed": arguments.seed,
        "dataset": dataset.hashes(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "history": [asdict(epoch) for epoch in history],
    }
    trained = checkpoint.Checkpoint(
        weights=network.state_dict(),
        normalization=recipe.normalization,
        recipe=recipe.name,
        epochs=epochs,
        seed=arguments.seed,
        dataset=dataset.hashes(),
    )
    with together([arguments.out, arguments.history]) as (weights_to, history_to):
        checkpoint.save(weights_to, trained)
        write_json(history_to, record)
