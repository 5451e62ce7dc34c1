"""The commands behind the command line: read files, call one room's function, write files."""

from __future__ import annotations

import argparse
import platform
import sys
from dataclasses import asdict
from typing import Any

from support.errors import UserError
from support.files import write_json


def dataset(arguments: argparse.Namespace) -> None:
    """Make sure that MNIST is there."""
    from model.dataset import obtain, raw_folder

    source = obtain(arguments.data)
    print(f"dataset: MNIST in {raw_folder(arguments.data)}, from {source}", file=sys.stderr)


def train(arguments: argparse.Namespace) -> None:
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
    checkpoint.save(arguments.out, trained)
    write_json(arguments.history, record)


def onnx(arguments: argparse.Namespace) -> None:
    """Export the checkpoint's network."""
    from model import checkpoint, export, onnx_file

    onnx_file.write(arguments.out, export.to_onnx(checkpoint.load(arguments.checkpoint).network()))


def quantize(arguments: argparse.Namespace) -> None:
    """Quantize, measure, and write the int8 model and its report unless it lost too much.

    Raises:
        UserError: the int8 network lost more accuracy than allowed.
    """
    from model import checkpoint, inference, onnx_file, quantization_report
    from model.images import read

    trained = checkpoint.load(arguments.checkpoint)
    float_model = onnx_file.read(arguments.onnx)
    inference.check_input(arguments.onnx, float_model)
    calibration = read(arguments.data, "calibration", trained)
    chosen = quantization_report.choose(
        float_model, calibration, read(arguments.data, "validation", trained)
    )
    int8_model = onnx_file.canonicalize(chosen.model)
    quantization_report.check_int8(int8_model, float_model)
    accuracy = quantization_report.compare_accuracy(
        float_model, int8_model, read(arguments.data, "test", trained)
    )
    if accuracy.drop_points > arguments.max_accuracy_drop:
        raise UserError(
            f"int8 loses {accuracy.drop_points:.2f} points of accuracy ({accuracy.summary()}); "
            f"{arguments.max_accuracy_drop:g} are allowed",
            "train longer or with another recipe, or allow more: --max-accuracy-drop, "
            "or max_accuracy_drop= with scons",
        )
    report = quantization_report.report(chosen, accuracy, calibration)
    onnx_file.write(arguments.out, int8_model)
    write_json(arguments.report, report)
    print(f"quantize: {accuracy.summary()}, calibrated by {chosen.method}")


def images(arguments: argparse.Namespace) -> None:
    """Write normalized images."""
    from model import checkpoint
    from model.images import read, write

    trained = checkpoint.load(arguments.checkpoint)
    write(arguments.out, read(arguments.data, arguments.split, trained))


def evaluate(arguments: argparse.Namespace) -> None:
    """Print and write the evaluation."""
    from model import checkpoint, evaluation, evaluation_table, inference, onnx_file
    from model.images import read

    trained = checkpoint.load(arguments.checkpoint)
    int8_model = onnx_file.read(arguments.int8)
    inference.check_input(arguments.int8, int8_model)
    test = read(arguments.data, "test", trained)
    report = evaluation.evaluate(trained.network(), int8_model, test, arguments.reference)
    write_json(arguments.out, report)
    print(evaluation_table.render(report))
