"""What the templates need to know of a chain: sizes, offsets, the way of each member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from codegen.kernels.fully_connected.chain.choose import limit
from codegen.kernels.fully_connected.chain.dense_quads import tail_quads
from codegen.kernels.fully_connected.chain.layout import WIDTH, rest_width
from codegen.kernels.fully_connected.chain.plan import Chain, Member

# Unrolled code may take this part of the weights that it reads, and no more turns than these.
CODE_PART = 8
MAX_SPARSE_UNROLL, MAX_DENSE_UNROLL = 16, 16
# The words that a turn of the quads moves on by fit an immediate: eight pairs of inputs.
MAX_QUADS_UNROLL = 2
# Bytes of four pairs of inputs of it: sixty instructions.
QUADS_STEP = 240
# Bytes of one turn: thirteen instructions of four bytes; twelve; twenty-three.
SPARSE_TURN, BOUND_TURN, DENSE_TURN = 52, 48, 92


def context(
    chain: Chain,
    prefix: str,
    numbers: Sequence[int],
    offsets: Sequence[Mapping[str, int]],
    regions: tuple[int, int],
) -> dict[str, Any]:
    """What the templates see of a chain.

    Args:
        prefix: of the symbols; a layer's number follows.
        numbers: of the chain's layers in their network.
        offsets: of each member's constants in their block of weights, by key.
        regions: arena offsets of the chain's two regions, scratch and late.
    """
    scratch, late = regions
    layers = []
    for index, member in enumerate(chain.members):
        layers.append(
            {
                **_member(member, offsets[index]),
                "symbol": f"{prefix}_{numbers[index]}",
                "number": numbers[index],
                "scratch": scratch,
                "reads": None if member.first else late + chain.outputs[index - 1],
                "writes": late + chain.outputs[index] if member.hidden else None,
            }
        )
    stack = max(member.stack for member in chain.members)
    return {"layers": layers, "stack": stack}


def _member(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    layer = member.layer
    common = {
        "name": member.name,
        "kernel": member.choice.kernel,
        "split": member.choice.split,
        "title": f"{member.name}: {layer.inputs} -> {layer.outputs}",
        "why": member.choice.why,
        "source": "bytes" if member.first else "pairs",
        "target": "pairs" if member.hidden else "bytes",
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "pairs": member.pairs,
        "steps": member.steps,
        "stack": member.stack,
        "base": layer.base,
        "odd": bool(layer.outputs % 2),
        "requantize": {
            "integer": member.integers is not None,
            "shift": 0 if member.integers is None else member.integers.shift,
            # Saturation to 8 bits cuts at the largest output byte, a saturating subtraction at
            # the smallest.
            "offset": layer.zero_point + 128 + (127 - layer.high),
            "floor": layer.low + 128 + (127 - layer.high),
            "low": layer.low,
            # Two negative sums are two outputs of zero: a test that pays for units that ReLU
            # switches off.
            "skip": _skips(member),
        },
        # Of the source: whole groups of 16 bytes or four pairs, and what is left.
        "groups": layer.inputs // 16 if member.first else member.pairs // 4,
        "rest": layer.inputs % 16 if member.first else 0,
        "rest_words": -(-(layer.inputs % 16) // 4) if member.first else member.pairs % 4,
        "observed": _observed(member).tolist(),
    }
    return common | (_sparse(member, offsets) if member.sparse else _dense(member, offsets))


def _observed(member: Member) -> npt.NDArray[np.int64]:
    """Where each of the model's outputs stands; -1 - (byte + 128) for one that is always `byte`."""
    return np.where(member.places < 0, -129 - member.fixed.astype(np.int64), member.places)


def _skips(member: Member) -> bool:
    layer = member.layer
    relu = (layer.zero_point, layer.low, layer.high) == (-128, -128, 127)
    return member.sparse and member.hidden and member.integers is None and relu


def _sparse(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    layer, capacity = member.layer, member.choice.capacity
    rest = layer.outputs % 8
    room = layer.weights.size // CODE_PART // SPARSE_TURN
    unroll = _power_of_two(min(room, int(member.choice.entries / 2)))
    bound = max(1, layer.weights.size // CODE_PART // BOUND_TURN)
    left = (rest + 1) // 2
    width = rest_width(left)
    return {
        "blocks": layer.outputs // 8,
        "tail": left,
        "tail_outputs": rest,
        # How far a whole block's distance between pairs of inputs is shifted for the tail's.
        "tail_shift": 0 if width == 0 else (WIDTH // width).bit_length() - 1,
        "block_bytes": 16 if member.hidden else 8,
        "capacity": capacity,
        "limit": limit(layer.inputs, capacity) if capacity else 0,
        "unroll": unroll,
        "unroll_bits": unroll.bit_length() - 1,
        "bound_unroll": _divisor(member.pairs, min(bound, MAX_DENSE_UNROLL)),
        "constants": offsets["constants"],
        "rows": offsets["rows"],
    }


def _dense(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    if member.choice.split == "quads":
        return _dense_quads(member, offsets)
    layer = member.layer
    rest = layer.outputs % 4
    room = max(1, layer.weights.size // CODE_PART // DENSE_TURN)
    return {
        "blocks": layer.outputs // 4,
        "tail": (rest + 1) // 2,
        "tail_outputs": rest,
        "block_bytes": 8 if member.hidden else 4,
        "padding_words": 4 * member.steps - member.pairs,
        "capacity": 0,
        "unroll": _divisor(member.steps, min(room, MAX_DENSE_UNROLL)),
        "constants": offsets["stream"],
    }


def _dense_quads(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    layer = member.layer
    rest = layer.outputs % 8
    room = max(1, layer.weights.size // CODE_PART // QUADS_STEP)
    most = min(room, MAX_QUADS_UNROLL)
    return {
        "blocks": layer.outputs // 8,
        "tail": (rest + 1) // 2,
        "tail_outputs": rest,
        "tail_quads": tail_quads(layer.outputs),
        "block_bytes": 16 if member.hidden else 8,
        "padding_words": 4 * member.steps - member.pairs,
        "capacity": 0,
        # Whole turns only: the words move on once a turn.
        "unroll": max(u for u in range(1, most + 1) if member.steps % u == 0),
        "constants": offsets["stream"],
    }


def _power_of_two(room: int) -> int:
    """The largest unrolling from 2 that fits the room."""
    unroll = 2
    while unroll < MAX_SPARSE_UNROLL and 2 * unroll <= room:
        unroll *= 2
    return unroll


def _divisor(turns: int, most: int) -> int:
    """How often to unroll: a divisor of the turns when a large one exists, else `most`.

    A loop whose turns are no multiple is entered in its middle, which costs a branch each time.
    """
    most = max(1, min(most, turns))
    best = max(u for u in range(1, most + 1) if turns % u == 0)
    return best if 2 * best >= most else most
