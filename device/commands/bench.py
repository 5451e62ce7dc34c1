"""`bench`: measure our kernels and other runtimes on the committed networks."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from support.errors import UserError
from support.files import read_json, write_json, write_text

# The committed networks, and how their recipe normalized images; None: random inputs.
FIXTURES = (
    ("guide_int8.onnx", "MNIST 784-128-64-10, recipe=guide", "0.5,0.5"),
    ("augmented_int8.onnx", "MNIST 784-128-64-10, recipe=augmented", "0,1"),
    ("autoencoder_int8.onnx", "MLPerf Tiny autoencoder's shapes, random weights", None),
)
# Networks of `--shapes`, by the stem of their file.
SHAPES = {
    "ic": "Image classification: ResNet-8 of 32 x 32 x 3 (MLPerf Tiny's shapes)",
    "kws": "Keyword spotting: DS-CNN of 49 x 10 (MLPerf Tiny's shapes)",
    "vww": "Visual wake words: MobileNetV1 0.25 of 96 x 96 x 3 (MLPerf Tiny's shapes)",
    "lenet_5": "LeNet-5 of 28 x 28",
    "mbv2s": "A small MobileNetV2 of 28 x 28",
}
HARSH_SEED = 11


def register(commands: Any) -> None:
    """Add the parser of `bench`."""
    parser = commands.add_parser("bench", help="instructions and memory beside other runtimes")
    parser.add_argument("--fixtures", type=Path, required=True, help="folder of the networks")
    parser.add_argument(
        "--shapes", type=Path, action="append", default=[], help="a convolutional network"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with MNIST/raw")
    parser.add_argument("--work", type=Path, required=True, help="folder to build in")
    parser.add_argument("--limit", type=int, default=10000, help="test images to run")
    parser.add_argument("--peer-limit", type=int, default=200, help="of them for other runtimes")
    parser.add_argument("--out", type=Path, required=True, help="performance.md")
    parser.add_argument("--chart", type=Path, required=True, help="its bar chart, SVG")
    parser.add_argument("--json", type=Path, required=True, help="all figures")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.bench.convolutional import bench
    from device.bench.estimate import in_words
    from device.bench.table import chart, markdown

    _check_hashes(arguments.fixtures)
    networks = [
        _network(arguments, arguments.fixtures / name, title, normalize)
        for name, title, normalize in FIXTURES
    ]
    networks += [bench(model, SHAPES[model.stem], arguments.work) for model in arguments.shapes]
    write_json(arguments.json, {"networks": networks})
    write_text(arguments.chart, chart(networks))
    write_text(arguments.out, markdown(networks, arguments.chart.name))
    for network in networks:
        print(network["title"])
        for cost in network["costs"]:
            per_mac = cost["mean"] / network["macs"]
            print(
                f"  {cost['title']:<40} {cost['mean']:>11,.0f} instructions  {per_mac:6.3f} a MAC"
                f"  typical, estimated cycles: {in_words(cost['typical'])}"
            )


def _check_hashes(folder: Path) -> None:
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise UserError(f"{folder / name}: not the committed file", "check it out again")


def _network(
    arguments: argparse.Namespace, model: Path, title: str, normalize: str | None
) -> dict[str, Any]:
    """Everything about one network, as JSON."""
    from device.bench.goals import OURS
    from device.bench.measure import measure, measure_layers
    from device.bench.network import read_network
    from device.bench.ours import build as build_ours
    from device.bench.ours import command
    from device.bench.peers import PEERS
    from device.bench.peers import build as build_peer
    from support.progress import Progress

    folder = arguments.work / model.stem
    calibration, inputs = _inputs(arguments, model, normalize, folder)
    command("codegen", "export", "--model", model, "--out", folder / "layers.npz")
    network = read_network(folder / "layers.npz")
    kinds = ("auto", "small", "dense", "portable")
    progress = Progress(title, len(kinds) + len(PEERS))
    costs, layers, arenas = [], {}, {}
    for kernels in kinds:
        elf = build_ours(model.resolve(), kernels, calibration, folder / kernels)
        name = f"nn2flash, kernels={kernels}"
        manifest = read_json(folder / kernels / "network_manifest.json")
        arenas[kernels] = manifest["activations_bytes"]
        if kernels == "small" and arenas[kernels] == arenas["auto"]:
            progress.advance(note=f"{name}: as auto")
            continue
        # Plain C takes the same for every input, and long.
        given = inputs.first(arguments.peer_limit) if kernels == "portable" else inputs
        cost = measure((name, "bytes"), elf, network, given, arguments.work)
        told = {"runtime": OURS, "kernels": kernels, "arena": arenas[kernels]}
        told["made"] = manifest["tables_bytes"]
        costs.append({**told, **cost.as_json()})
        if kernels != "portable":
            layers[name] = measure_layers(elf, manifest, inputs, arguments.work)
        progress.advance(note=name)
    for peer in PEERS:
        elf = build_peer(peer, model, folder / "peers")
        few = inputs.first(arguments.peer_limit)
        cost = measure((peer.title, peer.answers), elf, network, few, arguments.work)
        costs.append({"runtime": peer.name, **cost.as_json()})
        progress.advance(note=peer.title)
    progress.finish()
    found = {
        "key": model.stem.removesuffix("_int8"),
        "arenas": arenas,
        "title": title,
        "macs": network.macs,
        "costs": costs,
        "layers": layers,
        "text": _text(inputs, model, arguments.peer_limit),
    }
    if calibration is not None:
        activity = folder / "activity.json"
        words = ("--calibration", calibration, "--inputs", folder / "run.npz", "--out", activity)
        command("codegen", "activity", "--model", model.resolve(), *words)
        found["executed_macs"] = json.loads(activity.read_text())["executed_macs"]
    return found


def _text(inputs: Any, model: Path, few: int) -> str:
    return (
        f"`{model.name}`, {len(inputs.tests):,} test inputs and {len(inputs.harsh):,} harsh ones; "
        "for plain C and the other runtimes, whose counts hardly depend on the input, the first "
        f"{few:,}."
    )


def _inputs(
    arguments: argparse.Namespace, model: Path, normalize: str | None, folder: Path
) -> tuple[Path | None, Any]:
    """Calibration file, test inputs and inputs made to cost most, all with reference outputs."""
    import numpy as np

    from device.bench.measure import Inputs
    from device.bench.ours import command

    folder.mkdir(parents=True, exist_ok=True)
    raw = arguments.data.resolve() / "MNIST" / "raw"
    model = model.resolve()
    calibration = None
    test = folder.resolve() / "test.npz"
    if normalize is None:
        random = ("--count", "200", "--seed", "5", "--out", test)
        command("codegen", "inputs", "--model", model, *random)
    else:
        for name, out, most in (("train", "calibration.npz", 2000), ("t10k", "test.npz", None)):
            source = raw / f"{name}-images-idx3-ubyte"
            made = ("--normalize", normalize, "--out", folder.resolve() / out)
            command("codegen", "inputs", "--model", model, "--from", source, *made)
            if most:
                calibration = folder.resolve() / out
                with np.load(calibration) as arrays:
                    first = {key: arrays[key][:most] for key in arrays.files}
                np.savez(calibration, **first)
    reference = folder.resolve() / "reference.npz"
    command("codegen", "reference", "--model", model, "--inputs", test, "--out", reference)
    with np.load(reference) as arrays:
        tests, outputs = arrays["inputs"], arrays["outputs"]
    limit = arguments.limit
    with np.load(test) as arrays:
        np.savez(folder / "run.npz", inputs=arrays["inputs"][:limit])
    harsh = harsh_inputs(tests)
    np.savez(folder / "harsh.npz", inputs=harsh)
    harsh_reference = folder.resolve() / "harsh_reference.npz"
    words = ("--inputs", (folder / "harsh.npz").resolve(), "--out", harsh_reference)
    command("codegen", "reference", "--model", model, *words)
    with np.load(harsh_reference) as arrays:
        harsh_outputs = arrays["outputs"]
    return calibration, Inputs(tests[:limit], outputs[:limit], harsh, harsh_outputs)


def harsh_inputs(tests: Any) -> Any:
    """int8 [N, n]: random inputs that are never the background, each extreme, and images of which
    an ever larger part is noise, so that a sparse kernel gives up as late as it can.
    """
    import numpy as np

    random = np.random.default_rng(HARSH_SEED)
    size = tests.shape[1]
    background = np.bincount(tests.reshape(-1).astype(np.int64) + 128).argmax() - 128
    noise = random.integers(-128, 128, (50, size)).astype(np.int8)
    noise[noise == background] = background + 7
    extremes = np.stack([np.full(size, value, np.int8) for value in (-128, -1, 0, 127)])
    mixed = np.repeat(tests[:1], 100, axis=0)
    for row in range(100):
        part = size * (row + 1) // 100
        mixed[row, :part] = noise[row % 50, :part]
    return np.concatenate([noise, extremes, mixed])
