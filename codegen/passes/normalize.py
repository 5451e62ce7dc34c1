"""Passes that every network goes through when it is read, whatever processor it is for.

What they leave is the network: its identity, its reference, the order of its bytes at the ends.
"""

from __future__ import annotations

from collections.abc import Callable

from codegen.ir.graph import Graph
from codegen.ir.verify import verify
from codegen.passes.folding import fold_clamps, fold_pads
from codegen.passes.layout import channels_last, columns_in_order

NORMALIZE: tuple[Callable[[Graph], Graph], ...] = (
    # Before the layout: what they leave out needs none.
    fold_pads,
    fold_clamps,
    channels_last,
    # After it: it looks for the changes of order that the first has made.
    columns_in_order,
)


def normalize(graph: Graph) -> Graph:
    """The graph after all of `NORMALIZE`, each verified."""
    verify(graph)
    for each in NORMALIZE:
        graph = verify(each(graph))
    return graph
