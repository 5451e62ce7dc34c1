"""Passes that every network goes through when it is read, whatever processor it is for.

What they leave is the network: its identity, its reference, the order of its bytes at the ends.
"""

from __future__ import annotations

from collections.abc import Callable

from codegen.ir.graph import Graph
from codegen.ir.verify import verify

NORMALIZE: tuple[Callable[[Graph], Graph], ...] = ()


def normalize(graph: Graph) -> Graph:
    """The graph after all of `NORMALIZE`, each verified."""
    verify(graph)
    for each in NORMALIZE:
        graph = verify(each(graph))
    return graph
