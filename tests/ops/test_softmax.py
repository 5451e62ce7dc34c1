"""Integer Softmax: within one step of the real one, and the same bytes everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.ir.types import Quantization
from codegen.kernels.wanted import Kernels
from codegen.ops.softmax import Softmax
from codegen.reference import all_values, run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host


def softmax(
    size: int = 10,
    scale: float = 0.1,
    zero_point: int = 4,
    output: tuple[float, int] | None = (1 / 256, -128),
    *,
    axis: int = -1,
    shape: tuple[int, ...] = (),
) -> Callable[[], QdqModel]:
    """A network that is one Softmax; `output` None leaves it unquantized."""

    def build() -> QdqModel:
        model = QdqModel(shape or (1, size)).qdq(scale, zero_point).then("Softmax", axis=axis)
        return model.qdq(*output) if output else model

    return build


def pixels() -> QdqModel:
    """Classes of every pixel, behind a convolution: they lie behind one another."""
    model = QdqModel((1, 2, 4, 3)).qdq(0.05, 3)
    stored = np.random.default_rng(4).integers(-128, 128, (6, 2, 1, 1)).astype(np.int8)
    model.then("Conv", model.dequantized(stored, 0.0093)).qdq(0.1, 5)
    return model.then("Softmax", axis=1).qdq(1 / 256, -128)


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "plain": softmax(),
    "unquantized": softmax(output=None),
    "two": softmax(2),
    "one": softmax(1),
    "many": softmax(2048, 0.02),
    "steep": softmax(scale=100.0),
    "flat": softmax(scale=1e-6),
    "coarse_output": softmax(output=(1.0, 0)),
    "fine_output": softmax(output=(2.0**-11, -128)),
    "other_output": softmax(output=(0.0041, 17)),
    "zero_point_at_the_end": softmax(zero_point=127, output=(1 / 256, 127)),
    "axis_one": softmax(axis=1),
    "rows": softmax(shape=(1, 3, 7), axis=2),
    "columns": softmax(shape=(1, 3, 7), axis=1),
    "channels": softmax(shape=(1, 5, 3, 2), axis=-3),
    "height": softmax(shape=(1, 5, 3, 2), axis=2),
    "pixels": pixels,
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


def real_softmax(tested: Read) -> Array:
    """float64 [N, size] in output steps, before rounding and without the zero point."""
    op = tested.graph.ops[-1]
    assert isinstance(op, Softmax)
    quantization = op.input.quantization
    stored = all_values(tested.graph, tested.inputs)[op.input].astype(float)
    real = (stored - quantization.zero_point) * float(quantization.scale)
    powers = np.exp(real - real.max(op.axis, keepdims=True))
    steps: Array = powers / powers.sum(op.axis, keepdims=True)
    return op.output.type.store(steps / float(op.output.quantization.scale))


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_is_the_real_softmax_rounded(name: str, networks: dict[str, Read]) -> None:
    """Half a step of rounding, and as much again of 2^-10 for the table's and scale's own."""
    tested = networks[name]
    steps = real_softmax(tested) + tested.graph.output.quantization.zero_point
    found = run(tested.graph, tested.inputs)
    assert np.abs(found - np.clip(steps, -128, 127)).max() <= 0.5 + 2.0**-10 * max(1, steps.max())


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    difference = np.abs(run(tested.graph, tested.inputs).astype(int) - expected)
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 0.01 * difference.size


@pytest.mark.parametrize("name", NETWORKS)
def test_c_agrees_with_the_reference(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    np.testing.assert_array_equal(computed[name], run(tested.graph, tested.inputs))


def test_unquantized_output_gets_the_usual_scale(networks: dict[str, Read]) -> None:
    output = networks["unquantized"].graph.output
    assert output.quantization == Quantization(np.float32(1 / 256), -128)


def test_a_node_may_be_called_like_a_value(tmp_path: Path) -> None:
    """The output is the value that the node writes, not the node: names of both may be equal."""
    model = QdqModel((1, 16)).qdq(0.1, 0)
    layers = ((32, 16), (8, 32))
    for size in layers:
        weights, bias = random_layer(np.random.default_rng(11), *size)
        model.gemm(weights, 2.0**-8, bias, 0.1 * 2.0**-8).qdq(0.1, 0)
    model.then("Softmax")
    written = model.value
    model.nodes[-1].name = model.nodes[0].output[0]
    graph = read(model, tmp_path)
    assert graph.output.name == written
    inputs = stored_inputs(graph)
    case = Case("named", graph, inputs, Kernels("auto", inputs))
    np.testing.assert_array_equal(run_cases([case], tmp_path, "host")[0], case.expected)


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, net.graph, net.inputs[:8]) for name, net in networks.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (softmax(2049), "more than 2048 elements"),
        (softmax(output=(1.5, 0)), "output scale 1.5 is outside"),
        (softmax(output=(1e-5, 0)), "output scale 1e-05 is outside"),
        (softmax(axis=0), r"axis 0 of shape \[1, 10\]"),
        (softmax(axis=-2), r"axis -2 of shape \[1, 10\]"),
        (softmax(axis=2), r"axis 2 of shape \[1, 10\]"),
        (softmax(axis=-(2**40)), "axis -1099511627776"),
        (lambda: softmax(output=None)().then("Relu").qdq(0.1, 0), "a Relu or Clip follows it"),
        (lambda: QdqModel((1, 6)).then("Softmax").qdq(0.1, 0), "its input is not quantized"),
    ],
)
def test_what_it_does_not_do(model: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(model(), tmp_path, check=False)
