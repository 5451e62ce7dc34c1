"""Join fully connected layers that feed nothing but each other into chains with packed kernels."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.ir.graph import Graph, Op, Value
from codegen.kernels.fully_connected.chain.direct import plan_direct
from codegen.kernels.fully_connected.chain.operation import FullyConnectedChain, chain_of
from codegen.kernels.fully_connected.chain.plan import Chain, plan_chain
from codegen.ops.fully_connected import FullyConnected
from codegen.ops.reshape import Reshape
from codegen.passes.lowering import Lowering


def fuse_chains(graph: Graph, lowering: Lowering) -> Graph:
    """The graph with each run of fully connected layers as one operation where that is exact.

    A layer that no chain can take stays, and `lowering.refused` says why.
    """
    if lowering.kernels.wanted == "portable":
        return graph
    changes: dict[Op, tuple[Op, ...]] = {}
    for run in _runs(graph):
        if not lowering.target.packed_arithmetic:
            reason = f"{lowering.target.core} has no DSP extension with an FPU"
            lowering.refused.update(dict.fromkeys(run, reason))
            continue
        for layers, chain in _plan(run, lowering):
            for layer in layers[1:]:
                changes |= dict.fromkeys((*_above(graph, layer)[1],), ())
            # Where the run ends: all that it reads is there.
            changes |= dict.fromkeys(layers, ())
            changes[layers[-1]] = (chain_of(layers, chain),)
    return graph.rewritten(changes, {})


def layers_apart(graph: Graph, lowering: Lowering) -> dict[Op, tuple[Op, ...]]:
    """Of each chain all of whose layers can run by themselves, reading bytes where they are: these
    layers. They are slower, but need no scratch, and bytes between them take half as much."""
    if lowering.kernels.wanted not in ("auto", "small"):
        return {}
    chains = [op for op in graph.ops if isinstance(op, FullyConnectedChain)]
    found = {chain: _apart(chain) for chain in chains}
    return {chain: layers for chain, layers in found.items() if layers}


def _apart(chain: FullyConnectedChain) -> tuple[Op, ...]:
    layers: list[Op] = []
    value = chain.input
    for layer, member in zip(chain.fused, chain.chain.members, strict=True):
        assert isinstance(layer, FullyConnected)
        alone = plan_direct(layer, member.choice.cost)
        if alone is None:
            return ()
        # What a reshape between two layers made of it has the same bytes.
        layers.append(chain_of((layer.with_inputs((value,)),), alone))
        value = layer.output
    return tuple(layers)


def _runs(graph: Graph) -> list[list[FullyConnected]]:
    """Fully connected layers, each followed by those that alone read what it writes.

    Reshapes between two layers move no byte and do not part them.
    """
    runs: list[list[FullyConnected]] = []
    last: dict[Op, list[FullyConnected]] = {}
    for op in graph.ops:
        if not isinstance(op, FullyConnected):
            continue
        above, _ = _above(graph, op)
        run = None if above is None else last.pop(above, None)
        if run is None:
            run = []
            runs.append(run)
        run.append(op)
        last[op] = run
    return runs


def _above(graph: Graph, layer: FullyConnected) -> tuple[Op | None, list[Op]]:
    """The operation whose output only `layer` sees, and the reshapes that lie between them."""
    views: list[Op] = []
    value: Value = layer.input
    user: Op = layer
    while graph.only_user(value) is user:
        above = graph.producer(value)
        if not isinstance(above, Reshape):
            return above, views
        views.append(above)
        value, user = above.input, above
    return None, []


def _plan(
    run: Sequence[FullyConnected], lowering: Lowering
) -> list[tuple[Sequence[FullyConnected], Chain]]:
    """One chain for the whole run, or for the parts of it that a chain can take."""
    if not run:
        return []
    activity = None
    if lowering.activity:
        values = (run[0].input, *(layer.output for layer in run))
        activity = [lowering.activity[value].reshape(-1, value.size) for value in values]
    found = plan_chain(run, activity, lowering.kernels.wanted)
    if isinstance(found, Chain):
        return [(run, found)]
    # Only the layer that does not fit stays portable.
    before, after = run[: found.layer], run[found.layer + 1 :]
    lowering.refused[run[found.layer]] = found.reason
    return [*_plan(before, lowering), *_plan(after, lowering)]
