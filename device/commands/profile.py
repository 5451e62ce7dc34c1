"""`profile`: instructions and estimated cycles of each layer of a firmware, on an emulated core."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device.bench.layers import layer_rows, routines, shared_loops
from support.build_files import read_build_file
from support.errors import UserError
from support.files import write_json, write_plain

# Inputs beyond these change no mean that anybody reads.
MAX_INPUTS = 1000


def register(commands: Any) -> None:
    """Add the parser of `profile`."""
    parser = commands.add_parser("profile", help="instructions and estimated cycles of each layer")
    parser.add_argument("--elf", type=Path, required=True, help="firmware for mps2_an500")
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz: the inputs")
    parser.add_argument("--manifest", type=Path, required=True, help="the network's manifest")
    parser.add_argument("--work", type=Path, required=True, help="folder for the compiled counter")
    parser.add_argument("--out", type=Path, help="text file to write")
    parser.add_argument("--json", type=Path, help="JSON file to write")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    import numpy as np

    from device.bench.counter import Machine
    from device.bench.estimate import by_function
    from device.validation.reference import read_reference

    manifest = read_build_file(arguments.manifest, "manifest")
    reference = read_reference(arguments.reference, None, layers=False)
    inputs, outputs = reference.inputs[:MAX_INPUTS], reference.outputs[:MAX_INPUTS]
    machine = Machine(arguments.elf, arguments.work)
    machine.map(0x40004000, 0x1000)  # the console: plain memory, always ready
    machine.run_until("Reset_Handler", "main")
    started: list[int] = []
    init = machine.length(lambda: started.append(machine.call("app_network_init")))
    if started != [1]:
        raise UserError(f"{arguments.elf}: the network does not start", "run scons sim first")
    size = outputs.shape[1]
    made, counts = machine.count("app_network_inference", inputs, size)
    if not np.array_equal(made, outputs):
        raise UserError(f"{arguments.elf}: outputs differ from the reference", "run scons sim")
    shared = shared_loops(manifest)
    functions = machine.profile("app_network_inference", inputs, size, shared)
    result = _rows(manifest, functions, len(inputs), counts)
    result["init"] = {"instructions": init, "tables_bytes": manifest.get("tables_bytes", 0)}
    typical = inputs[int(np.argsort(counts, kind="stable")[len(counts) // 2])]
    whole, own = by_function(machine, "app_network_inference", typical, routines(manifest), shared)
    result["typical"] = asdict(whole)
    for layer, routine in zip(result["layers"], routines(manifest), strict=True):
        layer["estimate"] = asdict(own[routine]) if routine in own else None
    text = as_text(result)
    print(text, end="")
    if arguments.out:
        write_plain(arguments.out, text)
    if arguments.json:
        write_json(arguments.json, result)


def _rows(
    manifest: dict[str, Any], functions: dict[str, int], inferences: int, counts: Any
) -> dict[str, Any]:
    """Each layer with the mean instructions of its own routine; what several share stands apart."""
    own = set(routines(manifest))
    rest = {key: total / inferences for key, total in functions.items() if key not in own}
    return {
        "network": manifest["name"],
        "model": manifest["model_sha256"],
        "kernels": [layer["kernel"] for layer in manifest["layers"]],
        "inferences": inferences,
        "instructions": {
            "mean": float(counts.mean()),
            "least": int(counts.min()),
            "largest": int(counts.max()),
        },
        "layers": layer_rows(manifest, functions, inferences),
        "functions": dict(sorted(rest.items())),
    }


def as_text(result: dict[str, Any]) -> str:
    """The table for people."""
    from device.bench.estimate import in_words

    lines = [
        f"{'layer':<28}{'kernel':<12}{'MACs':>10}{'bytes':>10}{'instructions':>14}{'a MAC':>8}"
        f"{'mca*':>12}{'dual-issue':>12}"
    ]
    for layer in result["layers"]:
        mean, macs = layer["instructions"], layer["macs"]
        shown = "shared" if mean is None else f"{mean:,.0f}"
        each = f"{mean / macs:.3f}" if mean is not None and macs else "-"
        lines.append(
            f"{layer['name']:<28}{layer['kernel']:<12}{macs:>10,}{layer['bytes']:>10,}"
            f"{shown:>14}{each:>8}{_estimated(layer['estimate'])}"
        )
    lines.append("")
    for name, mean in sorted(result["functions"].items(), key=lambda item: -item[1]):
        lines.append(f"{name:<60}{mean:>14,.0f}")
    lines += ["", _init(result["init"])]
    total = result["instructions"]
    lines.append(
        f"one inference, everything included: {total['mean']:,.0f} instructions, emulated "
        f"({total['least']:,} to {total['largest']:,}, {result['inferences']} inputs)\n"
        f"the input whose count is the median, estimated cycles: {in_words(result['typical'])}"
    )
    return "\n".join(lines) + "\n"


def _init(init: dict[str, Any]) -> str:
    """What it executes once, and the tables in RAM that it makes then."""
    size = init["tables_bytes"]
    made = f"makes {size:,} bytes of tables in RAM" if size else "makes no tables"
    return f"init, once: {init['instructions']:,} instructions, emulated; {made}"


def _estimated(found: dict[str, Any] | None) -> str:
    """Two columns: the layer's cycles in the median input, by each model."""
    cycles = (None, None) if found is None else (found["mca"], found["dual_issue"])
    return "".join(f"{'-' if count is None else f'{count:,}':>12}" for count in cycles)
