"""Quantization-aware training: a trained network goes on for some epochs, int8 simulated."""

from __future__ import annotations

import argparse
from dataclasses import replace

import onnx

from model import onnx_file
from model.module import export, fit, weights
from model.module.arguments import module_of, source_of
from model.module.fake_quantized import FakeQuantized
from model.module.load import load
from model.module.prepared import parts_of
from model.module.trained import trained
from model.module.watch import Watch

SHORTER, SLOWER, FEWEST = 2, 4, 5
"""Of the training before: one epoch for so many, FEWEST at least, the learning rate divided."""


def plan_after(plan: fit.Plan) -> fit.Plan:
    """The plan that follows a training's."""
    epochs = max(FEWEST, plan.epochs // SHORTER)
    return replace(plan, epochs=epochs, learning_rate=plan.learning_rate / SLOWER)


def fine_tuned(arguments: argparse.Namespace) -> tuple[onnx.ModelProto, int]:
    """The float network of other weights, which bear being quantized, and the epochs at most.

    Args:
        arguments: `module`, `file`, `recipe`, `data`, `set`, `weights`, `epochs`, `seed` as of a
            training.

    Raises:
        UserError: something is missing or wrong in the module or its data.
    """
    kept = weights.needed(arguments.weights)
    source = source_of(arguments)
    allowed = [*arguments.file, kept, *(source.files() if source else ())]
    watch = Watch(module_of(arguments), allowed)
    fit.make_repeatable(arguments.seed)
    with watch:
        module = load(arguments.module, arguments.seed, arguments.recipe)
        network, place = module.network(arguments.seed), module.place("network")
        ends = weights.load(kept, network, place)
        parts = parts_of(module, source, arguments.seed)
        before = fit.plan_of(module, len(parts.train), arguments.epochs, arguments.seed)
        plan = plan_after(before)
        with FakeQuantized():
            network, _ = trained(module, network, parts, plan, again=True)
    watch.check()
    exported = export.to_onnx(network, ends, place, parts.train.inputs)
    onnx_file.set_normalization(exported, ends.normalization)
    return exported, plan.epochs
