"""Look through a protobuf file before it is parsed: a few bytes of it can ask for a hundred times
their size in objects."""

from __future__ import annotations

from typing import Any

from support.errors import UserError

# A field of two bytes becomes an object of about two hundred; no such network has this many.
MAX_FIELDS = 1_000_000
MAX_MESSAGES = 200_000

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def check_wire(data: bytes, descriptor: Any, what: str) -> None:
    """Follow the fields of `data`, a message of type `descriptor`, without building objects.

    Source: Protocol Buffers, "Encoding".

    Raises:
        UserError: not protobuf, cut off, or more fields or messages than any network needs.
    """
    fields = messages = 0
    pending = [(0, len(data), descriptor)]
    while pending:
        position, end, kind = pending.pop()
        while position < end:
            key, position = _varint(data, position, end, what)
            fields += 1
            if fields > MAX_FIELDS or messages > MAX_MESSAGES:
                raise UserError(
                    f"{what}: has more than {MAX_MESSAGES:,} parts",
                    "this tool is for networks that fit a microcontroller",
                )
            wire_type = key & 7
            if wire_type == _VARINT:
                _, position = _varint(data, position, end, what)
            elif wire_type == _FIXED64:
                position += 8
            elif wire_type == _FIXED32:
                position += 4
            elif wire_type == _BYTES:
                length, position = _varint(data, position, end, what)
                field = kind.fields_by_number.get(key >> 3)
                inside = (position, min(position + length, end))
                if field is not None and field.message_type is not None:
                    messages += 1
                    pending.append((*inside, field.message_type))
                elif field is not None and field.type == field.TYPE_STRING:
                    _check_text(data[slice(*inside)], what)
                position += length
            else:
                raise _damaged(what, f"wire type {wire_type}")
            if position > end:
                raise _damaged(what, "a field goes on after the end")


def _check_text(text: bytes, what: str) -> None:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise _damaged(what, "a name is not UTF-8") from None


def _varint(data: bytes, position: int, end: int, what: str) -> tuple[int, int]:
    value = shift = 0
    while position < end and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise _damaged(what, "a number goes on after the end")


def _damaged(what: str, why: str) -> UserError:
    return UserError(
        f"{what}: not an ONNX file, or a truncated one ({why})",
        "export the model again and check that the copy is whole",
    )
