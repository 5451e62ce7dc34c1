"""Replace runs of fully connected layers in a plan by chains with fast kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from codegen.graph import Graph, Int8Array, Node
from codegen.kernels.chain import Chain, Obstacle, Stage, constants, plan_chain
from codegen.operator import Fused, LayerPlan
from codegen.ops.fully_connected import FullyConnected
from codegen.reference import layers as run_layers

WANTED = ("auto", "portable", "dense", "sparse")
STEM = "fully_connected_chain"
# Calibration inputs beyond this many tell nothing new.
MAX_SAMPLES = 2000


@dataclass(frozen=True)
class Kernels:
    """Which kernels a network shall have.

    Attributes:
        wanted: one of `WANTED`.
        calibration: int8 [N, input size], typical inputs, or None.
    """

    wanted: str = "portable"
    calibration: Int8Array | None = None


def fuse(graph: Graph, plans: Sequence[LayerPlan], kernels: Kernels) -> list[LayerPlan]:
    """Plans with each run of fully connected layers as one chain where that is exact.

    A layer that no chain can take keeps its portable kernel; its plan says why.
    """
    if kernels.wanted == "portable":
        return list(plans)
    typical = _activity(graph, kernels.calibration)
    fused: list[LayerPlan] = []
    run: list[LayerPlan] = []
    for plan in plans:
        if isinstance(plan.node, FullyConnected):
            run.append(plan)
            continue
        fused += _fuse_run(run, typical, kernels.wanted)
        run = []
        fused.append(plan)
    return fused + _fuse_run(run, typical, kernels.wanted)


# What a node reads and writes for calibration inputs, int8 [samples, size] each, by the node's
# identity: names are the model's to choose, and nodes hold arrays, which have no hash.
Activity = dict[int, tuple[Int8Array, Int8Array]]


def _activity(graph: Graph, inputs: Int8Array | None) -> Activity:
    """Every node's values for the calibration inputs."""
    if inputs is None or not len(inputs):
        return {}
    current = np.ascontiguousarray(inputs[:MAX_SAMPLES])
    found = {}
    for node, values in run_layers(graph, current):
        found[id(node)] = current, values
        current = values
    return found


def _fuse_run(run: Sequence[LayerPlan], typical: Activity, wanted: str) -> list[LayerPlan]:
    """One chain for the whole run, or for the parts of it that a chain can take."""
    if not run:
        return []
    nodes = [plan.node for plan in run if isinstance(plan.node, FullyConnected)]
    activity = None
    if typical:
        activity = [typical[id(nodes[0])][0], *(typical[id(n)][1] for n in nodes)]
    chain = plan_chain(nodes, activity, wanted)
    if isinstance(chain, Obstacle):
        # Only the layer that does not fit stays portable.
        before, after = run[: chain.layer], run[chain.layer + 1 :]
        alone = replace(run[chain.layer], why=f"portable: {chain.reason}")
        return [*_fuse_run(before, typical, wanted), alone, *_fuse_run(after, typical, wanted)]
    return [_chain_plan(chain, nodes)]


def _chain_plan(chain: Chain, nodes: Sequence[FullyConnected]) -> LayerPlan:
    blocks = constants(chain)
    parts = []
    for index, (stage, node) in enumerate(zip(chain.stages, nodes, strict=True)):
        size = sum(len(b.data) for b in blocks if b.key.rpartition("_")[2] == str(index))
        why = f"{stage.choice.why}; {_requantization(stage)}"
        removed = int((stage.places < 0).sum())
        if removed:
            why = f"{why}; {removed} constant neurons left out"
        parts.append(Fused(node, stage.choice.kernel, why, size))
    whole = Node(" + ".join(n.name for n in nodes), nodes[0].input, nodes[-1].output)
    return LayerPlan(
        whole,
        STEM,
        "chain",
        "consecutive fully connected layers share packed values",
        blocks,
        chain.scratch,
        {"chain": chain},
        tuple(parts),
        chain.late,
    )


def _requantization(stage: Stage) -> str:
    """How a stage requantizes, and why not by integers alone."""
    if stage.integers is not None:
        return "requantized by proven integers"
    return f"requantized in float32: integers fit {stage.found} of {stage.layer.outputs} outputs"
