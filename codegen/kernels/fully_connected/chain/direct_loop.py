"""The loop of a dense layer that reads bytes: how often it is unrolled, and what it takes.

Four inputs times eight outputs are 31 instructions and 16 cycles by both models; a turn ends with
the question whether inputs are left, which the next word has to wait for
(templates/ops/fully_connected_direct.S.j2).
"""

from __future__ import annotations

from codegen.kernels.fully_connected.chain import dense_quads
from codegen.kernels.fully_connected.chain.layout import CODE_PART, DIRECT_STEP
from codegen.kernels.integer_layer import IntegerLayer

# Bytes of four inputs in a turn, and most fours of one.
STEP_BYTES, MAX_UNROLL = 124, 4
# Cycles of four inputs times eight outputs, or the last four; the end of a turn of an even number
# of them, and of an odd one; a block of outputs; an input that is summed, and what begins it.
FOUR, LAST_FOUR, END, ODD_END, BLOCK, BYTE, BEGIN = 16.0, 12.5, 3.5, 4.5, 65.0, 0.9, 40.0
# Instructions of the same.
FOUR_INSTRUCTIONS, LAST_FOUR_INSTRUCTIONS, END_INSTRUCTIONS = 31.0, 21.0, 5.0
BLOCK_INSTRUCTIONS, BYTE_INSTRUCTIONS, BEGIN_INSTRUCTIONS = 85.0, 0.9, 35.0


def unroll(layer: IntegerLayer) -> int:
    """Fours of inputs in a turn: all turns are whole, and the code is a part of the weights."""
    most = min(MAX_UNROLL, max(1, layer.weights.size // CODE_PART // STEP_BYTES))
    return max(u for u in range(1, most + 1) if layer.inputs // DIRECT_STEP % u == 0)


def cost(layer: IntegerLayer) -> float:
    """Estimated cycles."""
    end = ODD_END if unroll(layer) % 2 else END
    return _sum(layer, (FOUR, end, LAST_FOUR, BLOCK, BYTE, BEGIN))


def instructions(layer: IntegerLayer) -> float:
    """Estimated instructions, as an emulator counts them."""
    end = END_INSTRUCTIONS + unroll(layer) % 2
    counts = (FOUR_INSTRUCTIONS, end, LAST_FOUR_INSTRUCTIONS)
    return _sum(layer, (*counts, BLOCK_INSTRUCTIONS, BYTE_INSTRUCTIONS, BEGIN_INSTRUCTIONS))


def _sum(layer: IntegerLayer, parts: tuple[float, float, float, float, float, float]) -> float:
    four, end, last_four, block, byte, begin = parts
    fours, quads = layer.inputs // DIRECT_STEP, dense_quads.tail_quads(layer.outputs)
    blocks = layer.outputs // 8 + (quads == 2)
    found = begin + byte * layer.inputs
    found += blocks * (fours * four + fours // unroll(layer) * end + block)
    return found + (fours * last_four + block if quads == 1 else 0.0)
