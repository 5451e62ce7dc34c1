"""Export to a single ONNX file.

Batch 1, opset 17, `input` float32 [1, 1, 28, 28], `output` float32 [1, 10].
"""

from __future__ import annotations

import argparse

from model.arguments import add_checkpoint, add_file
from support.progress import waiting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `onnx`."""
    add_checkpoint(parser)
    add_file(parser, "--out", "ONNX", "file to write")


def run(arguments: argparse.Namespace) -> None:
    """Export the checkpoint's network."""
    with waiting("loading PyTorch, exporting"):
        _export(arguments)


def _export(arguments: argparse.Namespace) -> None:
    from model import checkpoint, export, onnx_file
    from support.normalization import packed

    trained = checkpoint.load(arguments.checkpoint)
    exported = export.to_onnx(trained.network())
    steps = packed({export.INPUT_NAME: trained.normalization.steps})
    onnx_file.set_normalization(exported, steps)
    onnx_file.write(arguments.out, exported)
