"""The benchmark of convolutional networks: what other runtimes get, how layers are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.reader.qdq import read_graph
from device.bench.counter import Machine, Mark
from device.bench.graph import ConvNetwork
from device.bench.graph import read_graph as read_arrays
from device.bench.ours import build, command, observed
from device.bench.peers import Peer
from device.bench.peers import build as build_peer
from device.bench.steps import Step, _steps, emx_costs, node_costs, our_steps
from support.errors import UserError
from support.files import read_json
from tests.codegen.models import QdqModel
from tests.codegen.oracle import stored_inputs
from tests.codegen.shapes import Shaped

HERE = Path(__file__).parent
# In the test's folder stands a peer that computes every kind of node.
PEER = Peer("test", str(HERE / "graph_peer.c"), "", "bytes", lambda model, folder: ([], []))


def every_kind() -> QdqModel:
    """A network with every kind of node: odd sizes, strides, pads, a skip."""
    net = Shaped(3, 9, 7).conv(5, (3, 2), 2, (1, 0, 2, 1)).depthwise().conv(8)
    skipped = net.value
    net.pointwise(8, relu=False).added(skipped, relu=True).depthwise(2).pool()
    net.pool("AveragePool", (1, 1))
    return net.head(8, 6, 4, softmax=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the network, its arrays, inputs, and the reference's bytes of every layer."""
    folder = tmp_path_factory.mktemp("bench")
    model = every_kind().save(folder / "net.onnx")
    command("codegen", "export", "--graph", "--model", model, "--out", folder / "graph.npz")
    np.savez(folder / "in.npz", inputs=stored_inputs(read_graph(model), 3, 6))
    words = ("--inputs", folder / "in.npz", "--out", folder / "reference.npz")
    command("codegen", "reference", "--model", model, *words)
    return folder


@pytest.fixture(scope="module")
def network(folder: Path) -> ConvNetwork:
    return read_arrays(folder / "graph.npz", macs=1)


def values(folder: Path, network: ConvNetwork) -> list[np.ndarray]:
    with np.load(folder / "reference.npz") as arrays:
        layers = [arrays[f"layer_{i}"] for i in range(len(network.nodes))]
        return [arrays["inputs"], *layers]


def test_arrays_and_structures_say_what_the_network_computes(
    folder: Path, network: ConvNetwork
) -> None:
    """Each node of another program, from the reference's inputs: all bytes but exact ties."""
    assert {node.sizes["kind"] for node in network.nodes} == set(range(6))
    elf = build_peer(PEER, folder / "net.onnx", folder / "peer", "-I", str(HERE))
    told = node_costs(elf, network, values(folder, network), folder)
    assert list(told) == [node.name for node in network.nodes]
    for name, found in told.items():
        assert found["most"] <= 1 and found["equal"] >= 0.995 * found["bytes"], name
        assert found["instructions"] > found["bytes"] / 6


def test_what_is_live_at_once(network: ConvNetwork) -> None:
    """The skip lives while the convolution beside it runs."""
    names = [node.sizes["kind"] for node in network.nodes]
    at = names.index(5)
    skip, made, total = (network.nodes[at].sizes[key] for key in ("second", "first", "output"))
    assert network.live(at) == sum(network.values[v] for v in {skip, made, total})
    assert network.live(at - 1) == network.values[skip] + network.values[made]
    assert network.live(0) == network.values[0] + network.values[1]


def test_other_networks_are_refused_by_name(tmp_path: Path) -> None:
    net = Shaped(2, 4, 4)
    model = net.then("Sigmoid").qdq(1 / 256, -128).save(tmp_path / "net.onnx")
    with pytest.raises(UserError, match=r"node 'sigmoid_\d' is none of conv, depthwise"):
        command("codegen", "export", "--graph", "--model", model, "--out", tmp_path / "x.npz")


def test_every_layer_of_ours_has_its_instructions(folder: Path) -> None:
    """Layers and what is beside them are the whole run; a layer's own count is the same alone."""
    model = folder / "net.onnx"
    elf = build(model, "auto", None, folder / "auto")
    manifest = read_json(folder / "auto" / "network_manifest.json")
    value = np.load(folder / "reference.npz")["inputs"][0]
    steps = our_steps(observed(folder / "auto"), value, folder, estimated=True)
    covered = [i for step in steps for i in range(step.first, step.last + 1)]
    assert covered == list(range(len(manifest["layers"])))
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))
    whole = int(machine.count("bench_run", value[np.newaxis], 1)[1][0])
    rest = whole - sum(step.size for step in steps)
    assert 0 < rest < 700
    assert all(step.estimate and step.estimate["instructions"] == step.size for step in steps)


def test_layers_in_one_pass_are_one_step() -> None:
    told = [(0, False, 10), (0, True, 15), (1, False, 20), (1, True, 900)]
    told += [(2, False, 950), (2, True, 990)]
    marks = [Mark(layer, after=after, instructions=at) for layer, after, at in told]
    assert _steps(marks) == [Step(0, 1, 20, 880), Step(2, 2, 950, 40)]


def test_functions_of_nodes_belong_to_layers() -> None:
    """What makes floats belongs to the layer behind, what makes bytes to the one before."""
    functions = {
        "model": 5,
        "node0_quantizelinear_0": 1,
        "node1_dequantizelinear_1": 10,
        "node2_conv_2.constprop.0": 100,
        "node3_relu_3": 1_000,
        "node4_quantizelinear_4": 10_000,
        "node10_dequantizelinear_10": 100_000,
        "node11_gemm_11": 1_000_000,
    }
    assert emx_costs(functions, ["conv_2", "gemm_11"]) == {"conv_2": 11_111, "gemm_11": 1_100_000}
