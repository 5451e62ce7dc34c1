"""Transposed convolutions: every attribute, against onnxruntime's float and in C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.ops.conftest import Read, read, read_variants, run_on_host

# Powers of two: every float32 operation is exact, so onnxruntime must agree on each byte.
INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-3

Build = Callable[[], QdqModel]


def transposed(
    shape: tuple[int, ...] = (1, 3, 4, 5),
    weights: tuple[int, ...] = (3, 2, 3, 3),
    *,
    per_channel: bool = False,
    relu: bool = False,
    **attributes: Any,
) -> Build:
    """A network of one transposed convolution; weights are [inputs, outputs / groups, …]."""

    def build() -> QdqModel:
        rng = np.random.default_rng(sum(weights))
        model = QdqModel(shape).qdq(INPUT, 3)
        stored = rng.integers(-128, 128, weights).astype(np.int8)
        scale: Any = WEIGHT
        if per_channel:
            scale = np.exp2(rng.integers(-9, -6, weights[1])).astype(np.float32)
        operands = [model.dequantized(stored, scale, np.zeros(np.shape(scale)), 1)]
        outputs = weights[1] * attributes.get("group", 1)
        values = rng.integers(-4000, 4000, outputs).astype(np.int32)
        unit = np.float32(INPUT) * np.tile(np.ones(weights[1], "f4") * scale, outputs // weights[1])
        operands.append(model.dequantized(values, unit, np.zeros(outputs), 0))
        model.then("ConvTranspose", *operands, **attributes)
        return (model.then("Relu") if relu else model).qdq(OUTPUT, -7)

    return build


NETWORKS: dict[str, Build] = {
    "plain": transposed(),
    "per_channel": transposed(per_channel=True),
    "relu": transposed(relu=True),
    "strides": transposed(strides=[2, 3]),
    "output_padding": transposed(strides=[2, 2], output_padding=[1, 0], pads=[1, 1, 1, 1]),
    "pads_differ": transposed(strides=[2, 2], pads=[0, 1, 2, 1]),
    "dilations": transposed(dilations=[2, 1], strides=[1, 2]),
    "groups": transposed((1, 4, 3, 3), (4, 3, 2, 2), group=2, strides=[2, 2]),
    "same_upper": transposed(auto_pad="SAME_UPPER", strides=[2, 2]),
    "same_lower": transposed(auto_pad="SAME_LOWER", strides=[2, 2]),
    "output_shape": transposed(strides=[2, 2], output_shape=[8, 10]),
    "of_a_signal": transposed((1, 3, 6), (3, 2, 4), strides=[2], pads=[1, 1]),
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
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_c_agrees_with_the_reference(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    np.testing.assert_array_equal(computed[name], run(tested.graph, tested.inputs))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (transposed(strides=[0, 1]), "its strides"),
        (transposed(pads=[9, 9, 9, 9]), "its output would be"),
        (transposed(output_shape=[90, 90]), "larger than what it computes"),
        (transposed(output_shape=[0, 3]), "its output_shape"),
        (transposed(output_padding=[-1, 0]), "its output_padding"),
        (transposed(group=2), "2 groups and weights of 3 inputs"),
        (transposed(auto_pad="MAYBE"), "auto_pad 'MAYBE' is unknown"),
    ],
)
def test_hostile(build: Build, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
