"""What a network takes, as a person can give it: a picture, or rows of a table."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from device.comparison import Int8Array
from device.demo.training import Training
from device.link.messages import Info, Port, dequantize

Float64Array = npt.NDArray[np.float64]

# More values in one row are no sensor's readings, more rows no window that a page draws.
_MOST_COLUMNS, _MOST_ROWS = 64, 8192
_LARGEST_PICTURE = 1 << 22
# A flat input of as many values as a square of this side or more may be a picture.
_SMALLEST_SIDE = 16
# Where the whole range of a byte is so wide, the data was pixels of 0 to 255, not of 0 to 1.
_BYTES_SPAN = 100
_CHANNELS_LAST = "channels last"


@dataclass(frozen=True)
class Scaled:
    """Between what a person gives and the bytes of the network's input.

    Attributes:
        port: the input's quantization.
        mean, std: of each channel or column, or of all.
    """

    port: Port
    mean: Float64Array
    std: Float64Array

    def stored(self, given: npt.NDArray[np.float32]) -> Int8Array:
        """float32 [..., channels or columns] to int8, as the test set was quantized.

        ONNX operator specification, QuantizeLinear: saturate(rint(x / scale) + zero_point); what is
        no number counts as 0 there, as in the firmware.
        """
        with np.errstate(all="ignore"):
            real = (given - self.mean.astype(np.float32)) / self.std.astype(np.float32)
            scaled = real / np.float32(self.port.scale)
        steps = np.rint(np.where(np.isnan(scaled), 0, scaled)) + self.port.zero_point
        bounded: Int8Array = np.clip(steps, -128, 127).astype(np.int8)
        return bounded

    def given(self, stored: Int8Array) -> Float64Array:
        """What stored bytes mean to a person."""
        real: Float64Array = dequantize(stored, self.port) * self.std + self.mean
        return real


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        planes: in memory, each channel's pixels lie together.
        unit: what a pixel of 255 was in the data, before its normalization: 1 or 255.
    """

    height: int
    width: int
    channels: int
    planes: bool
    unit: float
    scaled: Scaled

    @property
    def size(self) -> int:
        """Bytes of a picture as the page sends it: uint8 [height, width, channels]."""
        return self.height * self.width * self.channels

    def stored(self, payload: bytes) -> Int8Array:
        """The network's input, int8 [size], of what the page sent."""
        shape = self.height, self.width, self.channels
        pixels = np.frombuffer(payload, np.uint8).reshape(shape).astype(np.float32)
        given = pixels / np.float32(255) if self.unit == 1 else pixels
        stored = self.scaled.stored(given)
        return np.ascontiguousarray(stored.transpose(2, 0, 1) if self.planes else stored).ravel()

    def seen(self, stored: Int8Array) -> str:
        """An input as the network sees it, for the page: uint8 [height, width, channels]."""
        if self.planes:
            pixels = stored.reshape(self.channels, self.height, self.width).transpose(1, 2, 0)
        else:
            pixels = stored.reshape(self.height, self.width, self.channels)
        grey = np.clip(self.scaled.given(pixels) / self.unit, 0, 1) * 255
        return base64.b64encode(np.rint(grey).astype(np.uint8).tobytes()).decode("ascii")

    def told(self) -> dict[str, Any]:
        """For the page."""
        sizes = {"height": self.height, "width": self.width, "channels": self.channels}
        return {"kind": "picture", **sizes}


@dataclass(frozen=True)
class Table:
    """Rows of a table that follow each other: a window of a time series, or one row alone.

    Attributes:
        columns: their names; made up where they are not `known`.
        across: in memory, each column's values lie together.
    """

    rows: int
    columns: tuple[str, ...]
    known: bool
    across: bool
    scaled: Scaled

    @property
    def size(self) -> int:
        """Bytes of the rows as the page sends them: float32 [rows, columns], little-endian."""
        return 4 * self.rows * len(self.columns)

    def stored(self, payload: bytes) -> Int8Array:
        """The network's input, int8 [size]."""
        given = np.frombuffer(payload, "<f4").reshape(self.rows, len(self.columns))
        stored = self.scaled.stored(given.astype(np.float32))
        return np.ascontiguousarray(stored.T if self.across else stored).ravel()

    def seen(self, stored: Int8Array) -> list[list[float]]:
        """An input as the network sees it, for the page: [rows][columns]."""
        count = len(self.columns)
        rows = stored.reshape(count, self.rows).T if self.across else stored.reshape(-1, count)
        shown: list[list[float]] = np.round(self.scaled.given(rows), 6).tolist()
        return shown

    def told(self) -> dict[str, Any]:
        """For the page."""
        means = np.broadcast_to(self.scaled.mean, (len(self.columns),)).tolist()
        about = {"columns": list(self.columns), "known": self.known, "usual": means}
        return {"kind": "table", "rows": self.rows, **about}


