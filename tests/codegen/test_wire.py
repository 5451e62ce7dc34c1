"""A file that asks for more objects than any network has is refused before they are made."""

from __future__ import annotations

import onnx
import pytest

from codegen.reader.wire import MAX_FIELDS, MAX_MESSAGES, check_wire
from support.errors import UserError

MODEL = onnx.ModelProto.DESCRIPTOR
# Fields of ModelProto and GraphProto (onnx.proto): opset_import = 8, graph = 7; node = 1.
EMPTY_OPSET, EMPTY_NODE, VERSION = b"\x42\x00", b"\x0a\x00", b"\x08\x07"


def graph_of(nodes: int) -> bytes:
    """A model of one graph of empty nodes."""
    body = EMPTY_NODE * nodes
    length, rest = bytearray(), len(body)
    while rest > 0x7F:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return b"\x3a" + bytes(length) + bytes([rest]) + body


@pytest.mark.parametrize(
    "data",
    [
        EMPTY_OPSET * (MAX_MESSAGES + 2),
        graph_of(MAX_MESSAGES + 1),
        VERSION * (MAX_FIELDS + 1),
    ],
    ids=["messages", "messages in a message", "fields"],
)
def test_too_many_parts(data: bytes) -> None:
    with pytest.raises(UserError, match="has more than 200,000 parts"):
        check_wire(data, MODEL, "m.onnx")


def test_as_many_as_may_be() -> None:
    check_wire(graph_of(MAX_MESSAGES - 1), MODEL, "m.onnx")
    check_wire(VERSION * MAX_FIELDS, MODEL, "m.onnx")
