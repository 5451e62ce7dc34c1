"""A dense layer by itself that needs no bytes beside its input and its output.

A chain keeps inputs as int16 pairs, twice their bytes, and what its layers hand on as well. Here
each four inputs are widened in registers whenever a block of outputs reads them, two instructions
more for 32 multiply-accumulates, and outputs are bytes. The split is that of `quad_split.py`, exact
for every input byte; outputs stay in the model's order, so that no pairing is chosen.
"""

from __future__ import annotations

import numpy as np

from codegen.kernels.folding import integer_layer, rebase
from codegen.kernels.fully_connected.chain import dense_quads, direct_loop
from codegen.kernels.fully_connected.chain.choose import Choice
from codegen.kernels.fully_connected.chain.layout import DIRECT_STEP
from codegen.kernels.fully_connected.chain.plan import Chain, Member, obstacle, unknown
from codegen.kernels.fully_connected.chain.requantize import Search, search
from codegen.ops.fully_connected import FullyConnected

_WHY = "by itself, inputs widened in registers to save memory"


def plan_direct(node: FullyConnected, instead: float) -> Chain | None:
    """A chain of this layer alone, which reads bytes as they are; None: it cannot.

    Args:
        instead: estimated cycles of the layer where it is now.
    """
    if unknown(node) or node.columns % DIRECT_STEP:
        return None
    # Widened as signed bytes: the byte 0 counts as zero.
    layer = rebase(integer_layer(node), 0)
    if obstacle(layer) or not dense_quads.is_exact(layer):
        return None
    result = search(layer) if layer.high == 127 else Search(None, 0)
    member = Member(
        name=node.name,
        layer=layer,
        integers=result.constants,
        found=result.found,
        choice=Choice("direct", _WHY, cost=direct_loop.cost(layer)),
        reads=np.arange(layer.inputs),
        first=True,
        hidden=False,
        places=np.arange(layer.outputs),
        fixed=np.zeros(layer.outputs, np.int8),
    )
    return Chain((member,), 0, 0, (), instead)
