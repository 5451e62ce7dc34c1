"""Convolutional networks for the benchmark: beside other runtimes, layer by layer and in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.bench.counter import Machine
from device.bench.estimate import CONVOLUTIONS, Estimate, summed
from device.bench.goals import CMSIS_NN, EMX, OURS, PLAIN
from device.bench.graph import ConvNetwork, read_graph
from device.bench.measure import Inputs, measure, start
from device.bench.ours import build as build_ours
from device.bench.ours import command, observed
from device.bench.peers import CONV_PEERS
from device.bench.peers import build as build_peer
from device.bench.steps import Step, emx_costs, node_costs, our_steps
from support.files import read_json
from support.progress import Progress

Int8Array = npt.NDArray[np.int8]
TESTS, SEED, FEW = 4, 5, 2
# Networks that are measured with tables of expanded weights, too, and bytes of RAM for these.
TABLES = {"ic": 256 << 10}
# Which kernels, the option of the compiler for them, the runtime's name in the figures.
_WITH_TABLES = ("tables", "-O2", OURS, "nn2flash, tables")
_KINDS = (
    ("auto", "-O2", OURS, "nn2flash, kernels=auto"),
    ("small", "-O2", OURS, "nn2flash, kernels=small"),
    ("portable", "-O3", PLAIN, "plain C: nn2flash, kernels=portable, -O3"),
)


def bench(model: Path, title: str, work: Path) -> dict[str, Any]:
    """Everything about one network, as JSON.

    Args:
        work: a folder to build in.
    """
    folder = work / model.stem
    model, folder = model.resolve(), folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    inputs, layers = _inputs(model, folder)
    few = inputs.first(FEW)
    allowed = TABLES.get(model.stem, 0)
    kinds = (*_KINDS, _WITH_TABLES) if allowed else _KINDS
    progress = Progress(title, len(kinds) + len(CONV_PEERS))
    costs, steps, manifests, network = [], {}, {}, None
    for kernels, speed, runtime, name in kinds:
        taken, tables = ("auto", str(allowed)) if kernels == "tables" else (kernels, "0")
        elf = build_ours(model, taken, None, folder / kernels, speed, tables=tables)
        manifest = manifests[kernels] = read_json(folder / kernels / "network_manifest.json")
        if network is None:
            words = ("--graph", "--model", model, "--out", folder / "graph.npz")
            command("codegen", "export", *words)
            network = read_graph(folder / "graph.npz", manifest["macs"])
        known = None
        if kernels != "small":
            linked, fast = observed(folder / kernels), taken == "auto"
            steps[kernels] = our_steps(linked, inputs.tests[0], work, estimated=fast)
            known = _whole(elf, network, inputs, steps[kernels], work) if fast else None
        cost = measure((name, "bytes"), elf, network, inputs, work, how=CONVOLUTIONS, known=known)
        told = {"arena": manifest["activations_bytes"], "made": manifest["tables_bytes"]}
        told["weights"] = manifest["weights_bytes"]
        costs.append({"runtime": runtime, "kernels": kernels, **asdict(cost), **told})
        progress.advance(note=name)
    assert network is not None
    told_by = {}
    for peer in CONV_PEERS:
        elf = build_peer(peer, model, folder / "peers")
        given, known, arena = few, None, None
        if peer.name == CMSIS_NN:
            given = layers.before_softmax(network)
            values = [few.tests, *layers.tests[: len(network.nodes)]]
            told_by[peer.name] = told = node_costs(elf, network, values, work)
            known = summed([*told.values()], sum(each["instructions"] for each in told.values()))
            with_scratch = build_peer(
                peer, model, folder / "peers-scratch", "-Wl,--undefined=bench_scratch"
            )
            arena = _arena(with_scratch, network, work)
        if peer.name == EMX:
            told_by[peer.name] = _emx(elf, network, manifests["auto"], few, work)
        cost = measure(
            (peer.title, peer.answers), elf, network, given, work, how=CONVOLUTIONS, known=known
        )
        costs.append({"runtime": peer.name, **asdict(cost), "arena": arena})
        progress.advance(note=peer.title)
    progress.finish()
    return {
        "key": model.stem,
        "title": title,
        "arenas": {kernels: told["activations_bytes"] for kernels, told in manifests.items()},
        "macs": network.macs,
        "costs": costs,
        "layers": {},
        "compared": _compared(manifests, steps, told_by),
        "text": f"`{model.name}`, made by `tests/codegen/shapes.py`, seeded weights; "
        f"{len(inputs.tests)} random inputs and {len(inputs.harsh)} harsh ones, {FEW} of each for "
        "the other runtimes.",
    }


@dataclass(frozen=True)
class _Layers:
    """Every layer's bytes by the reference, of the first inputs: int8 [N, bytes] each."""

    inputs: Inputs
    tests: list[Int8Array]
    harsh: list[Int8Array]

    def before_softmax(self, network: ConvNetwork) -> Inputs:
        """The inputs with what a Softmax at the end reads: CMSIS-NN's package has none."""
        last = len(network.nodes) - 1
        return Inputs(self.inputs.tests, self.tests[last], self.inputs.harsh, self.harsh[last])


