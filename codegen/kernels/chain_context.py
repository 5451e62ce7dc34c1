"""What the assembly templates need to know of a chain: sizes, offsets, the way of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegen.kernels.chain import Chain, pair_layout
from codegen.kernels.layout import ALTERNATE

# Largest unrolling of the dense inner loop, in pairs of quads: 25 instructions each.
MAX_DENSE_UNROLL = 8
# List entries in one turn of the sparse inner loop; a power of two.
UNROLL = 4


def context(chain: Chain, index: int, offsets: Mapping[str, int], scratch: int) -> dict[str, Any]:
    """What the templates see of a chain.

    Args:
        index: number of the chain's step in its network.
        offsets: of the chain's constants in the weights array, by key.
        scratch: arena offset of the chain's bytes.
    """
    stages = [_stage(chain, i, offsets, scratch) for i in range(len(chain.stages))]
    sizes = " - ".join(str(n) for n in (stages[0]["inputs"], *(s["outputs"] for s in stages)))
    sparse = [stage["blocks"] for stage in stages if stage["kernel"] != "dense"]
    return {
        "index": index,
        "stages": stages,
        "title": f"Fully connected layers {sizes}.",
        # Blocks of eight outputs that the sparse layers share.
        "blocks": max(sparse, default=0),
        "chunk_quads": chain.chunk_quads,
        "unroll": UNROLL,
    }


def _stage(chain: Chain, index: int, offsets: Mapping[str, int], scratch: int) -> dict[str, Any]:
    stage = chain.stages[index]
    following = chain.stages[index + 1] if stage.hidden else None
    layer, stride = stage.layer, 16 * stage.duos
    quarter = stride // 4
    target = "bytes" if following is None else "list" if following.reads_list else "pairs"
    return {
        "index": index,
        "name": stage.name,
        "kernel": stage.choice.kernel,
        "why": stage.choice.why,
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "quads": stage.quads,
        "duos": stage.duos,
        "block": stage.block,
        "blocks": stage.duos * 4 // stage.block,
        "stride": stride,
        # log2 of stride / 4, when that is a power of two.
        "quarter_power": quarter.bit_length() - 1 if quarter & (quarter - 1) == 0 else None,
        "unroll": UNROLL,
        "dense_unroll": _dense_unroll(stage.quads // 2),
        "limit": stage.choice.limit,
        "base": layer.base,
        "base_pattern": f"0x{(layer.base % 256) * 0x01010101:08X}",
        "base_to_128": f"0x{(layer.base + 128) % 256 * 0x01010101:08X}",
        "alternate": pair_layout(stage, first=index == 0) == ALTERNATE,
        "integer": stage.integers is not None,
        "shift": None if stage.integers is None else stage.integers.shift,
        # Added to the rounded product before saturation: outputs are made as y + 128.
        "offset": layer.zero_point + 128,
        "target": target,
        "buffer": scratch + chain.buffers[index],
        "spill": scratch + chain.spill,
        # Bytes from a chunk of quads to the next one, and from its first quad to its second.
        "chunk": 2 * stride,
        "second": stride if chain.chunk_quads == 1 else 16,
        "next_chunk": 0 if following is None else 32 * following.duos,
        "next_second": (
            0 if following is None else 16 * following.duos if chain.chunk_quads == 1 else 16
        ),
        "next_quads": 0 if following is None else following.quads,
        "next_buffer": 0 if following is None else scratch + chain.buffers[index + 1],
        "next_weights_offset": 0 if following is None else offsets[f"weights_{index + 1}"],
        "constants_offset": offsets[f"constants_{index}"],
        "weights_offset": offsets[f"weights_{index}"],
        "squares_offset": offsets.get(f"squares_{index}", 0),
    }


def _dense_unroll(turns: int) -> int:
    """The largest number of turns up to the maximum that divides all turns of the loop."""
    return max(u for u in range(1, MAX_DENSE_UNROLL + 1) if turns % u == 0)
