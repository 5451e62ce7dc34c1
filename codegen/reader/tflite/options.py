"""The options of each operator that is read, by the names that the schema gives them.

Source: TensorFlow Lite's schema.fbs, as PyPI's `tflite` has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite

_ACTIVATED = ("FusedActivationFunction",)
_STRIDES = ("Padding", "StrideW", "StrideH", *_ACTIVATED)
_DILATED = (*_STRIDES, "DilationWFactor", "DilationHFactor")
_POOL = ("Pool2DOptions", (*_STRIDES, "FilterWidth", "FilterHeight"))
_MASKS = ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask", "Offset")

# Operator → its table of options and the fields that matter; operators without are not here.
FIELDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ADD": ("AddOptions", _ACTIVATED),
    "AVERAGE_POOL_2D": _POOL,
    "CONCATENATION": ("ConcatenationOptions", ("Axis", *_ACTIVATED)),
    "CONV_2D": ("Conv2DOptions", _DILATED),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _DILATED),
    "FULLY_CONNECTED": (
        "FullyConnectedOptions",
        ("WeightsFormat", "KeepNumDims", *_ACTIVATED),
    ),
    "GELU": ("GeluOptions", ("Approximate",)),
    "LEAKY_RELU": ("LeakyReluOptions", ("Alpha",)),
    "MAX_POOL_2D": _POOL,
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "MIRROR_PAD": ("MirrorPadOptions", ("Mode",)),
    "MUL": ("MulOptions", _ACTIVATED),
    "REDUCE_MAX": ("ReducerOptions", ("KeepDims",)),
    "RESHAPE": ("ReshapeOptions", ("NewShape",)),
    "RESIZE_NEAREST_NEIGHBOR": (
        "ResizeNearestNeighborOptions",
        ("AlignCorners", "HalfPixelCenters"),
    ),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
    "SQUEEZE": ("SqueezeOptions", ("SqueezeDims",)),
    "STRIDED_SLICE": ("StridedSliceOptions", _MASKS),
    "SUB": ("SubOptions", _ACTIVATED),
}


@dataclass(frozen=True)
class Options:
    """The fields of an operator's options, with the schema's defaults where it has none."""

    fields: Mapping[str, Any]

    def number(self, name: str) -> int:
        """An integer, a boolean or a member of an enumeration."""
        return int(self.fields[name])

    def real(self, name: str) -> float:
        """A float."""
        return float(self.fields[name])

    def numbers(self, name: str) -> list[int]:
        """A vector of integers."""
        return [int(value) for value in self.fields[name]]


def _nothing() -> Any:
    """A table without fields: all of them have their defaults."""
    builder = flatbuffers.Builder(16)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    data = bytes(builder.Output())
    return flatbuffers.table.Table(
        data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)
    )


_DEFAULTS = _nothing()


def read_options(kind: str, operator: Any) -> Options:
    """What `operator`, an `Operator` of the schema, says.

    Raises:
        ValueError: its options are those of another operator.
    """
    if kind not in FIELDS:
        return Options({})
    table, names = FIELDS[kind]
    found = operator.BuiltinOptions()
    if found is not None and operator.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, table):
        raise ValueError(f"an operator {kind} has options of another")
    reader = getattr(tflite, table)()
    given = _DEFAULTS if found is None else found
    reader.Init(given.Bytes, given.Pos)
    return Options({name: _field(reader, name) for name in names})


def _field(reader: Any, name: str) -> Any:
    if not hasattr(reader, f"{name}AsNumpy"):
        return getattr(reader, name)()
    if getattr(reader, f"{name}IsNone")():
        return np.zeros(0, np.int32)
    values = getattr(reader, f"{name}AsNumpy")()
    if values.size > 16:
        raise ValueError(f"{values.size} numbers in '{name}'")
    return values
