"""Train the network of a network module on its data.

The same module, data, seed, kind of processor and number of threads give the same file, byte for
byte. Validation and test part are written beside the weights, and training inputs that calibrate.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.arguments import add_file
from model.module.arguments import add_module, add_training, module_of, source_of

if TYPE_CHECKING:
    from torch import nn

    from model.module.load import NetworkModule
    from model.module.parts import Part, Parts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`."""
    add_module(parser)
    add_training(parser)
    add_file(parser, "--out", "PT", "weights to write")
    add_file(parser, "--history", "JSON", "learning curves and the data's description to write")
    add_file(parser, "--calibration", "NPZ", "training inputs that calibrate, to write")
    add_file(parser, "--validation", "NPZ", "the validation part, to write")
    add_file(parser, "--test", "NPZ", "the test part, to write")


def run(arguments: argparse.Namespace) -> None:
    """Train, then write the weights, the history and three parts.

    Raises:
        UserError: something is missing or wrong in the module or its data.
    """
    from support.progress import waiting

    with waiting("loading PyTorch"):
        from model.module import fit, weights
    from model.module.load import load
    from model.module.prepared import parts_of
    from model.module.trained import trained
    from model.module.watch import Watch
    from support.files import resolved, together
    from support.normalization import packed

    # The module runs in its own folder.
    to = {key: resolved(getattr(arguments, key)) for key in OUTPUTS}
    source = source_of(arguments)
    allowed = [*arguments.file, *(source.files() if source else ())]
    watch = Watch(module_of(arguments), allowed)
    fit.make_repeatable(arguments.seed)
    with watch:
        module = load(arguments.module, arguments.seed, arguments.recipe)
        made = module.network(arguments.seed)
        parts = parts_of(module, source, arguments.seed)
        plan = fit.plan_of(module, len(parts.train), arguments.epochs, arguments.seed)
        network, history = trained(module, made, parts, plan)
        figures = _figures(module, network, parts)
    watch.check()
    shapes = [list(values.shape[1:]) for values in parts.train.inputs]
    steps = dict(zip(parts.input_names, parts.normalization, strict=False))
    preprocessed = module.function("preprocess") is not None
    with together([*to.values()]) as temporaries:
        new = dict(zip(to, temporaries, strict=True))
        weights.save(new["out"], network, weights.Ends(shapes, parts.input_names, packed(steps)))
        _write_part(new["calibration"], parts.calibrating, parts)
        _write_part(new["validation"], parts.validation, parts)
        _write_part(new["test"], parts.test, parts)
        about: dict[str, Any] = {"recipe": module.recipe} if module.recipe else {}
        about |= {"plan": asdict(plan), "preprocess": preprocessed}
        _write_history(new["history"], about, parts, history, figures)


OUTPUTS = ("out", "history", "calibration", "validation", "test")


def _figures(module: NetworkModule, network: nn.Module, parts: Parts) -> dict[str, float]:
    """What the float network is worth on the test part; the module's `metrics` are added."""
    from model.module import scores
    from model.module.outputs import outputs_of
    from model.module.users_code import running
    from support.errors import UserError

    outputs = outputs_of(module, network, parts.test, "test")
    found = scores.of(outputs, parts.test.labels)
    own = module.function("metrics")
    if own is not None:
        with running(module.path, "metrics()", module.place("metrics")):
            more = own(outputs, parts.test.labels)
            if not isinstance(more, dict):
                raise UserError(
                    f"{module.place('metrics')}: metrics() returns a {type(more).__name__}",
                    'return a dictionary, such as {"recall": 0.93}',
                )
            figures = {str(name): float(value) for name, value in more.items()}
        for name, value in figures.items():
            if not math.isfinite(value):
                raise UserError(
                    f"{module.place('metrics')}: metrics() gives {value} for '{name}'",
                    "return finite numbers, and leave out what has none",
                )
        found |= figures
    told = scores.shown(found, parts.units)
    print(f"train: float network, {told} of {len(parts.test):,} test inputs")
    return found


def _write_part(path: Path, part: Part, parts: Parts) -> None:
    """`inputs` (or arrays named like several inputs), with `labels` or, for regression, `targets`,
    and the names of classes or units (support/described.py).

    NumPy stores no dates in the archive: the same arrays give the same bytes.
    """
    import numpy as np

    from support.described import CLASS_NAMES, UNITS, packed
    from support.files import atomic_path

    names = ("inputs",) if len(part.inputs) == 1 else parts.input_names
    arrays = dict(zip(names, part.inputs, strict=True))
    arrays["targets" if parts.regression else "labels"] = part.labels
    if parts.regression:
        arrays[UNITS] = np.frombuffer(packed(parts.units), np.uint8)
    elif parts.classes != tuple(map(str, range(len(parts.classes)))):
        arrays[CLASS_NAMES] = np.frombuffer(packed(parts.classes), np.uint8)
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]


def _write_history(
    path: Path,
    about: dict[str, Any],
    parts: Parts,
    history: list[dict[str, Any]],
    figures: dict[str, float],
) -> None:
    """What was trained on what, and how it went.

    Args:
        about: recipe, plan, and whether the module's own code changed the inputs.
    """
    import platform

    import torch

    from support.files import write_json

    write_json(
        path,
        {
            **about,
            "threads": torch.get_num_threads(),
            "task": "regression" if parts.regression else "classification",
            "classes": parts.classes,
            "units": parts.units,
            "columns": parts.columns,
            "mean": parts.figure("Sub"),
            "std": parts.figure("Div"),
            "inputs": {
                "train": len(parts.train),
                "validation": len(parts.validation),
                "test": len(parts.test),
            },
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "history": history,
            "test": figures,
        },
    )
