"""Export the trained network of a network module to a single float ONNX file with batch 1."""

from __future__ import annotations

import argparse

from model.arguments import add_file
from model.module.arguments import add_module, module_of
from support.files import resolved
from support.progress import waiting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `export`."""
    add_module(parser)
    add_file(parser, "--weights", "PT", "what `train` wrote")
    add_file(parser, "--out", "ONNX", "file to write")


def run(arguments: argparse.Namespace) -> None:
    """Make the network again, give it its weights, export it."""
    with waiting("loading PyTorch, exporting"):
        _export(arguments)


def _export(arguments: argparse.Namespace) -> None:
    from model import onnx_file
    from model.module import export, weights
    from model.module.load import load
    from model.module.watch import Watch

    trained, out = weights.needed(arguments.weights), resolved(arguments.out)
    watch = Watch(module_of(arguments), [*arguments.file, trained])
    with watch:
        module = load(arguments.module, 0, arguments.recipe)
        network = module.network()
        place = module.place("network")
        ends = weights.load(trained, network, place)
    watch.check()
    exported = export.to_onnx(network, ends.shapes, ends.names, place)
    onnx_file.set_normalization(exported, ends.normalization)
    onnx_file.write_given(out, exported)
