"""MatMul of two values: ranks 2 to 4, batches repeated or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

SCALE, OUTPUT = 2.0**-5, 2.0**-4


def product(
    first: tuple[int, ...],
    second: tuple[int, ...],
    zero_points: tuple[int, int, int] = (3, -8, 5),
    output: float = OUTPUT,
    tail: str = "",
) -> Callable[[], QdqModel]:
    """A network of two inputs and their product."""

    def build() -> QdqModel:
        model = QdqModel(first).qdq(SCALE, zero_points[0])
        left = model.value
        right = model.input("second", second).qdq(SCALE, zero_points[1]).value
        model.at(model.add("MatMul", [left, right]))
        return (model.then(tail) if tail else model).qdq(output, zero_points[2])

    return build


def attention() -> QdqModel:
    """Softmax(q kᵀ) v of one input, two heads."""
    model = QdqModel((1, 2, 5, 4)).qdq(SCALE, 3)
    value = model.value
    turned = model.then("Transpose", perm=[0, 1, 3, 2]).qdq(SCALE, 3).value
    model.at(model.add("MatMul", [value, turned])).qdq(0.25, 1)
    model.then("Softmax", axis=-1).qdq(1 / 256, -128)
    return model.at(model.add("MatMul", [model.value, value])).qdq(0.031, 2)


def behind_a_convolution() -> QdqModel:
    """An image lies channels last; its matrices must not."""
    model = QdqModel((1, 2, 3, 4)).qdq(SCALE, 3)
    stored = np.random.default_rng(5).integers(-128, 128, (2, 2, 1, 1)).astype(np.int8)
    model.then("Conv", model.dequantized(stored, 2.0**-8)).qdq(SCALE, -3)
    left = model.value
    right = model.input("second", (1, 1, 4, 2)).qdq(SCALE, 1).value
    return model.at(model.add("MatMul", [left, right])).qdq(OUTPUT, 0)


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "rank_two": product((1, 1), (1, 7)),
    "rank_three": product((1, 3, 5), (1, 5, 4)),
    "rank_four": product((1, 2, 3, 5), (1, 2, 5, 4)),
    "second_repeated": product((1, 3, 2, 4), (1, 1, 4, 5)),
    "first_repeated": product((1, 1, 2, 4), (1, 3, 4, 5)),
    "ranks_differ": product((1, 2, 4), (1, 3, 4, 2)),
    "ranks_differ_otherwise": product((1, 3, 2, 4), (1, 4, 2)),
    "relu": product((1, 3, 5), (1, 5, 4), tail="Relu"),
    "zero_points_at_the_ends": product((1, 3, 5), (1, 5, 4), (-128, 127, 0), 2.0),
    "attention": attention,
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


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    """Scales are powers of two but in one, whose Softmax may be one step off."""
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    found = run(tested.graph, tested.inputs)
    if name == "attention":
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 1 and np.count_nonzero(difference) <= 0.01 * difference.size
    else:
        np.testing.assert_array_equal(found, expected)


def test_exact_arithmetic(networks: dict[str, Read]) -> None:
    tested = networks["first_repeated"]
    stored = tested.inputs.astype(np.int64)
    first = stored[:, :8].reshape(-1, 1, 2, 4) - 3
    second = stored[:, 8:].reshape(-1, 3, 4, 5) + 8
    exact = np.einsum("nbik,nckj->ncij", first, second) * (SCALE * SCALE / OUTPUT) + 5
    expected = np.clip(np.rint(exact - 5) + 5, -128, 127).reshape(len(stored), -1)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)


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


def test_multiply_accumulates(networks: dict[str, Read]) -> None:
    assert networks["second_repeated"].graph.macs == 3 * 2 * 5 * 4


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (product((1, 3, 5), (1, 4, 4)), r"cannot multiply shapes \[1, 3, 5\] and \[1, 4, 4\]"),
        (product((1, 2, 3, 5), (1, 3, 5, 4)), "cannot multiply shapes"),
        (product((1, 1, 40_000), (1, 40_000, 1)), "sums of 40000 products can leave 32 bits"),
        (product((1, 3, 5), (1, 5, 4), output=1e-44), "a multiplier outside float32"),
    ],
)
def test_hostile(build: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