def _inputs(model: Path, folder: Path) -> tuple[Inputs, _Layers]:
    """Random and harsh inputs with the reference's outputs."""
    test, harsh = folder / "test.npz", folder / "harsh.npz"
    random = ("--count", str(TESTS), "--seed", str(SEED), "--out", test)
    command("codegen", "inputs", "--model", model, *random)
    tests, outputs, layers = _reference(model, test)
    size = tests.shape[1]
    noise = np.random.default_rng(SEED).integers(-128, 128, (2, size)).astype(np.int8)
    ends = np.where(noise < 0, -128, 127).astype(np.int8)
    made = np.concatenate([ends, noise, *(np.full((1, size), v, np.int8) for v in (-128, 127))])
    np.savez(harsh, inputs=made)
    inputs = Inputs(tests, outputs, *(harshly := _reference(model, harsh))[:2])
    return inputs, _Layers(inputs.first(FEW), layers, harshly[2])


def _reference(model: Path, given: Path) -> tuple[Int8Array, Int8Array, list[Int8Array]]:
    """Inputs as bytes, outputs, and every layer's of the first, by the integer reference."""
    out = given.with_name(f"{given.stem}_reference.npz")
    command("codegen", "reference", "--model", model, "--inputs", given, "--out", out)
    with np.load(out) as arrays:
        count = sum(key.startswith("layer_") for key in arrays.files)
        layers = [arrays[f"layer_{i}"][:FEW] for i in range(count)]
        return arrays["inputs"], arrays["outputs"], layers


def _whole(
    elf: Path, network: ConvNetwork, inputs: Inputs, steps: Sequence[Step], work: Path
) -> Estimate:
    """The estimate of a run from those of its steps."""
    machine = Machine(elf, work)
    start(machine, network)
    length = machine.length(lambda: machine.count("bench_run", inputs.tests[:1], 1))
    return summed([step.estimate for step in steps if step.estimate], length)


def _arena(elf: Path, network: ConvNetwork, work: Path) -> int:
    """The most bytes of tensors and scratch at once, none of them in another's place."""
    machine = Machine(elf, work)
    start(machine, network)
    nodes = range(len(network.nodes))
    return max(network.live(i) + machine.call("bench_scratch", (i,)) for i in nodes)


def _emx(
    elf: Path, network: ConvNetwork, manifest: dict[str, Any], few: Inputs, work: Path
) -> dict[str, dict[str, int]]:
    """Instructions of each layer, by name."""
    machine = Machine(elf, work)
    start(machine, network)
    functions = machine.profile("bench_run", few.tests[:1], few.outputs.shape[1])
    names = [layer["name"] for layer in manifest["layers"]]
    return {name: {"instructions": count} for name, count in emx_costs(functions, names).items()}


def _compared(
    manifests: dict[str, dict[str, Any]],
    steps: dict[str, list[Any]],
    told_by: dict[str, dict[str, dict[str, Any]]],
) -> list[dict[str, Any]]:
    """A row for each of our steps: what it costs, and what its layers cost in other runtimes."""
    rows = []
    plain = {step.first: step.size for step in steps["portable"]}
    for step in steps["auto"]:
        numbers = range(step.first, step.last + 1)
        layers = [manifests["auto"]["layers"][i] for i in numbers]
        names = [layer["name"] for layer in layers]
        found: dict[str, Any] = {
            "names": names,
            "titles": [layer["title"] for layer in layers],
            "kernels": [layer["kernel"] for layer in layers],
            "macs": sum(layer["macs"] for layer in layers),
            "constants": sum(layer["constants_bytes"] for layer in layers),
            "scratch": max(layer["scratch_bytes"] for layer in layers),
            OURS: {**(step.estimate or {}), "instructions": step.size},
            PLAIN: {"instructions": sum(plain.get(i, 0) for i in numbers)},
        }
        for runtime, told in told_by.items():
            known = [told[name] for name in names if name in told]
            found[runtime] = _summed(known) if len(known) == len(names) else None
        rows.append(found)
    return rows


def _summed(known: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of several layers as one: sums, but of the largest difference the largest."""
    keys = known[0].keys()
    return {
        key: max(each[key] for each in known)
        if key == "most"
        else None
        if any(each[key] is None for each in known)
        else sum(each[key] for each in known)
        for key in keys
    }
