"""The MLPerf Tiny networks, where their files are: ../shared/models beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from codegen.ir.graph import Graph
from codegen.ops.average_pool import AveragePool
from codegen.reader.qdq import read_graph
from codegen.reference import run
from support.errors import UserError
from tests.codegen.oracle import Int8Array, stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.conftest import REPOSITORY
from tests.tflite.oracle import Layers, litert_outputs

FOLDERS = [folder / "shared" / "models" for folder in REPOSITORY.parents]
MODELS = next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])
TWINS = {
    "ad01_int8": "ad01_autoencoder__mlperf",
    "kws_int8": "kws_dscnn__mlperf_nchw",
    "resnet8_int8": "resnet8_cifar10__mlperf_nchw",
    "vww96_int8": "vww96_mobilenetv1__mlperf_nchw",
}

pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason="the networks are not here")


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {name: read_graph(MODELS / f"{name}.tflite") for name in TWINS}


@pytest.mark.parametrize("name", TWINS)
def test_every_layer_with_forced_inputs(
    name: str, graphs: dict[str, Graph], tmp_path: Path
) -> None:
    """Each operator reads LiteRT's own bytes and gives LiteRT's, but for averages' exact ties."""
    layers = Layers((MODELS / f"{name}.tflite").read_bytes())
    data, written = layers.everything()
    inputs = stored_inputs(graphs[name], count=5)
    outputs = litert_outputs(data, inputs)
    sizes = [int(np.prod(layers.graph.Tensors(i).ShapeAsNumpy())) for i in written]
    parts = np.split(outputs, np.cumsum(sizes)[:-1], axis=1)
    values = {layers.graph.InputsAsNumpy()[0]: inputs, **dict(zip(written, parts, strict=True))}
    compared = 0
    for index in range(len(layers.operators)):
        read, (target,) = layers.ends(index)
        path = tmp_path / "layer.tflite"
        path.write_bytes(layers.alone(index))
        try:
            graph = read_graph(path)
        except UserError as error:
            assert "the model computes nothing" in error.message  # a RESHAPE alone
            continue
        compared += 1
        differ = run(graph, np.concatenate([values[i] for i in read], axis=1)) != values[target]
        average = [op for op in graph.ops if isinstance(op, AveragePool)]
        if average:
            assert not (differ & ~_ties(average[0], values[read[0]])).any()
        else:
            assert not differ.any(), (index, int(differ.sum()))
    assert compared >= 10


def _ties(op: AveragePool, inputs: Int8Array) -> npt.NDArray[np.bool_]:
    """Where the mean of a whole image lies half between two bytes."""
    _, channels, height, width = op.input.shape
    zero = op.input.quantization.zero_point
    count = height * width
    sums = inputs.reshape(len(inputs), count, channels).astype(int).sum(1) - zero * count
    ties: npt.NDArray[np.bool_] = 2 * sums % (2 * count) == count
    return ties


@pytest.mark.parametrize("name", TWINS)
def test_the_onnx_twin_has_the_same_bytes(name: str, graphs: dict[str, Graph]) -> None:
    """Both give images channels last at their ends: nothing is left to map."""
    twin = read_graph(MODELS / f"{TWINS[name]}.onnx")
    graph = graphs[name]
    assert twin.input.quantization == graph.input.quantization
    assert twin.input.size == graph.input.size
    inputs = stored_inputs(graph, count=5)
    np.testing.assert_array_equal(run(graph, inputs), run(twin, inputs))


@pytest.mark.parametrize(("board", "count"), [("host", 3), ("mps2_an500", 2)])
def test_in_c(board: str, count: int, graphs: dict[str, Graph], tmp_path: Path) -> None:
    cases = [
        Case(name, graph, stored_inputs(graph, count=5)[:count]) for name, graph in graphs.items()
    ]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)
