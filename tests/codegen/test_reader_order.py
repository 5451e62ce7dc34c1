"""What files may do without being wrong: any order of nodes, dead ends, an open batch."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from codegen.ir.graph import Graph
from codegen.ir.identity import content_hash
from codegen.reader.qdq import read_graph
from codegen.reference import run
from tests.codegen.graphs import diamond
from tests.codegen.models import QdqModel, random_layer, two_layers
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import ROOT
from tests.codegen.programs import run as run_tool


def graph_of(model: onnx.ModelProto, folder: Path) -> Graph:
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return read_graph(folder / "model.onnx")


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_nodes_is_the_same_network(seed: int, tmp_path: Path) -> None:
    model = diamond().build()
    plain = graph_of(model, tmp_path)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes[n] for n in np.random.default_rng(seed).permutation(len(nodes)))
    shuffled = graph_of(model, tmp_path)
    assert content_hash(shuffled) == content_hash(plain)
    inputs = stored_inputs(plain)
    np.testing.assert_array_equal(run(shuffled, inputs), run(plain, inputs))


def test_dead_ends_are_left_out(tmp_path: Path) -> None:
    """What no output needs is not even looked at, but for its schema."""
    model = two_layers().build()
    plain = content_hash(graph_of(model, tmp_path))
    nodes = [
        helper.make_node("Constant", [], ["unused"], value_float=1.0),
        helper.make_node("LSTM", ["unused", "unused", "unused"], ["dead"]),
        helper.make_node("Cos", [model.graph.output[0].name], ["dead_too"]),
    ]
    model.graph.node.extend(nodes)
    assert content_hash(graph_of(model, tmp_path)) == plain


@pytest.mark.parametrize("batch", ["N", None])
def test_an_open_batch_is_one_and_said_so(batch: str | None, tmp_path: Path) -> None:
    model = QdqModel((batch, 6)).qdq(0.1, 0).then("Relu").qdq(0.1, 0)
    path = model.save(tmp_path / "model.onnx", check=False)
    graph = read_graph(path)
    assert graph.input.shape == (1, 6)
    words = ["codegen", "generate", "--model", str(path), "--out-dir", str(tmp_path / "out")]
    script = f"exec {shlex.join([sys.executable, '-m', *words])} 2>&1"
    said = run_tool(["sh", "-c", script], ROOT)
    assert said == f"note: {path}: input 'input': its batch is open, and is taken as 1\n"


def test_a_value_quantized_twice_alike_is_computed_once(tmp_path: Path) -> None:
    """onnxruntime's DedicatedQDQPair gives each reader a pair of its own."""
    model = QdqModel((1, 6)).qdq(0.1, 0).then("Tanh")
    computed = model.value
    first = model.qdq(0.01, 0).value
    graph = read_graph(
        model.at(computed).qdq(0.01, 0).then("Add", first).qdq(0.02, 0).save(tmp_path / "m.onnx")
    )
    assert [type(op).__name__ for op in graph.ops] == ["Lookup", "Elementwise"]
    assert graph.ops[1].inputs[0] is graph.ops[1].inputs[1]


def test_branches_of_one_pending_value_do_not_meet(tmp_path: Path) -> None:
    """A Relu on one branch must not clamp the other."""
    model = QdqModel((1, 6)).qdq(0.1, 0).then("Tanh")
    computed = model.value
    clamped = model.then("Relu").qdq(0.01, 0).value
    model.at(computed).qdq(0.01, 0).then("Add", clamped).qdq(0.02, 0)
    graph = read_graph(model.save(tmp_path / "m.onnx"))
    inputs = stored_inputs(graph)
    plain = {int(x): int(y) for x, y in zip(inputs.flat, run(graph, inputs).flat, strict=True)}
    assert plain[-20] == round(np.tanh(-2.0) / 0.02)
    assert plain[20] == round(2 * np.tanh(2.0) / 0.02)


@pytest.mark.parametrize("opset", [10, 11, 12])
def test_an_older_opset_is_lifted(opset: int, tmp_path: Path) -> None:
    """Per tensor, since per-channel quantization came with opset 13; Softmax changed there."""
    found = []
    for version in (opset, 17):
        model = QdqModel((1, 1, 2, 3)).qdq(0.1, 0).then("Flatten")
        weights, bias = random_layer(np.random.default_rng(9), 5, 6)
        model.gemm(weights, 0.01, bias.astype(np.float32) * np.float32(0.001)).then("Relu")
        model.qdq(0.05, -128).then("Softmax").qdq(1 / 256, -128)
        model.opset = version
        found.append(content_hash(graph_of(model.build(), tmp_path)))
    assert found[0] == found[1]
