"""Integer LogSoftmax: the real one rounded, and the same bytes everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.ops.log_softmax import LogSoftmax, binary_logarithm
from codegen.reference import all_values, run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host


def log_softmax(
    shape: tuple[int, ...] = (1, 10),
    scale: float = 0.1,
    zero_point: int = 4,
    output: tuple[float, int] | None = (0.11, 127),
    axis: int = -1,
) -> Callable[[], QdqModel]:
    """A network that is one LogSoftmax; `output` None leaves it unquantized."""

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(scale, zero_point).then("LogSoftmax", axis=axis)
        return model.qdq(*output) if output else model

    return build


def behind_a_convolution() -> QdqModel:
    """Channels last."""
    model = QdqModel((1, 2, 4, 3)).qdq(0.05, 3)
    stored = np.random.default_rng(4).integers(-128, 128, (6, 2, 1, 1)).astype(np.int8)
    model.then("Conv", model.dequantized(stored, 0.0093)).qdq(0.1, 5)
    return model.then("LogSoftmax", axis=1).qdq(0.13, 120)


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "plain": log_softmax(),
    "unquantized": log_softmax(output=None),
    "one": log_softmax((1, 1)),
    "two": log_softmax((1, 2)),
    "many": log_softmax((1, 2048), 0.02, output=(0.05, 127)),
    "steep": log_softmax(scale=100.0, output=(110.0, 127)),
    "far_below": log_softmax(scale=100.0),
    "flat": log_softmax(scale=1e-6),
    "coarse_output": log_softmax(output=(1000.0, 0)),
    "fine_output": log_softmax(output=(2.0**-11, 127)),
    "lowest_zero_point": log_softmax(output=(0.11, -128)),
    "columns": log_softmax((1, 3, 7), axis=1),
    "height": log_softmax((1, 5, 3, 2), axis=-2),
    "behind_a_convolution": behind_a_convolution,
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


def real(tested: Read) -> Array:
    """float64 [N, size] in output steps, with the zero point, before rounding."""
    op = tested.graph.ops[-1]
    assert isinstance(op, LogSoftmax)
    stored = all_values(tested.graph, tested.inputs)[op.input].astype(float)
    values = (stored - op.input.quantization.zero_point) * float(op.input.quantization.scale)
    below = values - values.max(op.axis, keepdims=True)
    logarithms = below - np.log(np.exp(below).sum(op.axis, keepdims=True))
    quantization = op.output.quantization
    return op.output.type.store(logarithms / float(quantization.scale) + quantization.zero_point)


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_is_the_real_one_rounded(name: str, networks: dict[str, Read]) -> None:
    """Half a step of rounding; the tables' own is far less, and grows with the number of terms."""
    tested = networks[name]
    scale = float(tested.graph.output.quantization.scale)
    own = 2.0**-12 + tested.graph.output.size * 2.0**-20 / scale
    found = run(tested.graph, tested.inputs)
    assert np.abs(found - np.clip(real(tested), -128, 127)).max() <= 0.5 + own


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


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, net.graph, net.inputs[:8]) for name, net in networks.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_unquantized_output_holds_every_value(networks: dict[str, Read]) -> None:
    """Scale (255 * 0.1 + log 10) / 255, zero point 127: nothing saturates."""
    quantization = networks["unquantized"].graph.output.quantization
    assert quantization.zero_point == 127
    assert float(quantization.scale) == pytest.approx((25.5 + np.log(10)) / 255)
    assert real(networks["unquantized"]).min() >= -128.5


def test_binary_logarithm() -> None:
    totals = np.array([2**20, 2**20 + 1, 3 << 19, 2**21 - 1, 2**21, 2**31 - 1, 2**31])
    expected = np.log2(totals / 2**20) * 2**20
    found = binary_logarithm(totals).astype(float)
    assert ((found <= expected + 1e-3) & (found > expected - 1.01)).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (log_softmax((1, 2049)), "more than 2048 elements"),
        (log_softmax(output=(1025.0, 0)), "output scale 1025 is outside"),
        (log_softmax(output=(1e-5, 0)), "output scale 1e-05 is outside"),
        (log_softmax(axis=0), r"axis 0 of shape \[1, 10\]"),
        (log_softmax(axis=7), r"axis 7 of shape \[1, 10\]"),
        (
            lambda: log_softmax(output=None)().then("Relu").qdq(0.1, 0),
            "a Relu or Clip follows it",
        ),
    ],
)
def test_what_it_does_not_do(model: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(model(), tmp_path, check=False)
