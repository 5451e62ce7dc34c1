"""Seeded damage to a model: to its bytes, or to the fields of its messages."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.fuzz.mutate_bytes import mutate_bytes
from tests.fuzz.mutate_graph import mutate_graph

INTEGERS = (
    0,
    1,
    -1,
    2,
    7,
    127,
    128,
    255,
    2**15,
    2**31 - 1,
    2**31,
    2**32,
    2**40,
    2**63 - 1,
    -(2**63),
)
FLOATS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-45,
    1e-38,
    1e38,
    3.4e38,
    float("inf"),
    float("-inf"),
    float("nan"),
)
TEXTS = ("", "a", "input", "\n", "\x1b[31m", "é" * 300, "%s", "../../etc/passwd", "com.microsoft")
BYTES = (b"", b"\0", b"\xff" * 4, b"\0\0\x80\x7f", b"\0\0\xc0\x7f", b"\x01" * 64)
OPERATORS = (
    "QuantizeLinear",
    "DequantizeLinear",
    "Gemm",
    "MatMul",
    "Add",
    "Relu",
    "Clip",
    "Softmax",
    "Sigmoid",
    "Tanh",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Identity",
    "Dropout",
    "Transpose",
    "Constant",
    "Conv",
    "If",
    "Loop",
    "Shape",
)


def mutate(corpus: Sequence[bytes], seed: str) -> bytes:
    """A model of `corpus` after some mutations; the same seed gives the same bytes."""
    rng = random.Random(seed)
    data = rng.choice(corpus)
    # Seldom: bytes alone hardly ever leave a model that parses.
    if rng.random() < 0.15:
        for _ in range(rng.randint(1, 4)):
            data = mutate_bytes(rng, data, corpus)
        return data
    model = onnx.ModelProto.FromString(data)
    # Mostly one: a second mutation rarely matters once the first one is refused.
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        if rng.random() < 0.6:
            mutate_graph(rng, model)
        else:
            _mutate_field(rng, model)
    data = model.SerializeToString()
    if rng.random() < 0.05:
        data = mutate_bytes(rng, data, corpus)
    return data


# --- fields ---------------------------------------------------------------------------------------


def messages(root: Message) -> Iterator[Message]:
    """`root` and every message below it."""
    yield root
    for field, value in root.ListFields():
        if field.message_type is not None:
            for child in value if field.is_repeated else [value]:
                yield from messages(child)


def _mutate_field(rng: random.Random, model: onnx.ModelProto) -> None:
    everything = list(messages(model))
    # Structure decides more than the model's own fields: mostly nodes, tensors and attributes.
    likely = [m for m in everything if type(m).__name__ in ("NodeProto", "TensorProto")]
    target = rng.choice(likely if likely and rng.random() < 0.6 else everything)
    present = [field for field, _ in target.ListFields()]
    fields = present if present and rng.random() < 0.85 else list(target.DESCRIPTOR.fields)
    field = rng.choice(fields)
    if rng.random() < 0.1:
        target.ClearField(field.name)
    elif field.is_repeated:
        _mutate_repeated(rng, getattr(target, field.name), field, everything)
    elif field.message_type is not None:
        _replace(rng, getattr(target, field.name), everything)
    else:
        setattr(target, field.name, _scalar(rng, field, getattr(target, field.name), everything))


def _mutate_repeated(
    rng: random.Random, values: Any, field: FieldDescriptor, everything: list[Message]
) -> None:
    action = rng.randrange(4)
    at = rng.randrange(len(values)) if values else 0
    if action == 0 and values:
        del values[at]
    elif action == 1 and len(values) > 1:
        other = rng.randrange(len(values))
        _swap(values, at, other, field)
    elif field.message_type is not None:
        child = values[at] if values and action == 2 else values.add()
        _replace(rng, child, everything)
    elif values and action == 2:
        values[at] = _scalar(rng, field, values[at], everything)
    else:
        values.append(_scalar(rng, field, None, everything))


def _swap(values: Any, first: int, second: int, field: FieldDescriptor) -> None:
    if field.message_type is None:
        values[first], values[second] = values[second], values[first]
        return
    kept = type(values[first])()
    kept.CopyFrom(values[first])
    values[first].CopyFrom(values[second])
    values[second].CopyFrom(kept)


def _replace(rng: random.Random, message: Message, everything: list[Message]) -> None:
    """Another message of the same type from elsewhere in the model."""
    alike = [m for m in everything if type(m) is type(message) and m is not message]
    if alike:
        copy = type(message).FromString(rng.choice(alike).SerializeToString())
        message.CopyFrom(copy)


def _scalar(
    rng: random.Random, field: FieldDescriptor, value: Any, everything: list[Message]
) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING and field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(rng, value or b"")
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return _text(rng, field, everything)
    if kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return rng.choice(FLOATS) if rng.random() < 0.6 else rng.uniform(-10, 10)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return rng.choice(list(field.enum_type.values_by_number))
    limits = {
        FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    }
    low, high = limits.get(kind, (-(2**63), 2**63 - 1))
    wanted = rng.choice(INTEGERS) if rng.random() < 0.4 else (value or 0) + rng.randint(-3, 3)
    return min(max(int(wanted), low), high)


def _bytes(rng: random.Random, value: bytes) -> bytes:
    if rng.random() < 0.3:
        return rng.choice(BYTES)
    changed = bytearray(value)
    for _ in range(rng.randint(1, 3)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _text(rng: random.Random, field: FieldDescriptor, everything: list[Message]) -> str:
    if field.name == "op_type" and rng.random() < 0.8:
        return rng.choice(OPERATORS)
    # Names that exist elsewhere rewire the graph.
    names = [n for m in everything if isinstance(m, onnx.NodeProto) for n in (*m.input, *m.output)]
    return rng.choice(names) if names and rng.random() < 0.7 else rng.choice(TEXTS)
