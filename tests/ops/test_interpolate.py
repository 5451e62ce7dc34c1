"""Resize with mode linear: every coordinate mode, scales and sizes, signals and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ops.interpolate import Interpolate
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host


def resized(
    shape: tuple[int, ...] = (1, 2, 4, 5),
    factors: tuple[float, ...] = (2.0, 2.0),
    sizes: tuple[int, ...] = (),
    scales: tuple[float, float] = (0.05, 0.0487),
    *,
    tail: str = "",
    **attributes: Any,
) -> Callable[[], QdqModel]:
    """A network that is one Resize."""

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(scales[0], 3)
        if sizes:
            operands = ["", "", model.constant(np.array(shape[:2] + sizes), np.int64)]
        else:
            operands = ["", model.constant(np.array((1, 1, *factors)), np.float32)]
        model.then("Resize", *operands, **{"mode": "linear", **attributes})
        return (model.then(tail) if tail else model).qdq(scales[1], -4)

    return build


MODES = ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")
NETWORKS: dict[str, Callable[[], QdqModel]] = {
    **{f"twice_{mode}": resized(coordinate_transformation_mode=mode) for mode in MODES},
    **{
        f"sizes_{mode}": resized(sizes=(7, 3), coordinate_transformation_mode=mode)
        for mode in MODES
    },
    "same_scale": resized(scales=(0.05, 0.05)),
    "one_axis": resized(factors=(1.0, 3.0)),
    "half": resized(factors=(0.5, 0.5)),
    "fraction": resized((1, 2, 10, 10), factors=(1.5, 0.6)),
    "no_ratio_of_sizes": resized((1, 1, 7, 7), factors=(1.37, 1.61)),
    "to_one": resized(sizes=(1, 1), coordinate_transformation_mode="pytorch_half_pixel"),
    "corners_of_one": resized(sizes=(1, 1), coordinate_transformation_mode="align_corners"),
    "from_one": resized((1, 3, 1, 1), factors=(4.0, 3.0)),
    "of_a_signal": resized((1, 3, 8), factors=(2.5,)),
    "relu": resized(tail="Relu"),
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


def exact(tested: Read) -> Array:
    """float64 [N, size] output bytes before rounding, by the reference's neighbours and weights.

    Weights are looked at on their own, below.
    """
    (op,) = tested.graph.ops
    assert isinstance(op, Interpolate)
    image = op.input.type.load(tested.inputs).astype(np.float64)
    image = image.reshape(len(image), op.input.shape[1], op.rows.size, op.columns.size) - 3
    matrices = []
    for near in (op.rows, op.columns):
        matrix = np.zeros((len(near.first), near.size))
        for new, (first, part) in enumerate(zip(near.first, near.fraction, strict=True)):
            matrix[new, first] += 1 - part / near.whole
            matrix[new, min(first + 1, near.size - 1)] += part / near.whole
        matrices.append(matrix)
    sums = np.einsum("yh,nchw,xw->ncyx", matrices[0], image, matrices[1])
    ratio = float(op.input.quantization.scale) / float(op.output.quantization.scale)
    return op.output.type.store(sums * ratio - 4)


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    """But where the exact value is on the boundary of two bytes, as near as float32 can tell.

    Parts without a common denominator are rounded to 2^-11: docs/numerics.md.
    """
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    found = run(tested.graph, tested.inputs)
    real = exact(tested)
    near = 2 * 255 * 2.0**-12 if name == "no_ratio_of_sizes" else 1e-4
    boundary = np.abs(real - np.floor(real) - 0.5) < near
    difference = np.abs(found.astype(int) - expected)
    assert not difference[~boundary].any()
    assert difference.max() <= 1 and (~boundary).sum() > 0.6 * boundary.size


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_is_exact_arithmetic_rounded(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    real = exact(tested)
    low = -4 if name == "relu" else -128
    sure = np.abs(real - np.floor(real) - 0.5) > 1e-4
    expected = np.clip(np.rint(real), low, 127)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs)[sure], expected[sure])


def test_neighbours_of_a_doubled_axis(networks: dict[str, Read]) -> None:
    """By hand: positions −1/4, 1/4, 3/4, … of four elements, held at the ends."""
    (op,) = networks["twice_half_pixel"].graph.ops
    assert isinstance(op, Interpolate)
    assert op.rows.whole == 4
    assert op.rows.first.tolist() == [0, 0, 0, 1, 1, 2, 2, 3]
    assert op.rows.fraction.tolist() == [0, 1, 3, 1, 3, 1, 3, 0]


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


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (resized(mode="cubic"), "mode 'cubic' is not supported"),
        (resized(factors=(0.0, 1.0)), "its scales or sizes do not fit"),
        (resized(factors=(np.nan, 1.0)), "its scales or sizes do not fit"),
        (resized(factors=(4000.0, 4000.0)), "would make shape"),
        (resized((1, 1, 10, 10), factors=(1.0, 1.3)), "scale 1.3 makes 12 of 10, or 13"),
        (resized(factors=(2.0,)), "its scales or sizes do not fit"),
        (resized(sizes=(2**40, 1)), "would make shape"),
        (resized((1, 4), factors=()), "resize height and width"),
        (resized((1, 2, 2, 2, 2), factors=(1.0, 2.0, 2.0)), "rank 2 to 4"),
        (
            resized(coordinate_transformation_mode="tf_crop_and_resize"),
            "coordinate_transformation_mode 'tf_crop_and_resize' is not supported",
        ),
        (resized(exclude_outside=1), "exclude_outside is not supported"),
        (resized(scales=(1e-38, 1e38)), "a multiplier outside float32"),
    ],
)
def test_hostile(build: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
