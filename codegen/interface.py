"""A network's ends as the C interfaces describe them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.ir.graph import Value
from codegen.ir.types import DType
from codegen.literals import c_float
from codegen.memory.places import Arena

# Element type → its name in the legacy interface, in the newer one, and its C type.
_FORMATS = {
    DType.INT8: ("AI_BUFFER_FORMAT_S8", "STAI_FORMAT_S8", "ai_i8"),
    DType.UINT8: ("AI_BUFFER_FORMAT_U8", "STAI_FORMAT_U8", "ai_u8"),
    DType.INT16: ("AI_BUFFER_FORMAT_S16", "STAI_FORMAT_S16", "ai_i16"),
    DType.INT32: ("AI_BUFFER_FORMAT_S32", "STAI_FORMAT_S32", "ai_i32"),
    DType.FLOAT32: ("AI_BUFFER_FORMAT_FLOAT", "STAI_FORMAT_FLOAT32", "ai_float"),
}


@dataclass(frozen=True)
class Port:
    """One end of a network.

    Attributes:
        number: from 1 on, as the interfaces count.
        kind: "in" or "out".
        shape: batch first, in the order in which the bytes lie.
        height, width: None where the shape has no such axis.
        size: elements of one inference.
        scale: a C literal, or None.
        preprocessing: what the model does to it before it is quantized; empty: nothing.
    """

    number: int
    kind: str
    name: str
    shape: tuple[int, ...]
    channel: int
    width: int | None
    height: int | None
    size: int
    bytes: int
    legacy_format: str
    stai_format: str
    scale: str | None
    zero_point: int | None
    preprocessing: str
    arena_offset: int

    @property
    def KIND(self) -> str:
        """IN or OUT."""
        return self.kind.upper()

    @property
    def bcwh(self) -> tuple[int, int, int, int]:
        """The shape in the legacy interface's order batch, channel, width, height."""
        return 1, self.channel, self.width or 1, self.height or 1


def ports(
    values: Sequence[Value], places: Sequence[Arena], kind: str, preprocessing: Sequence[str] = ()
) -> list[Port]:
    """The inputs or outputs of a network, in its order.

    Args:
        preprocessing: of each, what the model does to it before it is quantized, or "".
    """
    before = [*preprocessing] or [""] * len(values)
    return [
        _port(value, place, kind, index + 1, before[index])
        for index, (value, place) in enumerate(zip(values, places, strict=True))
    ]


def c_type(dtype: DType) -> str:
    """The C type of an element."""
    return _FORMATS[dtype][2]


def _port(value: Value, place: Arena, kind: str, number: int, preprocessing: str) -> Port:
    """No byte moves. Source: ST, "Embedded inference client API" 7.1, "IO tensor description": one
    dimension is (1, 1, c) of height, width and channel, two are (h, 1, c), three are (h, w, c).
    """
    shape = value.type.stored_shape
    dims = list(shape[1:]) or [1]
    height = dims[0] if len(dims) > 1 else None
    width = (dims[1] if len(dims) > 2 else 1) if len(dims) > 1 else None
    quantization = value.type.quantization
    legacy, stai, _ = _FORMATS[value.dtype]
    return Port(
        number=number,
        kind=kind,
        name=value.name,
        shape=shape,
        channel=dims[-1],
        width=width,
        height=height,
        size=value.size,
        bytes=value.bytes,
        legacy_format=legacy,
        stai_format=stai,
        scale=None if quantization is None else c_float(quantization.scale),
        zero_point=None if quantization is None else quantization.zero_point,
        preprocessing=preprocessing,
        arena_offset=place.offset,
    )
