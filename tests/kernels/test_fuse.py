"""Which layers become a chain: decided by the layers themselves, whatever they are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.ir.graph import Graph, Value, tensor
from codegen.ir.types import Quantization
from codegen.kernels.wanted import Kernels
from codegen.ops.softmax import Softmax
from codegen.plan import Plan, plan_network
from tests.kernels.networks import random_graph, random_inputs

SIZES = (16, 4, 16, 8)


def planned(names: tuple[str, ...], *, softmax: str = "") -> Plan:
    """16 → 4 → 16 → 8, whose middle layer has too few inputs to be packed; seeded.

    Args:
        names: of the layers; their outputs are called the same.
        softmax: name of a Softmax's output behind them; none without.
    """
    graph = random_graph(np.random.default_rng(9), SIZES)
    ops = list(graph.ops)
    value = graph.input
    for index, name in enumerate(names):
        output = Value(name, ops[index].output.type)
        ops[index] = replace(ops[index], name=name, inputs=(value,), outputs=(output,))
        value = output
    if softmax:
        output = tensor(softmax, value.shape, Quantization(np.float32(1 / 256), -128))
        ops.append(Softmax("softmax", (value,), (output,), axis=1))
        value = output
    calibration = random_inputs(np.random.default_rng(10), SIZES[0], 20, -128)
    return plan_network(
        Graph((graph.input,), (value,), tuple(ops), "names.onnx"), Kernels("auto", calibration)
    )


def choices(plan: Plan) -> list[tuple[str, str]]:
    """The kernel of each layer and why."""
    return [(layer.kernel, layer.why) for step in plan.steps for layer in step.lowered.layers]


DISTINCT = planned(("a", "b", "c"))


def test_only_the_layer_that_does_not_fit_is_portable() -> None:
    kernels = choices(DISTINCT)
    assert [kernel == "portable" for kernel, _ in kernels] == [False, True, False]
    assert kernels[1] == ("portable", "portable: fewer than 8 inputs")


@pytest.mark.parametrize("names", [("fc", "fc", "fc"), ("fc: 1", "fc", "fc: 1: 2"), ("", "", "")])
def test_names_change_no_choice(names: tuple[str, ...]) -> None:
    assert choices(planned(names)) == choices(DISTINCT)


def test_a_tensor_may_be_called_like_another() -> None:
    plan = planned(("a", "b", "c"), softmax="input")
    assert choices(plan)[:3] == choices(DISTINCT)
