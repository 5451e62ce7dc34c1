"""What a file says beside its nodes: the output's shape is held, what nobody reads is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from codegen.reader.qdq import read_graph
from support.errors import UserError
from tests.codegen.models import two_layers


@pytest.fixture
def model() -> onnx.ModelProto:
    """6 → … → 3; its output is declared by shape inference."""
    return two_layers().build()


def read(model: onnx.ModelProto, folder: Path) -> tuple[int, ...]:
    """The shape that the reader gives the output."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return read_graph(path).output.shape


def declare(model: onnx.ModelProto, shape: list[int | str | None] | None) -> None:
    name = model.graph.output[0].name
    kind = onnx.TensorProto.FLOAT
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(name, kind, shape))


@pytest.mark.parametrize("kept", [(0, 1), (1,), (0,), ()])
def test_declared_shape_that_is_right(
    kept: tuple[int, ...], model: onnx.ModelProto, tmp_path: Path
) -> None:
    """All of it, or with dynamic dimensions."""
    real = read(model, tmp_path)
    declare(model, [size if axis in kept else "n" for axis, size in enumerate(real)])
    assert read(model, tmp_path) == real


def test_no_declared_shape(model: onnx.ModelProto, tmp_path: Path) -> None:
    real = read(model, tmp_path)
    declare(model, None)
    assert read(model, tmp_path) == real


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ([1, 7], r"\[1, 7\]"),
        (["n", 7], r"\[\?, 7\]"),
        ([2, 3], r"\[2, 3\]"),
        ([1, 1, 3], r"\[1, 1, 3\]"),
        ([3], r"\[3\]"),
        ([], r"\[\]"),
    ],
    ids=str,
)
def test_declared_shape_that_is_another(
    shape: list[int | str | None], told: str, model: onnx.ModelProto, tmp_path: Path
) -> None:
    declare(model, shape)
    with pytest.raises(UserError, match=f"is declared with shape {told}, and has"):
        read(model, tmp_path)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.bool_])
def test_what_nobody_reads_may_be_of_any_type(
    dtype: type[np.generic], model: onnx.ModelProto, tmp_path: Path
) -> None:
    real = read(model, tmp_path)
    model.graph.initializer.append(numpy_helper.from_array(np.ones(3, dtype), "left over"))
    assert read(model, tmp_path) == real
    # As IR version 3 has it, listed among the inputs, too.
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model.graph.input.append(helper.make_tensor_value_info("left over", kind, [3]))
    assert read(model, tmp_path) == real


def test_what_somebody_reads_may_not(model: onnx.ModelProto, tmp_path: Path) -> None:
    tensor = next(each for each in model.graph.initializer if each.data_type == 1)
    half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name)
    tensor.CopyFrom(half)
    with pytest.raises(UserError, match=f"initializer '{tensor.name}'"):
        read(model, tmp_path)
