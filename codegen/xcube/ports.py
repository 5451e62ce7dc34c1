"""Input and output as the sources describe them: shape, format, quantization."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from codegen.reader.text import shown
from codegen.xcube import csubset
from codegen.xcube.discover import LEGACY
from codegen.xcube.sources import Sources
from support.errors import UserError


@dataclass(frozen=True)
class Port:
    """One end of the network.

    Attributes:
        shape: with the batch dimension, in the order in which the bytes lie.
        size: elements.
        size_bytes: what a buffer for it must hold, which can be more than its elements take.
        type: "int8" or "uint8".
        scale, zero_point: None when the sources have no quantization table for it; the zero
            point is that of the stored type.
    """

    shape: tuple[int, ...]
    size: int
    size_bytes: int
    type: str
    scale: float | None
    zero_point: int | None


def ports(text: Sources, prefix: str, api: str) -> list[Port]:
    """Input and output.

    Raises:
        UserError: another number of them, or data other than int8 and uint8.
    """
    for side, what in (("IN", "inputs"), ("OUT", "outputs")):
        if (count := text.integer(f"{prefix}_{side}_NUM")) != 1:
            raise UserError(
                f"the bundle's network has {count} {what}",
                "main.c feeds one input, reads one output",
            )
    ends = _legacy_ends(text) if api == LEGACY else _st_ai_ends(text, prefix)
    return [_port(text, prefix, side, end) for side, end in zip(("IN", "OUT"), ends, strict=True)]


@dataclass(frozen=True)
class _End:
    """What the sources say of an input or output.

    Attributes:
        format: ST's word, such as S8; "" when they do not tell.
        table: scale and zero point of a per-tensor quantization, or None.
    """

    format: str
    table: tuple[float, int] | None


def _port(text: Sources, prefix: str, side: str, end: _End) -> Port:
    which = {"IN": "input", "OUT": "output"}[side]
    stem = f"{prefix}_{side}_1"
    types = {"S8": "int8", "U8": "uint8"}
    if end.format not in types:
        raise _unusable(which, end.format)
    size = text.integer(f"{stem}_SIZE")
    size_bytes = text.maybe(f"{stem}_SIZE_BYTES")
    scale, zero_point = end.table or (None, None)
    return Port(
        _shape(text, stem, size),
        size,
        max(size, size_bytes or 0),
        types[end.format],
        scale,
        zero_point,
    )


def _unusable(which: str, format_word: str) -> UserError:
    if not format_word:
        return UserError(
            f"the bundle's sources do not tell the format of the {which}",
            "generate the network again with a supported version (7.1 to 12.x)",
        )
    what = {"FLOAT": "float", "FLOAT32": "float"}.get(format_word, format_word)
    return UserError(
        f"the bundle's {which} is {what}; int8 is needed",
        "quantize the model first (the cloud's Quantization page, or this project's"
        " mnist_model_int8.onnx) and generate with --input-data-type int8"
        " --output-data-type int8",
    )


def _shape(text: Sources, stem: str, size: int) -> tuple[int, ...]:
    """Batch 1 and the axes, channels last unless the sources' flags say that they come first."""
    order = ("HEIGHT", "WIDTH", "CHANNEL")
    if "CHANNEL_FIRST" in text.macros.get(f"{stem}_FLAGS", ""):
        order = ("CHANNEL", "HEIGHT", "WIDTH")
    axes = [text.maybe(f"{stem}_{axis}") for axis in order]
    shape = (1, *(axis for axis in axes if axis is not None))
    return shape if math.prod(shape) == size else (1, size)


def _macro_format(text: Sources, stem: str) -> str:
    """The format in `<stem>_FORMAT`, "" without that macro."""
    match = re.search(r"FORMAT_(\w+)", text.macros.get(f"{stem}_FORMAT", ""))
    return match[1] if match else ""


def _legacy_ends(text: Sources) -> list[_End]:
    """Input and output: network → tensor → its array's format and its quantization list.

    The format stands in the header from 8.1.0 on, in the array's declaration before.
    """
    source = text.texts[".c"]
    tensors = {args[0]: args for args in csubset.calls(source, "AI_TENSOR_OBJ_DECLARE") if args}
    arrays = {args[0]: args for args in csubset.calls(source, "AI_ARRAY_OBJ_DECLARE") if args}
    lists = {
        args[0]: args for args in csubset.calls(source, "AI_INTQ_INFO_LIST_OBJ_DECLARE") if args
    }
    ends = []
    for side in ("IN", "OUT"):
        format_word, table = _macro_format(text, f"AI_{text.name.upper()}_{side}_1"), None
        count = f"AI_{text.name.upper()}_{side}_NUM"
        for args in csubset.calls(source, "AI_TENSOR_LIST_IO_OBJ_INIT"):
            if len(args) != 3 or args[1] != count:
                continue
            tensor = _declared(tensors, args[2])
            table = None if tensor[-1] == "NULL" else _intq(_declared(lists, tensor[-1]))
            array = _declared(arrays, tensor[-2]) if len(tensor) > 1 else []
            declared = re.search(r"AI_ARRAY_FORMAT_(\w+)", array[1]) if len(array) > 1 else None
            format_word = format_word or (declared[1] if declared else "")
        ends.append(_End(format_word, table))
    return ends


def _declared(objects: dict[str, list[str]], name: str) -> list[str]:
    """The arguments that declare an object of the network's sources.

    Raises:
        UserError: nothing declares it.
    """
    name = name.lstrip("& ")
    if name not in objects:
        raise UserError(
            f"the bundle's sources name '{shown(name)}' and do not declare it",
            "generate the network again with a supported version (7.1 to 12.x)",
        )
    return objects[name]


def _intq(arguments: list[str]) -> tuple[float, int] | None:
    """Scale and zero point of a list of one entry; those of uint8 have a macro of their own."""
    body = ", ".join(arguments)
    scales = next(csubset.calls(body, "AI_PACK_INTQ_SCALE"), [])
    signed = next(csubset.calls(body, "AI_PACK_INTQ_ZP"), [])
    zero_points = signed or next(csubset.calls(body, "AI_PACK_UINTQ_ZP"), [])
    if len(scales) != 1 or len(zero_points) != 1:
        return None
    scale, zero_point = csubset.real(scales[0]), csubset.integer(zero_points[0], {})
    return None if not scale or zero_point is None else (scale, zero_point)


def _st_ai_ends(text: Sources, prefix: str) -> list[_End]:
    ends = []
    for side in ("IN", "OUT"):
        scale = csubset.real(text.macros.get(f"{prefix}_{side}_1_SCALE", ""))
        zero_point = text.maybe(f"{prefix}_{side}_1_ZERO_POINT")
        table = (scale, zero_point) if scale and zero_point is not None else None
        ends.append(_End(_macro_format(text, f"{prefix}_{side}_1"), table))
    return ends
