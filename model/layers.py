"""Every layer computed by an interpreter from inputs that are forced, beside the reference.

Whatever a layer before has done, each layer is judged by itself: it gets the reference's bytes, and
what it makes of them is compared with the reference's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from model.session import session_of
from support.errors import UserError
from support.files import DAMAGED_ARRAYS, check_given, in_words, read_json
from support.layer_cut import Layer as CutLayer
from support.layer_cut import LayerCut, Tensor
from support.progress import SOON, track

Array = npt.NDArray[Any]
# onnxruntime's words for the types of inputs.
_KINDS = {
    onnx.TensorProto.FLOAT: "tensor(float)",
    onnx.TensorProto.INT8: "tensor(int8)",
    onnx.TensorProto.UINT8: "tensor(uint8)",
}


OTHERWISE = "its C can still be compared with the reference: scons validate"


class NoOracle(Exception):
    """The interpreter does not run this model."""


@dataclass(frozen=True)
class Layer:
    """A layer's elements, by the reference and by an interpreter.

    Attributes:
        cut: what the generator says of it.
        tensor: what it gives.
        reference, oracle: [N, …] from the same inputs: int8 where the tensor is quantized.
    """

    cut: CutLayer
    tensor: Tensor
    reference: Array
    oracle: Array

    @property
    def operator(self) -> str:
        """The operator, as the file names it."""
        return self.cut.operator

    @property
    def differing(self) -> npt.NDArray[np.bool_]:
        """Where the bytes differ, of their shape."""
        found: npt.NDArray[np.bool_] = self.reference != self.oracle
        return found


@dataclass(frozen=True)
class Forced:
    """A network's layers with forced inputs.

    Attributes:
        by: who computed them.
        exact: the model whose layers each have inputs of their own, for their real values.
        feeds: input of `exact` → values [N, …].
    """

    by: str
    layers: tuple[Layer, ...]
    exact: onnx.ModelProto
    feeds: dict[str, Array]


def read(json_path: Path, npz_path: Path) -> tuple[LayerCut, dict[str, Array]]:
    """What `python -m codegen layers` wrote.

    Raises:
        UserError: missing, or something else.
    """
    check_given(npz_path)
    try:
        cut = LayerCut.from_json(read_json(json_path))
        with np.load(npz_path) as stored:
            return cut, dict(stored)
    except (*DAMAGED_ARRAYS, TypeError) as error:
        raise UserError(
            f"{json_path}, {npz_path}: not what `python -m codegen layers` writes"
            f" ({in_words(error)})",
            "make both again, of one network",
        ) from None


def by_onnxruntime(cut: LayerCut, arrays: Mapping[str, Array]) -> Forced:
    """Compute every layer by onnxruntime, without optimizations.

    Raises:
        NoOracle: onnxruntime does not run it.
    """
    try:
        oracle = onnx.ModelProto.FromString(arrays["oracle"].tobytes())
        session = session_of(oracle, optimize=False)
    except Exception as error:  # onnxruntime's have no class of their own
        raise NoOracle(f"onnxruntime: {error}") from None
    feeds = {
        end.name: _as_fed(cut.tensors[index], arrays[f"tensor_{index}"], end.type)
        for end in session.get_inputs()
        for index in [cut.feeds[end.name]]
    }
    asked = [cut.tensors[layer.tensor].name for layer in cut.layers]
    count = len(next(iter(feeds.values())))
    rows = []
    for row in track(range(count), "layers, onnxruntime", count, after=SOON):
        given = {name: values[row : row + 1] for name, values in feeds.items()}
        try:
            results = session.run(asked, given)
        except Exception as error:
            raise NoOracle(f"onnxruntime: {error}") from None
        rows.append([result.reshape(1, -1) for result in results])
    found = [np.concatenate([row[index] for row in rows]) for index in range(len(asked))]
    return forced("onnxruntime", cut, arrays, found)


def forced(by: str, cut: LayerCut, arrays: Mapping[str, Array], found: Sequence[Array]) -> Forced:
    """The layers with what an interpreter made of each: [N, elements], as it gives them."""
    exact = onnx.ModelProto.FromString(arrays["exact"].tobytes())
    feeds = {
        entry.name: _as_fed(cut.tensors[index], arrays[f"tensor_{index}"], _KINDS[kind])
        for entry in exact.graph.input
        if entry.name in cut.feeds
        for index, kind in [(cut.feeds[entry.name], entry.type.tensor_type.elem_type)]
    }
    layers = []
    for layer, values in zip(cut.layers, found, strict=True):
        tensor, reference = cut.tensors[layer.tensor], arrays[f"tensor_{layer.tensor}"]
        oracle = as_stored(values, tensor).reshape(reference.shape)
        layers.append(Layer(layer, tensor, reference, oracle))
    return Forced(by, tuple(layers), exact, feeds)


def _as_fed(tensor: Tensor, stored: Array, kind: str) -> Array:
    """The elements of a tensor as an input of onnxruntime's type `kind` takes them."""
    if kind == "tensor(float)" and tensor.dtype == "float32":
        return stored
    return as_given(kind, stored, tensor.scale, tensor.zero_point)


def as_given(kind: str, stored: Array, scale: float, zero_point: int) -> Array:
    """Stored bytes as an input of onnxruntime's type `kind` takes them."""
    if kind == "tensor(int8)":
        return stored
    if kind == "tensor(uint8)":
        return (stored.astype(np.int16) + 128).astype(np.uint8)
    shifted = (stored.astype(np.int32) - zero_point).astype(np.float32)
    with np.errstate(over="ignore"):
        real: Array = shifted * np.float32(scale)
    return real


def as_stored(values: Array, tensor: Tensor) -> Array:
    """The opposite: what an interpreter gives as the elements of a tensor."""
    if values.dtype == np.int8:
        return values
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128).astype(np.int8)
    if tensor.dtype == "int32":  # an index: int64, or what the model casts it to
        return values.astype(np.int32)
    if tensor.dtype == "float32":
        return values.astype(np.float32)
    with np.errstate(over="ignore"):
        steps = np.rint(values.astype(np.float32) / np.float32(tensor.scale))
    # Clip before adding: far outside the range float32 cannot hold the sum exactly.
    shifted = np.clip(steps, -1024, 1024) + np.float32(tensor.zero_point)
    stored: Array = np.clip(shifted, -128, 127).astype(np.int8)
    return stored
