"""Seeded damage to a .tflite file: to its bytes, to its offsets, or to the fields of its tables."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.fuzz.mutate import FLOATS, INTEGERS, TEXTS
from tests.fuzz.mutate_bytes import mutate_bytes

WORDS = (0, 1, 3, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC, 0x10000)
# What fields of a table hold: the object API has no types at run time.
_Table = Any
_TYPES = sorted(v for v in vars(schema.TensorType).values() if isinstance(v, int))
_OPERATORS = sorted(v for v in vars(schema.BuiltinOperator).values() if isinstance(v, int))
_OPTIONS = sorted(v for v in vars(schema.BuiltinOptions).values() if isinstance(v, int))


def mutate(corpus: Sequence[bytes], key: str) -> bytes:
    """A damaged file of `corpus`, the same for the same key."""
    rng = random.Random(key)
    whole = rng.choice(corpus)
    data = _damaged(rng, whole, corpus)
    while data == whole:  # a word, or a field of a table, became what it was
        data = _word(rng, whole)
    return data


def _damaged(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """One or several words, bytes or tables changed."""
    if rng.random() < 0.25:
        for _ in range(rng.randint(1, 3)):
            data = _word(rng, data) if rng.random() < 0.6 else mutate_bytes(rng, data, corpus)
        return data
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        _mutate_table(rng, model)
    try:
        builder = flatbuffers.Builder(len(data))
        builder.Finish(model.Pack(builder), b"TFL3")
        data = bytes(builder.Output())
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError, struct.error):
        return _word(rng, data)  # nobody can write such a table
    return _word(rng, data) if rng.random() < 0.05 else data


def _word(rng: random.Random, data: bytes) -> bytes:
    """Another word where offsets, lengths and fields may lie."""
    at = rng.randrange(max(1, len(data) // 4)) * 4
    (old,) = struct.unpack_from("<I", data.ljust(at + 4, b"\0"), at)
    new = rng.choice(WORDS) if rng.random() < 0.5 else old + rng.randint(-8, 8)
    return data[:at] + struct.pack("<I", new & 0xFFFFFFFF) + data[at + 4 :]


def tables(root: _Table) -> Iterator[_Table]:
    """`root` and every table below it."""
    yield root
    for value in vars(root).values():
        for child in value if isinstance(value, list) else [value]:
            if hasattr(child, "__dict__"):
                yield from tables(child)


def _mutate_table(rng: random.Random, model: _Table) -> None:
    """Change a field of a table, mostly of an operator, of its options, or of a tensor."""
    everything = list(tables(model))
    likely = [t for t in everything if type(t).__name__ not in ("ModelT", "MetadataT", "BufferT")]
    table = rng.choice(likely if rng.random() < 0.85 else everything)
    name = rng.choice(sorted(vars(table)))
    old = getattr(table, name)
    setattr(table, name, _other(rng, name, old, everything))


def _other(rng: random.Random, name: str, old: Any, everything: list[_Table]) -> Any:
    """Another value of a field."""
    if isinstance(old, np.ndarray):
        return _other_array(rng, old)
    if isinstance(old, list):
        return _other_list(rng, old)
    if isinstance(old, bytes | str):
        return rng.choice(TEXTS)
    if isinstance(old, bool):
        return not old
    if isinstance(old, float):
        return rng.choice(FLOATS) if rng.random() < 0.6 else old * rng.uniform(-2, 2)
    if isinstance(old, int):
        return _other_integer(rng, name, old)
    alike = [t for t in everything if type(t) is type(old) and t is not old]
    return rng.choice(alike) if alike and rng.random() < 0.7 else None


def _other_integer(rng: random.Random, name: str, old: int) -> int:
    known = {"type": _TYPES, "builtinCode": _OPERATORS, "builtinOptionsType": _OPTIONS}
    if name in known and rng.random() < 0.8:
        return rng.choice(known[name])
    return rng.choice(INTEGERS) if rng.random() < 0.3 else old + rng.randint(-2, 3)


def _other_list(rng: random.Random, old: list[Any]) -> list[Any]:
    """Without one, with one twice, or in another order."""
    new = list(old)
    at = rng.randrange(len(new)) if new else 0
    if new and rng.random() < 0.4:
        del new[at]
    elif new and rng.random() < 0.5:
        new.insert(rng.randrange(len(new) + 1), new[at])
    else:
        rng.shuffle(new)
    return new


def _other_array(rng: random.Random, old: Any) -> Any:
    """Other numbers, more or fewer of them."""
    new = old.copy()
    if rng.random() < 0.25:
        return new[: rng.randrange(len(new) + 1)]
    if rng.random() < 0.25 or not len(new):
        return np.append(new, new[:1] if len(new) else [0]).astype(old.dtype)
    at = rng.randrange(len(new))
    with np.errstate(all="ignore"):
        if new.dtype.kind == "f":
            new[at] = rng.choice(FLOATS)
        else:
            wanted = (
                rng.choice(INTEGERS) if rng.random() < 0.4 else int(new[at]) + rng.choice((-1, 1))
            )
            limits = np.iinfo(new.dtype)
            new[at] = min(max(wanted, int(limits.min)), int(limits.max))
    return new