@dataclass(frozen=True)
class TestsOnly:
    """Nothing that a person can give; test inputs still are run."""

    why: str

    def told(self) -> dict[str, Any]:
        """For the page."""
        return {"kind": "tests", "why": self.why}


Takes = Picture | Table | TestsOnly


def takes(
    info: Info, ends: Sequence[Mapping[str, Any]], training: Training, *, classes: bool
) -> Takes:
    """What the firmware's network takes.

    Args:
        ends: its inputs as the manifest has them.
        classes: it tells classes, rather than values.
    """
    port = info.inputs[0]
    if len(info.inputs) > 1:
        return TestsOnly(f"the network takes {_text(info.inputs)}")
    if port.type != "int8" or not port.scale:
        return TestsOnly(f"the network takes {_text(info.inputs)}")
    if training.preprocessed:
        return TestsOnly("the network module's own preprocess() changes the inputs")
    if ends and ends[0].get("preprocessing"):
        return TestsOnly(f"the model computes {ends[0]['preprocessing']} before it quantizes")
    shape = tuple(ends[0].get("shape", ()))[1:] if ends else ()
    if prod(shape) != port.bytes:
        shape = (port.bytes,)
    last = bool(ends) and ends[0].get("layout") == _CHANNELS_LAST
    if len(shape) == 3 and not training.columns:
        return _picture(shape, port, training, last=last)
    flat = shape if len(shape) == 2 else tuple(side for side in shape if side > 1)
    side = isqrt(port.bytes)
    square = side * side == port.bytes and side >= _SMALLEST_SIDE
    if len(flat) <= 1 and square and classes and not training.columns:
        return _picture((1, side, side), port, training, last=False)
    return _table(flat or (1,), port, training, last=last)


def _picture(
    shape: tuple[int, ...], port: Port, training: Training, *, last: bool
) -> Picture | TestsOnly:
    """Of a shape without its batch; channels are first in it, or where only that is a picture."""
    planes = not last
    channels, height, width = shape
    if channels not in (1, 3) and not last:
        (height, width, channels), planes = shape, False
    if channels not in (1, 3) or height * width > _LARGEST_PICTURE:
        return TestsOnly(f"the network takes {' x '.join(map(str, shape))} values, no picture")
    scaled = _scaled(port, training, channels)
    if scaled is None:
        return TestsOnly("training normalized something else than this network's channels")
    span = 255 * port.scale * float(scaled.std.max())
    unit = 255.0 if span >= _BYTES_SPAN else 1.0
    return Picture(height, width, channels, planes and channels > 1, unit, scaled)


def _table(shape: tuple[int, ...], port: Port, training: Training, *, last: bool) -> Takes:
    """Of a shape [columns] or [columns, rows]; the longer side is time where nothing tells."""
    if len(shape) > 2:
        return TestsOnly(f"the network takes {' x '.join(map(str, shape))} values")
    first, second = shape if len(shape) == 2 else (shape[0], 1)
    known = len(training.columns)
    turned = second == known != first if known else second < first
    turned = turned and not last
    if turned and len(shape) == 2:  # [rows, columns]
        count, rows, across = second, first, False
    else:
        count, rows, across = first, second, not last
    scaled = _scaled(port, training, count)
    if scaled is None or (known and known != count):
        return TestsOnly("training normalized something else than this network's columns")
    if count > _MOST_COLUMNS or rows > _MOST_ROWS:
        return TestsOnly(f"the network takes {' x '.join(map(str, shape))} values")
    columns = training.columns or tuple(f"column {n}" for n in range(1, count + 1))
    return Table(rows, columns, bool(training.columns), across, scaled)


def _scaled(port: Port, training: Training, count: int) -> Scaled | None:
    """None where the normalization is of another number of channels or columns."""
    mean, std = np.array(training.mean), np.array(training.std)
    if len(mean) not in (1, count) or len(std) not in (1, count):
        return None
    return Scaled(port, mean, std)


def _text(ports: Sequence[Port]) -> str:
    """The ends in words: `10 bytes of int8 and 9 bytes of int8`."""
    return " and ".join(f"{port.bytes} bytes of {port.type}" for port in ports)
