"""Every operator of .tflite that is read, against LiteRT's default interpreter and in C."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from codegen.ir.graph import Graph
from codegen.ops.average_pool import AveragePool
from codegen.ops.conv import Conv
from codegen.ops.transpose import Transpose
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.reference import run
from model.litert import litert_outputs
from tests.codegen.oracle import Int8Array, stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.tflite.models import TfliteModel, edited
from tests.tflite.networks import IMAGE, NETWORKS, conv, dense, ends_of

# Files whose bytes LiteRT decides otherwise on exact ties: averages of an even count.
TIES = {"average_pool"}
# Compiled for the host and the Cortex-M7; tests/ops has every operator's C.
COMPILED = (
    "conv_dilations",
    "depthwise_multiplier",
    "of_a_signal",
    "dense_of_an_image",
    "average_pool",
    "mul_constant_after_conv",
    "leaky_relu",
    "transpose_after_conv",
    "pad_after_conv",
    "concat_after_conv",
    "split_after_conv",
    "strided_slice",
    "nearest_odd",
    "uint8_ends",
    "small_network",
)


@dataclass(frozen=True)
class Read:
    """A file, its graph, and inputs for it."""

    data: bytes
    graph: Graph
    inputs: Int8Array


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    folder = tmp_path_factory.mktemp("tflite")
    found = {}
    for name, build in NETWORKS.items():
        path = build().save(folder / f"{name}.tflite")
        graph = read_graph(path)
        found[name] = Read(path.read_bytes(), graph, stored_inputs(graph))
    return found


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - TIES))
def test_reference_agrees_with_litert(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    expected = litert_outputs(tested.data, tested.inputs)
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)


def test_averages_differ_on_exact_ties_alone(networks: dict[str, Read]) -> None:
    tested = networks["average_pool"]
    (op,) = (op for op in tested.graph.ops if isinstance(op, AveragePool))
    found, expected = run(tested.graph, tested.inputs), litert_outputs(tested.data, tested.inputs)
    images = tested.inputs.reshape(-1, *IMAGE[1:]).astype(int) - 3
    padded = np.pad(images, ((0, 0), (0, 1), (1, 1), (0, 0)))
    sums = sum(padded[:, y : y + 5 : 2, x : x + 5 : 2] for y in range(3) for x in range(3))
    twice = 2 * np.asarray(sums) % (2 * op.counts[:, :, None])
    ties = (twice == op.counts[:, :, None]).reshape(len(found), -1)
    differ = found != expected
    assert differ.any()
    assert not (differ & ~ties).any()
    assert np.abs(found.astype(int) - expected).max() == 1


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_sums_differ_next_to_a_boundary_alone(kind: str, tmp_path: Path) -> None:
    """LiteRT's multipliers have 20 bits, ours are float32: seeded scales."""
    rng, bytes_compared = np.random.default_rng(5), 0
    for _ in range(6):
        (first, second, scale), zeros = rng.uniform(0.005, 0.1, 3), rng.integers(-128, 128, 3)
        model = TfliteModel().input((1, 4096), first, int(zeros[0]))
        model.input((1, 4096), second, int(zeros[1]))
        output = model.tensor((1, 4096), scale, int(zeros[2]))
        options = (f"{kind.capitalize()}Options", {"FusedActivationFunction": 0})
        path = model.operator(kind, model.inputs, [output], options).save(tmp_path / "sum.tflite")
        graph = read_graph(path)
        inputs = rng.integers(-128, 128, (4, 8192)).astype(np.int8)
        found, expected = run(graph, inputs), litert_outputs(path.read_bytes(), inputs)
        a, b = np.split(inputs.astype(float), 2, axis=1)
        sign = 1 if kind == "ADD" else -1
        exact = ((a - zeros[0]) * first + sign * (b - zeros[1]) * second) / scale
        near = np.abs(exact - np.floor(exact) - 0.5) < 1e-3
        assert not ((found != expected) & ~near).any()
        assert np.abs(found.astype(int) - expected).max() <= 1
        bytes_compared += int((~near).sum())
    assert bytes_compared > 90_000


@pytest.mark.parametrize("layer", ["conv", "dense"])
def test_biases_join_the_sum_whatever_their_scale(layer: str, tmp_path: Path) -> None:
    """LiteRT never multiplies by it."""
    network = conv() if layer == "conv" else dense(TfliteModel().input((1, 20)), 7)

    def other(model: Any) -> None:
        (bias,) = (t for t in model.subgraphs[0].tensors if t.type == tflite.TensorType.INT32)
        bias.quantization.scale = bias.quantization.scale * np.float32(1.003)

    path = tmp_path / "bias.tflite"
    path.write_bytes(edited(network.build(), other))
    graph = read_graph(path)
    inputs = stored_inputs(graph)
    expected = litert_outputs(path.read_bytes(), inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)


def test_c_on_the_host(networks: dict[str, Read], tmp_path: Path) -> None:
    cases = [Case(name, networks[name].graph, networks[name].inputs) for name in COMPILED]
    for case, outputs in zip(cases, run_cases(cases, tmp_path), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, networks[name].graph, networks[name].inputs[:4]) for name in COMPILED]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_the_interface_has_the_order_of_the_file(networks: dict[str, Read]) -> None:
    graph = networks["conv"].graph
    assert graph.input.type.stored_shape == IMAGE
    assert graph.output.type.stored_shape == (1, 6, 5, 5)


@pytest.mark.parametrize(
    "name",
    [
        "conv",
        "depthwise",
        "small_network",
        "mul_constant_after_conv",
        "pad_after_conv",
        "of_a_signal",
        "concat_after_conv",
        "split_after_conv",
        "mean_after_conv",
        "dense_of_an_image",
    ],
)
def test_no_transpose_moves_a_byte(name: str, networks: dict[str, Read]) -> None:
    steps = plan_network(networks[name].graph).steps
    assert not any(isinstance(step.lowered.op, Transpose) for step in steps)


def test_a_sum_of_two_images_is_one_too(tmp_path: Path) -> None:
    """What follows reads it channels first, with nothing in between."""
    graph = read_graph(NETWORKS["small_network"]().save(tmp_path / "small.tflite"))
    kinds = " ".join(type(op).__name__ for op in graph.ops)
    assert kinds.startswith("Transpose Conv Conv Conv Elementwise AveragePool Transpose Reshape")


def test_float_ends_are_those_of_the_bytes_between(tmp_path: Path) -> None:
    """QUANTIZE in front and DEQUANTIZE behind: the network takes and gives their bytes."""
    whole = read_graph(ends_of(np.float32).save(tmp_path / "float.tflite"))
    plain = read_graph(conv(outputs=3).save(tmp_path / "plain.tflite"))
    assert whole.input.quantization == plain.input.quantization
    assert whole.output.quantization == plain.output.quantization
    inputs = stored_inputs(plain)
    np.testing.assert_array_equal(run(whole, inputs), run(plain, inputs))


def test_a_convolution_without_biases(tmp_path: Path) -> None:
    """LiteRT wants biases; a file without them means zeros."""
    without = read_graph(conv(bias=False).save(tmp_path / "without.tflite"))
    (op,) = (op for op in without.ops if isinstance(op, Conv))
    assert not op.bias.any()
    assert op.output.shape == (1, 5, 6, 5)
