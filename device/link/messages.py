"""What the bodies of frames say. docs/protocol.md, "Verbs"; integers are little-endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.link.packing import pack

Int8Array = npt.NDArray[np.int8]
UInt32Array = npt.NDArray[np.uint32]

_INFO = struct.Struct("<IHII")
_PORT = struct.Struct("<IBfb")
_TYPES = ("int8", "uint8", "int16", "int32", "float32")
_LAYER = struct.Struct("<HII")
_REPORT = struct.Struct("<IIII")
_COST = 8


class BadBody(Exception):
    """An answer that is not as the protocol wants it."""


@dataclass(frozen=True)
class Port:
    """One end of the network: bytes, and quantization, real = scale * (q - zero).

    Attributes:
        type: of its elements, by NumPy's name.
        scale: 0 where nothing is quantized.
    """

    bytes: int
    type: str
    scale: float
    zero_point: int


def dequantize(stored: Int8Array, port: Port) -> npt.NDArray[np.float64]:
    """The real values that bytes of an end mean: float64 of the same shape."""
    return (stored.astype(np.float64) - port.zero_point) * port.scale


@dataclass(frozen=True)
class Info:
    """What the firmware says of itself.

    Attributes:
        max_body: bytes of the longest request body it takes.
        max_images: most inputs of one RUN.
        clock_hz: the core's clock, 0 when unknown.
        nodes: layers that the network computes.
        model: SHA-256 of the model's content, hex.
        build: SHA-256 of all that the firmware is linked from, hex.
    """

    max_body: int
    max_images: int
    clock_hz: int
    nodes: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    board: str
    network: str
    model: str
    origin: str
    generator: str
    build: str

    @property
    def input_size(self) -> int:
        """Bytes of all inputs, which lie one after the other."""
        return sum(port.bytes for port in self.inputs)

    @property
    def output_size(self) -> int:
        """Bytes of all outputs, which lie one after the other."""
        return sum(port.bytes for port in self.outputs)


@dataclass(frozen=True)
class Results:
    """Answers to RUN, one row per input.

    Attributes:
        outputs: int8 [N, output size].
        cycles: uint32 [N], what the processor's cycle counter counted; 0 where nothing counts.
        instructions: uint32 [N], executed instructions as an emulator told; 0 where none does.
    """

    outputs: Int8Array
    cycles: UInt32Array
    instructions: UInt32Array


@dataclass(frozen=True)
class Layer:
    """One layer's output bytes, int8 [size], and its cost as in `Results`."""

    index: int
    cycles: int
    instructions: int
    output: Int8Array


@dataclass(frozen=True)
class Report:
    """What the firmware counted since it started: whole frames, broken ones, refused ones, runs."""

    frames: int
    broken: int
    refused: int
    inferences: int


def parse_info(body: bytes) -> Info:
    """The answer to INFO.

    Raises:
        BadBody: too short, or text that is not text.
    """
    if len(body) < _INFO.size:
        raise BadBody(f"INFO answer of {len(body)} bytes")
    max_body, images, clock, nodes = _INFO.unpack_from(body)
    inputs, at = _ports(body, _INFO.size)
    outputs, at = _ports(body, at)
    texts = []
    for _ in range(6):
        length = body[at] if at < len(body) else len(body)
        text = body[at + 1 : at + 1 + length]
        if len(text) != length:
            raise BadBody("INFO answer is cut off")
        texts.append(text.decode("ascii", errors="replace"))
        at += 1 + length
    return Info(max_body, images, clock, nodes, inputs, outputs, *texts)


def _ports(body: bytes, at: int) -> tuple[tuple[Port, ...], int]:
    """The ends that INFO tells from byte `at` on, and where what follows begins."""
    count = body[at] if at < len(body) else 0
    end = at + 1 + count * _PORT.size
    if not count or end > len(body):
        raise BadBody("INFO answer is cut off")
    found = []
    for size, kind, scale, zero_point in _PORT.iter_unpack(body[at + 1 : end]):
        if kind >= len(_TYPES):
            raise BadBody(f"INFO answer with elements of type {kind}")
        found.append(Port(size, _TYPES[kind], scale, zero_point))
    return tuple(found), end


def parse_results(body: bytes, count: int, output_size: int) -> Results:
    """The answer to a RUN with `count` inputs.

    Raises:
        BadBody: another count or size.
    """
    row = _COST + output_size
    if len(body) != 1 + count * row or body[0] != count:
        raise BadBody(f"RUN answer of {len(body)} bytes for {count} inputs")
    table = np.frombuffer(body, np.uint8, offset=1).reshape(count, row)
    costs = np.ascontiguousarray(table[:, :_COST]).view("<u4").astype(np.uint32)
    outputs = np.ascontiguousarray(table[:, _COST:]).view(np.int8)
    return Results(outputs, costs[:, 0], costs[:, 1])


def parse_layer(body: bytes) -> Layer:
    """A LAYER frame.

    Raises:
        BadBody: too short.
    """
    if len(body) < _LAYER.size:
        raise BadBody(f"LAYER frame of {len(body)} bytes")
    index, cycles, instructions = _LAYER.unpack_from(body)
    return Layer(index, cycles, instructions, np.frombuffer(body, np.int8, offset=_LAYER.size))


def parse_layers_end(body: bytes, output_size: int) -> tuple[int, Int8Array]:
    """The answer to RUN_LAYERS: how many LAYER frames came before it, and the outputs.

    Raises:
        BadBody: another size.
    """
    if len(body) != 2 + output_size:
        raise BadBody(f"RUN_LAYERS answer of {len(body)} bytes")
    return int.from_bytes(body[:2], "little"), np.frombuffer(body, np.int8, offset=2)


def parse_report(body: bytes) -> Report:
    """The answer to REPORT.

    Raises:
        BadBody: another size.
    """
    if len(body) != _REPORT.size:
        raise BadBody(f"REPORT answer of {len(body)} bytes")
    return Report(*_REPORT.unpack(body))


def run_bodies(inputs: Int8Array, info: Info) -> list[tuple[int, bytes]]:
    """Bodies of RUN for `inputs`, int8 [N, input size]: (how many inputs, bytes) of each.

    Each is filled as far as the firmware's buffer goes; one input always fits.
    """
    bodies: list[tuple[int, bytes]] = []
    batch: list[bytes] = []
    used = 1
    for packed in (pack(row.tobytes()) for row in inputs):
        if batch and (used + len(packed) > info.max_body or len(batch) == info.max_images):
            bodies.append(_run_body(batch))
            batch, used = [], 1
        batch.append(packed)
        used += len(packed)
    if batch:
        bodies.append(_run_body(batch))
    return bodies


def _run_body(batch: list[bytes]) -> tuple[int, bytes]:
    return len(batch), bytes([len(batch)]) + b"".join(batch)
