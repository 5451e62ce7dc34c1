"""Stages: where a value of the model stands between two of its nodes.

A stage never changes: another branch may read the same one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Self

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.preprocessing import Arithmetic
from codegen.ir.types import Array, Quantization


@dataclass(frozen=True, eq=False)
class Move:
    """Elements that change places, of numbers and of the value that they become.

    Attributes:
        emit: emits the operation for an int8 value; returns what it writes.
        array: does the same to an array.
    """

    emit: Callable[[Value], Value]
    array: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class FloatInput:
    """A float input of the network, before its QuantizeLinear.

    Attributes:
        index: which of the model's inputs.
        shape: as it is now, after the moves so far.
        moves: of its elements so far.
        arithmetic: of the input's own elements so far, wherever they stand now.
    """

    index: int
    shape: tuple[int, ...]
    moves: tuple[Move, ...] = ()
    arithmetic: tuple[Arithmetic, ...] = ()

    def moved(self, shape: tuple[int, ...], move: Move) -> FloatInput:
        """The same after another move."""
        return replace(self, shape=shape, moves=(*self.moves, move))

    def places(self, declared: tuple[int, ...]) -> Array:
        """int64, of the shape as it is now: which of the input's own elements stands there."""
        found: Array = np.arange(prod(declared)).reshape(declared)
        for move in self.moves:
            found = move.array(found)
        return found


@dataclass(frozen=True, eq=False)
class JoinedInputs:
    """Float inputs along an axis, before the QuantizeLinear of all of them.

    Attributes:
        inputs: each a `FloatInput` or joined ones.
        node: that joins them.
    """

    inputs: tuple[FloatInput | JoinedInputs, ...]
    axis: int
    shape: tuple[int, ...]
    node: onnx.NodeProto


@dataclass(frozen=True, eq=False)
class Integers:
    """Quantized integers, before a DequantizeLinear gives them their meaning.

    Attributes:
        dtype: int8 or uint8, as stored in the model.
        value: what they mean, when a QuantizeLinear made them.
        index: which of the model's inputs they are, when they are one and `value` is None.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    value: Value | None
    index: int | None = None


@dataclass(frozen=True, eq=False)
class Quantized:
    """The output of a DequantizeLinear: a float value that is an int8 value in truth."""

    value: Value

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape."""
        return self.value.shape


@dataclass(frozen=True, eq=False)
class Indices:
    """Positions along an axis, as an ArgMax gives them: int32, whatever the model has.

    Attributes:
        dtype: the model's.
    """

    value: Value
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape."""
        return self.value.shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Pending(ABC):
    """A computed float value that waits for its QuantizeLinear to become an operator.

    Attributes:
        name: of the node that computes it.
        shape: of the value.
        low, high: bounds of the real value, from a Relu or Clip that follows.
    """

    name: str
    shape: tuple[int, ...]
    low: float = -np.inf
    high: float = np.inf

    @abstractmethod
    def finish(self, output: Value) -> Op:
        """Return the operator that writes `output`."""

    def clip(self, low: float, high: float) -> Self:
        """The value bounded as ONNX's Clip does: min(max(x, low), high)."""
        return replace(self, low=min(max(self.low, low), high), high=min(max(self.high, low), high))

    @property
    def clipped(self) -> bool:
        """A Relu or Clip was fused."""
        return (self.low, self.high) != (-np.inf, np.inf)

    def clamp(self, output: Quantization) -> tuple[int, int]:
        """The bounds as bytes of the output.

        QuantizeLinear never decreases, so quantize(clip(x)) = clamp(quantize(x)).
        """
        low, high = output.quantize(np.array([self.low, self.high], np.float32))
        return int(low), int(high)

    def unquantized_output(self) -> Value | None:
        """The output value when the model ends here without a QuantizeLinear.

        None, unless the operator has a natural output quantization.
        """
        return None


@dataclass(frozen=True, eq=False, kw_only=True)
class Moved(Pending):
    """A computed float value whose elements have changed places before they are quantized.

    Quantizing does not care where an element stands: the value is quantized first, then moved.

    Attributes:
        inner: what is computed.
        move: emits what moves the quantized value; returns the moved one.
    """

    inner: Pending
    move: Callable[[Value], Value]

    def clip(self, low: float, high: float) -> Self:
        """Neither does a bound."""
        return replace(self, inner=self.inner.clip(low, high))

    def finish(self, output: Value) -> Op:
        """Nothing writes the moved value from floats: `Context.finish` quantizes `inner`."""
        raise NotImplementedError


Stage = FloatInput | JoinedInputs | Integers | Quantized | Indices | Pending
