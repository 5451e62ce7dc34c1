"""Convolutional networks of others over MNIST's test images.

`python -m tests.zoo.digits --models DIR --data DIR` runs the C of every network below a folder
that reads one image of 28x28 and gives ten numbers: all images on this computer with sanitizers, a
sample on the emulated Cortex-M7. Its bytes must be the reference's; how many digits are read right,
and how many bytes onnxruntime gives otherwise, is told. Without such a folder nothing is run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from codegen.idx import read_labeled
from codegen.ir.types import Array
from codegen.reader.qdq import read_graph
from codegen.reference import quantize_inputs
from model.sources.mnist import MNIST
from support.errors import UserError, run_cli
from tests.codegen.batches import run_batch
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case
from tests.zoo.entries import model_files, shared_models

PIXELS, DIGITS = 28 * 28, 10


def digit_networks(folder: Path) -> list[Path]:
    """The .onnx files below a folder that read an image of MNIST's size and give ten bytes."""
    found = []
    for path in model_files(folder):
        try:
            graph = read_graph(path)
        except UserError:
            continue
        if path.suffix == ".onnx" and (graph.input_bytes, graph.output_bytes) == (PIXELS, DIGITS):
            found.append(path)
    return found


def judge(path: Path, images: Array, labels: Array, sample: int) -> tuple[bool, str]:
    """Whether all bytes are right, and a line."""
    graph = read_graph(path)
    start = time.monotonic()
    inputs = quantize_inputs(images, graph)
    host = Case("digits", graph, inputs)
    expected = host.expected
    other = onnxruntime_outputs(path, graph, inputs)
    right, theirs = (int((each.argmax(1) == labels).sum()) for each in (expected, other))
    wrong: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="digits-") as name:
        for board, case in (("host", host), ("mps2_an500", Case("digits", graph, inputs[:sample]))):
            folder = Path(name) / board
            folder.mkdir()
            if found := run_batch([case], board, folder):
                wrong[board] = found[case.name]
    text = "; ".join(f"{board}: WRONG: {said}" for board, said in wrong.items())
    seconds = time.monotonic() - start
    return not wrong, (
        f"{path.name}: {right:,} of {len(labels):,} right (onnxruntime {theirs:,}); "
        f"{text or f'all bytes the reference of {len(labels):,} on host, {sample:,} emulated'}; "
        f"{int((expected != other).sum()):,} of {expected.size:,} output bytes differ from "
        f"onnxruntime; {seconds:.0f} s"
    )


def main() -> int:
    """The command line; ends with 1 when a network's bytes are not the reference's."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.digits", description=__doc__)
    parser.add_argument("--models", type=Path, default=shared_models())
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--count", type=int, default=10_000, help="images")
    parser.add_argument("--sample", type=int, default=200, help="of them emulated")
    parser.add_argument("--only", default="", help="networks whose file names begin so")
    given = parser.parse_args()
    if given.models is None:
        print("no folder of networks beside the project: nothing run")
        return 0
    arrays = read_labeled(MNIST.folder(given.data) / "t10k-images-idx3-ubyte")
    images = arrays["inputs"][: given.count].astype(np.float32) / np.float32(255)
    labels = arrays["labels"][: given.count]
    good = True
    for path in digit_networks(given.models):
        if path.name.startswith(given.only):
            passed, line = judge(path, images, labels, given.sample)
            print(line, flush=True)
            good &= passed
    return 0 if good else 1


if __name__ == "__main__":
    run_cli("digits", main)
