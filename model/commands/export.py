"""Export the trained network of a network module to a single float ONNX file with batch 1."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import add_file
from model.module.arguments import add_module, module_of
from support.files import resolved
from support.progress import waiting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `export`."""
    add_module(parser)
    add_file(parser, "--weights", "PT", "what `train` wrote")
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="NPZ",
        help="training inputs that `train` wrote: what is exported must compute the same of them",
    )
    add_file(parser, "--out", "ONNX", "file to write")


def run(arguments: argparse.Namespace) -> None:
    """Make the network again, give it its weights, export it."""
    with waiting("loading PyTorch, exporting"):
        _export(arguments)


def _export(arguments: argparse.Namespace) -> None:
    from model import numpy_files, onnx_file
    from model.module import export, weights
    from model.module.load import load
    from model.module.watch import Watch

    trained, out = weights.needed(arguments.weights), resolved(arguments.out)
    arrays = {}
    if arguments.calibration:
        arrays = numpy_files.read(arguments.calibration, weights.REMEDY)
    watch = Watch(module_of(arguments), [*arguments.file, trained])
    with watch:
        module = load(arguments.module, 0, arguments.recipe)
        network = module.network()
        place = module.place("network")
        ends = weights.load(trained, network, place)
    watch.check()
    samples = [
        arrays[n] for n in (ends.names if len(ends.names) > 1 else ["inputs"]) if n in arrays
    ]
    if not samples:
        print("export: not compared with the module's own outputs: name inputs, --calibration NPZ")
    exported = export.to_onnx(network, ends, place, samples)
    onnx_file.set_normalization(exported, ends.normalization)
    onnx_file.write_given(out, exported)
