"""Seeded damage to the bytes of a file."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


def mutate_bytes(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """One change.

    Args:
        corpus: what pieces of other files are taken from.
    """
    return rng.choice(_CHANGES)(rng, data, corpus)


def _flip(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(max(1, len(data)))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))] if data else []) + data[at + 1 :]


def _overwrite(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    new = rng.randbytes(rng.randint(1, 8)) if rng.random() < 0.7 else b"\xff" * rng.randint(1, 10)
    return data[:at] + new + data[at + len(new) :]


def _cut(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + (b"" if rng.random() < 0.5 else data[at + rng.randint(1, 40) :])


def _repeat(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at, size = rng.randrange(len(data) + 1), rng.randint(1, 60)
    return data[:at] + data[at : at + size] * rng.choice((2, 3, 50)) + data[at + size :]


def _splice(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    other = rng.choice(corpus)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]


_CHANGES: Sequence[Callable[[random.Random, bytes, Sequence[bytes]], bytes]] = (
    _flip,
    _overwrite,
    _cut,
    _repeat,
    _splice,
)
