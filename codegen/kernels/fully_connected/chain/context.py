"""What the templates need to know of a chain: sizes, offsets, the way of each member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from codegen.kernels.fully_connected.chain import direct_loop, quad_split
from codegen.kernels.fully_connected.chain.dense_quads import tail_quads
from codegen.kernels.fully_connected.chain.layout import CODE_PART, MAX_COPIES
from codegen.kernels.fully_connected.chain.plan import Chain, Member
from codegen.memory.places import Weights

# Unrolled code takes no more turns than these.
MAX_DENSE_UNROLL = 16
# The words that a turn of the quads moves on by fit an immediate: eight pairs of inputs.
MAX_QUADS_UNROLL = 2
# Bytes of four pairs of inputs of it: sixty instructions.
QUADS_STEP = 240
# Bytes of one turn of the dense loop by pairs, twenty-three instructions of four bytes; of a copy
# of the sparse loop.
DENSE_TURN, COPY = 92, 226


def context(
    chain: Chain,
    prefix: str,
    numbers: Sequence[int],
    constants: Sequence[Mapping[str, Weights]],
    regions: tuple[int, int],
) -> dict[str, Any]:
    """What the templates see of a chain.

    Args:
        prefix: of the symbols; a layer's number follows.
        numbers: of the chain's layers in their network.
        constants: where each member's lie, by key, all in one block of weights.
        regions: arena offsets of the chain's two regions, scratch and late.
    """
    scratch, late = regions
    layers = []
    for index, member in enumerate(chain.members):
        places = constants[index]
        (block,) = {place.block for place in places.values()}
        layers.append(
            {
                **_member(member, {key: place.offset for key, place in places.items()}),
                "block": block,
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
        },
        # Of bytes: whole groups of 16, and what is left; of pairs what fills up the last four.
        "groups": layer.inputs // 16,
        "rest": layer.inputs % 16,
        "rest_words": -(-(layer.inputs % 16) // 4),
        "padding_words": 4 * member.steps - member.pairs,
        "observed": _observed(member).tolist(),
    }
    return common | (_sparse(member, offsets) if member.sparse else _dense(member, offsets))


def _observed(member: Member) -> npt.NDArray[np.int64]:
    """Where each of the model's outputs stands; -1 - (byte + 128) for one that is always `byte`."""
    return np.where(member.places < 0, -129 - member.fixed.astype(np.int64), member.places)


def _sparse(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    layer = member.layer
    blocks = quad_split.blocks(layer)
    return {
        "blocks": blocks,
        "tail_outputs": layer.outputs % quad_split.BLOCK,
        "block_bytes": 16 if member.hidden else 8,
        # Bytes from the words of a pair of inputs to the next one's.
        "stride": 8 * quad_split.quads(layer),
        "copies": min(blocks, MAX_COPIES, max(1, layer.weights.size // CODE_PART // COPY)),
        "constants": offsets["constants"],
        "rows": offsets["rows"],
    }


def _dense(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    if member.choice.split == "quads":
        return _dense_quads(member, offsets)
    layer = member.layer
    rest = layer.outputs % 4
    turns = max(1, layer.weights.size // CODE_PART // DENSE_TURN)
    return {
        "blocks": layer.outputs // 4,
        "tail": (rest + 1) // 2,
        "tail_outputs": rest,
        "block_bytes": 8 if member.hidden else 4,
        "unroll": _divisor(member.steps, min(turns, MAX_DENSE_UNROLL)),
        "constants": offsets["stream"],
    }


def _dense_quads(member: Member, offsets: Mapping[str, int]) -> dict[str, Any]:
    layer = member.layer
    rest = layer.outputs % 8
    turns = max(1, layer.weights.size // CODE_PART // QUADS_STEP)
    most = min(turns, MAX_QUADS_UNROLL)
    whole = max(u for u in range(1, most + 1) if member.steps % u == 0)
    return {
        "blocks": layer.outputs // 8,
        "tail": (rest + 1) // 2,
        "tail_outputs": rest,
        "tail_quads": tail_quads(layer.outputs),
        "block_bytes": 16 if member.hidden else 8,
        # Whole turns only: the words move on once a turn.
        "unroll": direct_loop.unroll(layer) if member.direct else whole,
        "constants": offsets["stream"],
    }


def _divisor(turns: int, most: int) -> int:
    """How often to unroll: a divisor of the turns when a large one exists, else `most`.

    A loop whose turns are no multiple is entered in its middle, which costs a branch each time.
    """
    most = max(1, min(most, turns))
    best = max(u for u in range(1, most + 1) if turns % u == 0)
    return best if 2 * best >= most else most
