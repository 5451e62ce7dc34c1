"""Ranges of quantization are told of what is quantized, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codegen.arrays import read_arrays
from codegen.reader.qdq import read_graph
from codegen.report.sources import Sources
from codegen.report.tensors import Spread, spreads
from tests.codegen.graphs import every_end
from tests.codegen.models import QdqModel
from tests.codegen.oracle import stored_inputs
from tests.report.conftest import codegen


def test_indices_and_float_numbers_have_no_range(tmp_path: Path) -> None:
    graph = read_graph(every_end().save(tmp_path / "model.onnx"))
    np.savez(tmp_path / "inputs.npz", inputs=stored_inputs(graph)[:4])
    files = {"model": "model.onnx", "inputs": "inputs.npz", "out": "reference.npz"}
    words = [f"--{name}={tmp_path / file}" for name, file in files.items()]
    assert codegen("reference", *words).returncode == 0
    rows = read_arrays(tmp_path / "reference.npz")
    found = [spread.name for spread in spreads(Sources({}, graph, rows))]
    kinds = [name.split("_")[0] for name in found]
    layers = ["weights of gemm", "output of gemm"]
    assert kinds == ["input input", "input second", *layers * 2, "output of add", layers[0]]
    indices, sums = (rows[f"layer_{i}"].shape for i in (3, 4))
    assert (indices, sums) == ((4, 4), (4, 12)), "bytes, not elements"


def test_weights_have_one_scale_or_several(tmp_path: Path) -> None:
    stored = np.array([[-128, 0, 4], [2, 127, 0]], np.int8)

    def told(scale: float | list[float]) -> Spread:
        model = QdqModel((1, 3)).qdq(0.1, 0).gemm(stored, scale).qdq(0.5, 0)
        graph = read_graph(model.save(tmp_path / "model.onnx"))
        (found,) = spreads(Sources({}, graph, {}))
        return found

    alike, several = told(0.5), told([0.5, 0.25])
    assert (alike.scale, alike.note) == ("0.5", "one scale for all")
    assert (several.scale, several.note) == ("0.25 to 0.5", "2 scales, one per output")
    assert alike.seen == (-64, 63.5) and several.seen == (-64, 31.75)
    # Bytes stand for no one number there.
    assert [mark.text for mark in alike.histogram.marks] == ["-64", "0", "63.5"]
    assert [mark.text for mark in several.histogram.marks] == ["-128", "0", "127"]
