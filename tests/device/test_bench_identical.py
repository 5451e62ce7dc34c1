"""What the benchmark counts as identical to the reference."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codegen.reader.qdq import read_graph
from codegen.reference import run
from device.bench.measure import _identical
from device.commands.bench import _inputs, harsh_inputs
from tests.codegen.shapes import Shaped

WANTED = np.array([[1, 9, 3], [7, 2, 5], [0, 1, 8], [4, 3, 2]], np.int8)
HARSH = WANTED[:1]


def test_bytes() -> None:
    outputs = WANTED.copy()
    outputs[2] = (0, 2, 7)
    assert _identical("bytes", outputs, WANTED, HARSH + np.int8(1), HARSH) == (10, 15)


def test_classes() -> None:
    """A runtime that answers with the class alone has it in its first byte."""
    outputs = np.array([[1, 0, 0], [0, 0, 0], [2, 0, 0], [1, 0, 0]], np.int8)
    assert _identical("class", outputs, WANTED, HARSH, HARSH) == (3, 4)


def test_other_numbers_are_not_compared() -> None:
    assert _identical("count", WANTED, WANTED, HARSH, HARSH) is None


def test_harsh_inputs_are_never_the_background() -> None:
    """Noise, the extremes, and an image that becomes noise."""
    tests = np.full((3, 20), -5, np.int8)
    tests[:, ::4] = 7
    found = harsh_inputs(tests)
    assert found.shape == (154, 20)
    assert (found[:50] != -5).all() and (found[-1] != -5).all()
    assert found[50:54, 0].tolist() == [-128, -1, 0, 127]


def test_the_reference_s_outputs_are_those_of_the_inputs(tmp_path: Path) -> None:
    """Of a network without images: random inputs, and the harsh ones that are made of them."""
    model = Shaped(2, 3, 3).conv(2).head(18, 3).save(tmp_path / "net.onnx")
    arguments = argparse.Namespace(data=tmp_path, limit=6)
    calibration, found = _inputs(arguments, model, None, tmp_path / "made")
    assert calibration is None and found.tests.shape == (6, 18) and len(found.harsh) == 154
    graph = read_graph(model)
    for inputs, outputs in ((found.tests, found.outputs), (found.harsh, found.harsh_outputs)):
        assert np.array_equal(run(graph, inputs), outputs)
