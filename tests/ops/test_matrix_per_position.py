"""MatMul of rank 3 and 4 with constant weights: a matrix for each position."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.ops.transpose import Transpose
from codegen.plan import plan_network
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.ops.conftest import Read, read, read_variants, run_on_host

INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-3


def matrices(
    shape: tuple[int, ...], bias: bool = False, per_channel: bool = False, relu: bool = False
) -> Callable[[], QdqModel]:
    def build() -> QdqModel:
        rng = np.random.default_rng(len(shape))
        model = QdqModel(shape).qdq(INPUT, 3)
        stored = rng.integers(-128, 128, (shape[-1], 5)).astype(np.int8)
        scale = np.exp2(rng.integers(-9, -6, 5)) if per_channel else WEIGHT
        zeros = np.zeros(np.shape(scale))
        model.then("MatMul", model.dequantized(stored, scale, zeros, 1 if per_channel else None))
        if bias:
            model.then("Add", model.constant(np.linspace(-2, 2, 5, dtype=np.float32)))
        if relu:
            model.then("Relu")
        return model.qdq(OUTPUT, -7)

    return build


def two_layers() -> QdqModel:
    """One behind the other: nothing moves between them."""
    model = matrices((1, 3, 6), bias=True, relu=True)()
    stored = np.random.default_rng(9).integers(-128, 128, (5, 4)).astype(np.int8)
    return model.then("MatMul", model.dequantized(stored, WEIGHT)).qdq(2.0, 1)


NETWORKS = {
    "rank_3": matrices((1, 3, 6)),
    "rank_4": matrices((1, 2, 3, 6), bias=True),
    "one_position": matrices((1, 1, 6), bias=True),
    "per_channel": matrices((1, 4, 7), per_channel=True),
    "relu": matrices((1, 3, 6), bias=True, relu=True),
    "two_layers": two_layers,
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
def test_onnxruntime_c_and_reference_agree(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)
    np.testing.assert_array_equal(computed[name], expected)


def test_no_byte_moves(networks: dict[str, Read]) -> None:
    for name, tested in networks.items():
        steps = plan_network(tested.graph).steps
        assert not any(isinstance(step.lowered.op, Transpose) for step in steps), name


def test_sizes_that_do_not_fit(tmp_path: Path) -> None:
    model = QdqModel((1, 3, 6)).qdq(INPUT, 3)
    model.then("MatMul", model.dequantized(np.zeros((5, 4), np.int8), WEIGHT)).qdq(OUTPUT, 0)
    with pytest.raises(UserError, match=r"its input has shape \[1, 3, 6\], its weights need 5"):
        read(model, tmp_path, check=False)
