"""The passes between the reader and the kernels, in their order, each with the reason for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codegen.ir.graph import Graph
from codegen.ir.verify import verify
from codegen.passes.ends import own_outputs
from codegen.passes.fully_connected_chains import fuse_chains
from codegen.passes.lowering import Lowering


@dataclass(frozen=True)
class Pass:
    """A step of the pipeline.

    Attributes:
        name: for dumps; files are named by it.
        run: the pass.
        why: the reason for its place among the others.
    """

    name: str
    run: Callable[[Graph, Lowering], Graph]
    why: str


PASSES = (
    Pass(
        "fully_connected_chains",
        fuse_chains,
        "first: it looks at who reads what, and the ends below may add readers",
    ),
    Pass(
        "own_outputs",
        own_outputs,
        "last: what earlier passes join or leave out decides which bytes an output shares",
    ),
)


def run_passes(graph: Graph, lowering: Lowering) -> Iterator[tuple[str, Graph]]:
    """Run all passes; yield name and graph after each, verified, the given graph first."""
    yield "read", verify(graph)
    for each in PASSES:
        graph = verify(each.run(graph, lowering))
        yield each.name, graph
