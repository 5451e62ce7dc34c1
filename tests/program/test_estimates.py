"""What `analyze` tells before anything is compiled, and what then is linked and counted.

Flash and RAM within 5 %, instructions within 15 %; each difference is printed (`pytest -s`) and
recorded as a property of the test (`--junitxml`). Networks of others are looked at where there is a
folder of them; `python -m tests.program.estimates` prints their table.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.analysis.analysis import analyze
from codegen.ir.graph import Graph
from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from tests.codegen import graphs
from tests.codegen.models import QdqModel
from tests.program.conftest import FIXTURES
from tests.program.estimates import MODELS, estimates, models
from tests.program.linked import target

Record = Callable[[str, object], None]


def small_cnn() -> QdqModel:
    """Convolutions with and without padding, in fours and not, depthwise; pools, a residual."""
    rng = np.random.default_rng(1)
    model = QdqModel((1, 1, 28, 28)).qdq(0.02, 0)
    graphs.convolved(model, rng, (12, 1, 3, 3), pads=[1, 1, 1, 1])
    kept = model.then("Relu").qdq(0.05, -128).value
    graphs.convolved(model, rng, (12, 1, 3, 3), pads=[1, 1, 1, 1], group=12).qdq(0.05, 0)
    model.then("Add", kept).qdq(0.05, 0).then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    graphs.convolved(model, rng, (10, 12, 5, 5), strides=[2, 2]).then("Relu").qdq(0.05, -128)
    model.then("GlobalAveragePool").qdq(0.05, -128).then("Flatten")
    return graphs.dense(model, rng, 10, 10).then("Softmax").qdq(1 / 256, -128)


def compare(graph: Graph, wanted: Kernels, core: str, folder: Path, record: Record) -> None:
    """Hold the estimates against the linked network."""
    for each in estimates(graph, wanted, core, folder):
        record(each.what, str(each))
        print(f"{graph.origin}, {wanted.wanted}, {core}: {each.what} {each}")
        assert each.holds, f"{each.what}: {each}"


@pytest.mark.sample(1)
@pytest.mark.parametrize("core", ["cortex-m7", "cortex-m3"])
def test_a_convolutional_network(core: str, tmp_path: Path, record_property: Record) -> None:
    graph = read_graph(small_cnn().save(tmp_path / "small_cnn.onnx"))
    compare(graph, Kernels("portable"), core, tmp_path, record_property)


@pytest.mark.sample(2)
@pytest.mark.parametrize("kernels", ["dense", "portable"])
@pytest.mark.parametrize("name", ["guide_int8", "autoencoder_int8"])
def test_fully_connected_networks(
    name: str, kernels: str, tmp_path: Path, record_property: Record
) -> None:
    graph = read_graph(FIXTURES / f"{name}.onnx")
    compare(graph, Kernels(kernels), "cortex-m7", tmp_path, record_property)


def test_what_typical_inputs_leave_is_counted(tmp_path: Path, record_property: Record) -> None:
    """Kernels that skip zeros, chosen by inputs of which three in four are."""
    graph = read_graph(FIXTURES / "augmented_int8.onnx")
    rng = np.random.default_rng(2)
    inputs = rng.integers(-128, 128, (20, graph.input_bytes)).astype(np.int8)
    inputs[rng.random(inputs.shape) < 0.75] = graph.input.quantization.zero_point
    wanted = Kernels("auto", inputs)
    compare(graph, wanted, "cortex-m7", tmp_path, record_property)
    kernels = [layer.kernel for layer in analyze(graph, wanted, target("cortex-m7"), None).layers]
    assert "sparse" in kernels


@pytest.mark.skipif(not models(), reason=f"no networks of others: {MODELS} has none")
@pytest.mark.parametrize("path", models(), ids=lambda path: str(path.name))
def test_networks_of_others(path: Path, tmp_path: Path, record_property: Record) -> None:
    compare(read_graph(path), Kernels("auto"), "cortex-m7", tmp_path, record_property)
