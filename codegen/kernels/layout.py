"""A chain's constants in the order in which the assembly reads them.

Four inputs form a quad of two pairs; two outputs share a halfword (`byte_split.py`); two such
output pairs form a duo. A duo of a quad is 16 bytes: pair a of both output pairs, then pair b.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from codegen.kernels import byte_split
from codegen.kernels.integer_layer import Int64Array, IntegerLayer
from codegen.kernels.requantize import IntegerConstants

# Which inputs of a quad form pair a, then pair b. UXTB16 takes every other byte of a word.
ADJACENT, ALTERNATE = (0, 1, 2, 3), (0, 2, 1, 3)
Pairs = tuple[int, int, int, int]


def _in_quads(layer: IntegerLayer, block: int, pairs: Pairs) -> Int64Array:
    """int64 [outputs, quads, 4]: zeros appended up to whole blocks and an even number of quads."""
    padding = ((0, -layer.outputs % block), (0, -layer.inputs % 8))
    weights = np.pad(layer.weights, padding)
    grouped: Int64Array = weights.reshape(len(weights), -1, 4)[:, :, pairs]
    return grouped


def quads(layer: IntegerLayer, block: int, pairs: Pairs) -> npt.NDArray[np.uint32]:
    """uint32 [duos, quads, 4]: all weights, outputs padded to `block`."""
    grouped = _in_quads(layer, block, pairs)
    outputs, count, _ = grouped.shape
    words = byte_split.words(replace(layer, weights=grouped.reshape(outputs, -1)))
    shaped = words.T.reshape(outputs // 4, 2, count, 2)
    ordered: npt.NDArray[np.uint32] = shaped.transpose(0, 2, 3, 1).reshape(outputs // 4, count, 4)
    return ordered


def squares(layer: IntegerLayer, block: int, pairs: Pairs) -> Int64Array:
    """int64 [padded outputs]: Σ w_a * w_b over the quads, what Winograd's product adds.

    (x_b + w_a) * (x_a + w_b) = w_a x_a + w_b x_b + x_a x_b + w_a w_b; S. Winograd, "A new algorithm
    for inner product", IEEE Transactions on Computers C-17 (1968).
    """
    grouped = _in_quads(layer, block, pairs)
    products: Int64Array = (grouped[:, :, :2] * grouped[:, :, 2:]).sum((1, 2))
    return products


def block_constants(
    layer: IntegerLayer,
    integers: IntegerConstants | None,
    block: int,
    winograd: Int64Array | None,
) -> bytes:
    """For each block of outputs: T and L of each output pair, then what requantizes them.

    Those are float32 multipliers, B's divided by 256 because its sum comes 256 times too large
    (exact: a power of two); or, where `integers` proved constants, M, M and the addend of A; the
    addend of B is part of T.
    """
    missing = (0, -layer.outputs % block)
    whole = replace(
        layer, weights=np.pad(layer.weights, (missing, (0, 0))), bias=np.pad(layer.bias, missing)
    )
    starts = byte_split.initial_sums(whole).astype(np.int64)
    if winograd is not None:
        starts[:, 1] -= winograd[0::2]
    if integers is None:
        scales = np.pad(layer.multipliers, missing).astype("<f4")
        scales[1::2] /= np.float32(256)
        tails = scales.view("<u4").astype(np.int64).reshape(-1, block)
    else:
        m = np.pad(integers.multipliers, missing).reshape(-1, 2)
        c = np.pad(integers.addends, missing).reshape(-1, 2)
        starts[:, 0] += c[:, 1]
        tails = np.stack([m[:, 0], m[:, 1], c[:, 0]], 1).reshape(-1, block // 2 * 3)
    rows = np.concatenate([starts.reshape(-1, block), tails], 1) & 0xFFFFFFFF
    return rows.astype("<u4").tobytes()
