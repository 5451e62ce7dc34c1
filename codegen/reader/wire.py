"""Look through a protobuf file before it is parsed: a few bytes of it can ask for a hundred times
their size in objects."""

from __future__ import annotations

from typing import Any

from support.errors import UserError
from support.network_file import Damaged, fields

# A field of two bytes becomes an object of about two hundred; no such network has this many.
MAX_FIELDS = 1_000_000
MAX_MESSAGES = 200_000


def check_wire(data: bytes, descriptor: Any, what: str) -> None:
    """Follow the fields of `data`, a message of type `descriptor`, without building objects.

    Raises:
        UserError: not protobuf, cut off, or more fields or messages than any network needs.
    """
    try:
        _follow(data, descriptor, what)
    except Damaged as error:
        raise UserError(
            f"{what}: not an ONNX file, or a truncated one ({error})",
            "export the model again and check that the copy is whole",
        ) from None


def _follow(data: bytes, descriptor: Any, what: str) -> None:
    found = messages = 0
    pending = [(0, len(data), descriptor)]
    while pending:
        start, end, kind = pending.pop()
        for part in fields(data, start, end):
            found += 1
            if found > MAX_FIELDS or messages > MAX_MESSAGES:
                raise UserError(
                    f"{what}: has more than {MAX_MESSAGES:,} parts",
                    "this tool is for networks that fit a microcontroller",
                )
            field = kind.fields_by_number.get(part.number) if part.delimited else None
            if field is not None and field.message_type is not None:
                messages += 1
                pending.append((part.start, part.end, field.message_type))
            elif field is not None and field.type == field.TYPE_STRING:
                _check_text(data[part.start : part.end])


def _check_text(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise Damaged("a name is not UTF-8") from None
