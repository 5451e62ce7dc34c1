"""Ranges of quantization are told of what is quantized, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codegen.arrays import read_arrays
from codegen.reader.qdq import read_graph
from codegen.report.sources import Sources
from codegen.report.tensors import spreads
from tests.codegen.graphs import every_end
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
