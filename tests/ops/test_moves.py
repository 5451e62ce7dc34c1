"""What moves bytes: Slice, Split, Pad, Expand, Tile, Gather, Resize, Concat, Transpose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.plan import plan_network
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

Build = Callable[[], QdqModel]
Q = (0.05, 3)


def move(
    operator: str,
    *operands: Any,
    shape: tuple[int, ...] = (1, 3, 4, 5),
    opset: int = 17,
    **attributes: Any,
) -> Build:
    """A network of one operator; operands are int64 lists, floats, or None for what is left out."""

    def build() -> QdqModel:
        model = QdqModel(shape)
        model.opset = opset
        model.qdq(*Q)
        names = [
            ""
            if value is None
            else model.constant(value, np.float32 if isinstance(value, float) else np.int64)
            for value in operands
        ]
        return model.then(operator, *names, **attributes).qdq(*Q)

    return build


def after_a_convolution(operator: str, *operands: Any, **attributes: Any) -> Build:
    """The same on an image that lies channels last, before it is quantized."""

    def build() -> QdqModel:
        model = QdqModel((1, 2, 4, 5)).qdq(2.0**-5, 3)
        stored = np.random.default_rng(4).integers(-128, 128, (4, 2, 1, 1)).astype(np.int8)
        model.then("Conv", model.dequantized(stored, 2.0**-8))
        names = [model.constant(value, np.int64) for value in operands]
        return model.then(operator, *names, **attributes).qdq(2.0**-3, -7)

    return build


def resize(scales: Any = None, sizes: Any = None, **attributes: Any) -> Build:
    """A nearest Resize of an image."""

    def build() -> QdqModel:
        model = QdqModel((1, 3, 4, 5)).qdq(*Q)
        given = model.constant(scales, np.float32) if scales else ""
        operands = ["", given, *([model.constant(sizes, np.int64)] if sizes else [])]
        return model.then("Resize", *operands, mode="nearest", **attributes).qdq(*Q)

    return build


def split(sizes: list[int] | None, outputs: int, axis: int) -> Build:
    """Its parts in reverse order, joined."""

    def build() -> QdqModel:
        model = QdqModel((1, 4, 3, 2)).qdq(*Q)
        operands = [model.value, *([model.constant(sizes, np.int64)] if sizes else [])]
        parts = model.split(operands, outputs, axis)
        return model.at(model.add("Concat", parts[::-1], axis=axis)).qdq(*Q)

    return build


def joined(axis: int, second: tuple[int, ...], quantization: tuple[float, int] = Q) -> Build:
    """Two inputs, of which the second may have another quantization."""

    def build() -> QdqModel:
        model = QdqModel((1, 4, 3, 2)).qdq(*Q)
        left = model.value
        right = model.input("second", second).qdq(*quantization).value
        return model.at(model.add("Concat", [left, right], axis=axis)).qdq(0.06, -4)

    return build


def joined_as_they_are() -> QdqModel:
    """Two inputs alike, which a layer reads without another quantization."""
    model = QdqModel((1, 5)).qdq(*Q)
    parts = [model.value, model.input("second", (1, 4)).qdq(*Q).value]
    weights = np.random.default_rng(6).integers(-128, 128, (3, 9)).astype(np.int8)
    return model.at(model.add("Concat", parts, axis=1)).gemm(weights, 0.0117).qdq(0.0913, 0)


def joined_images() -> QdqModel:
    """Channels of two convolutions side by side, as in a U-Net, and one of them goes on alone."""
    rng = np.random.default_rng(5)
    model = QdqModel((1, 2, 4, 3)).qdq(2.0**-5, 0)
    source = model.value
    parts = []
    for outputs, scale in ((4, 2.0**-3), (3, 2.0**-2)):
        stored = rng.integers(-128, 128, (outputs, 2, 1, 1)).astype(np.int8)
        model.at(source).then("Conv", model.dequantized(stored, 2.0**-8)).qdq(scale, 5)
        parts.append(model.value)
    return model.at(model.add("Concat", parts, axis=1)).then("Relu").qdq(2.0**-2, -9)


NETWORKS: dict[str, Build] = {
    "slice": move("Slice", [1], [3], [2]),
    "slice_back": move("Slice", [-1], [-9], [3], [-2]),
    "slice_two": move("Slice", [0, 1], [2, 5], [1, 3]),
    # Along the slowest axis: what is left lies in as many pieces.
    "slice_apart": move("Slice", [0], [3], [1], [2]),
    "slice_backwards": move("Slice", [-1], [-9], [1], [-1]),
    "slice_far_ends": move("Slice", [-2], [2**62], [1]),
    "slice_of_image": after_a_convolution("Slice", [1, 1], [3, 4], [1, 3]),
    "split_even": split(None, 2, 1),
    "split_sizes": split([1, 3], 2, 1),
    "split_rows": split([2, 1], 2, 2),
    "pad": move("Pad", [0, 0, 1, 0, 0, 1, 0, 2]),
    "pad_value": move("Pad", [0, 0, 1, 1, 0, 0, 1, 1], 1.25),
    "pad_edge": move("Pad", [0, 0, 2, 1, 0, 0, 1, 3], mode="edge"),
    "pad_reflect": move("Pad", [0, 0, 2, 1, 0, 0, 1, 3], mode="reflect"),
    "pad_less": move("Pad", [0, 0, -1, 1, 0, 0, 1, -2]),
    "pad_of_image": after_a_convolution("Pad", [0, 1, 1, 1, 0, 0, 1, 1]),
    "expand": move("Expand", [1, 3, 4, 5], shape=(1, 3, 1, 5)),
    "tile": move("Tile", [1, 2, 1, 3], shape=(1, 3, 2, 2)),
    "gather": move("Gather", [2, 0, -1], axis=1),
    "gather_one": move("Gather", 1, axis=2),
    "resize": resize([1, 1, 2, 2]),
    "resize_asymmetric": resize(
        [1, 1, 2, 3], coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    ),
    "resize_third": resize([1, 1, 1.5, 0.7]),
    "resize_sizes": resize(sizes=[1, 3, 7, 9]),
    "resize_corners": resize(sizes=[1, 3, 7, 9], coordinate_transformation_mode="align_corners"),
    "concat": joined(1, (1, 2, 3, 2)),
    "concat_rows": joined(2, (1, 4, 1, 2)),
    "concat_last": joined(-1, (1, 4, 3, 5)),
    "concat_other_scale": joined(1, (1, 4, 3, 2), (0.11, -20)),
    "concat_as_they_are": joined_as_they_are,
    "concat_images": joined_images,
    "transpose": move("Transpose", perm=[0, 2, 3, 1]),
    "transpose_all": move("Transpose", perm=[0, 3, 2, 1]),
    "transpose_image": after_a_convolution("Transpose", perm=[0, 1, 3, 2]),
    "depth_to_space": move("DepthToSpace", shape=(1, 8, 2, 3), blocksize=2),
    "depth_to_space_crd": move("DepthToSpace", shape=(1, 8, 2, 3), blocksize=2, mode="CRD"),
    "space_to_depth": move("SpaceToDepth", shape=(1, 2, 4, 6), blocksize=2),
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


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, net.graph, net.inputs[:8]) for name, net in networks.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_a_piece_of_a_value_is_a_view(tmp_path: Path) -> None:
    """Rows of an image lie in one piece; nothing is copied for the layer that reads them."""
    model = QdqModel((1, 1, 8, 4)).qdq(*Q).then("Relu").qdq(0.03, -128)
    model.then("Slice", *(model.constant([v], np.int64) for v in (2, 6, 2))).then("Flatten")
    weights = np.random.default_rng(1).integers(-128, 128, (3, 16)).astype(np.int8)
    graph = read(model.gemm(weights, 0.01).qdq(0.1, 0), tmp_path)
    steps = [step.lowered.stem for step in plan_network(graph).steps]
    assert steps == ["lookup", "fully_connected"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (move("Slice", [1], [1], [2]), r"would make shape \[1, 3, 0, 5\]"),
        (move("Slice", [1], [3], [9]), "axis 9 does not fit rank 4"),
        (move("Slice", [1], [3], [2], [0]), "its starts, ends, axes and steps do not fit"),
        (move("Slice", 1.0, [3], [2]), "its starts are float32"),
        (move("Slice", [1], [2], [0]), r"would make shape \[0, 3, 4, 5\]"),
        (move("Pad", [0, 0, 9, 0, 0, 0, 0, 0], mode="reflect"), "pad by less than the size"),
        (move("Pad", [0, 0, 4, 0, 0, 0, 0, 0], mode="reflect"), "pad by less than the size"),
        (move("Pad", [0, 0, 2**40, 0, 0, 0, 0, 0]), "its pads"),
        (move("Tile", [1, 2**30, 2**30, 1]), "repeats"),
        (move("Gather", [7], axis=1), "an index is outside of 3"),
        (resize([1, 1, 2, 2], coordinate_transformation_mode="tf_crop_and_resize"), "is not"),
        (resize([1, 1, 0, 2]), "its scales or sizes do not fit"),
        (joined(1, (1, 4, 9, 2)), "cannot join"),
        (move("DepthToSpace", shape=(1, 6, 2, 3), blocksize=4), "blocksize 4 does not divide"),
    ],
)
def test_hostile(build: Build, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)


def test_an_axis_of_one_needs_no_offsets(tmp_path: Path) -> None:
    graph = read(NETWORKS["slice"](), tmp_path)
    (step,) = plan_network(graph).steps
    assert (step.lowered.fields.sizes, step.lowered.fields.run) == ((3, 2), 5)
