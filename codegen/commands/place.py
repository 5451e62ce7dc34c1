"""Decide which memory of the board each object lives in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from codegen.arrays import read_arrays
from codegen.code_sizes import Reserved, reserve
from codegen.inputs import check_inputs
from codegen.layer_sizes import largest
from codegen.place import largest_internal_subset, names_of, place_objects
from support.build_files import KINDS, read_build_file
from support.errors import UserError
from support.files import read_json, write_json

# Whose runtime may run anywhere: our own.
OPEN_VENDOR = "nn2flash"
# What to do where more room than needed is reserved, and nothing insists on it.
NOT_MEASURED = "not measured for this core and compiler: scons code-sizes"
# Of an imported network: of libgcc, what its code calls; the rest of that is its `runtime_code`.
VENDOR_BYTES = 12 << 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `place`."""
    parser.add_argument("--memories", type=Path, required=True, help="the board's memories.json")
    parser.add_argument("--manifest", type=Path, required=True, help="the network's manifest")
    parser.add_argument("--subset", type=Path, required=True, help="subset.npz")
    parser.add_argument("--subset-size", type=int, required=True, help="as given to `subset`")
    parser.add_argument("--override", default="", help="object:memory[,object:memory…]")
    parser.add_argument("--code-sizes", type=Path, required=True, help="codegen/kernels/….json")
    parser.add_argument("--compiler", type=int, help="major version of the compiler, if it is GCC")
    parser.add_argument("--out", type=Path, required=True, help="placement.json")


def run(arguments: argparse.Namespace) -> None:
    """Write placement.json."""
    memories = read_build_file(arguments.memories, "memories")
    manifest = read_json(arguments.manifest, KINDS["manifest"].remedy)
    try:
        layers = largest(manifest)
        size = int(manifest["input_bytes"])
        runtime = manifest.get("runtime", {})
        pools = _pools(manifest)
        # A vendor's weights are one object, however its generator divides them.
        blocks = [int(size) for size in manifest.get("weights_blocks") or ()]
        blocks = blocks or [int(manifest["weights_bytes"])]
        if sum(blocks) != int(manifest["weights_bytes"]):
            raise ValueError("other blocks")
        reserved = (
            Reserved(VENDOR_BYTES, measured=False)
            if "x_cube_ai" in manifest  # imported: what its kernels are is not known
            else reserve(
                arguments.code_sizes, manifest["code"], memories["cpu"], arguments.compiler
            )
        )
        sizes = {
            "runtime_code": int(runtime.get("flash_bytes", 0)),
            "runtime_data": int(runtime.get("ram_bytes", 0)),
            "kernels": reserved.bytes,
            "weights": blocks[0],
            "activations": pools[0],
            "results": int(manifest["output_bytes"]),
            "tables": int(manifest.get("tables_bytes", 0)),
        }
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise UserError(
            f"{arguments.manifest}: not a network's manifest", KINDS["manifest"].remedy
        ) from None
    if min((*sizes.values(), *blocks)) < 0 or size < 1:
        raise UserError(f"{arguments.manifest}: has a negative size", KINDS["manifest"].remedy)
    inputs = check_inputs(read_arrays(arguments.subset), arguments.subset, size)["inputs"]
    count = len(inputs) if arguments.subset_size else 0
    sizes["subset"] = count * size
    sizes["results"] *= max(count, 1)
    overrides = _overrides(arguments.override)
    further = {"weights": blocks[1:], "activations": pools[1:]}
    objects = place_objects(memories, sizes, overrides, further, layers)
    if not reserved.measured and "x_cube_ai" not in manifest:
        objects["kernels"]["why"] += f"; {NOT_MEASURED}"
    vendor = runtime.get("vendor", OPEN_VENDOR) != OPEN_VENDOR
    placement = {"board": memories["board"], "objects": objects, "vendor_runtime": vendor}
    placement["checks"] = _checks(reserved)
    placement["further"] = {kind: names_of(kind, further) for kind in further}
    placement["internal_subset"] = largest_internal_subset(
        memories, sizes, overrides, size, further
    )
    write_json(arguments.out, placement)


def _checks(reserved: Reserved) -> list[dict[str, Any]]:
    """What the linker insists on, and what is told where it is not so; nothing of the code's room
    where nobody has measured."""
    if not reserved.measured:
        return []
    return [
        {
            "object": "kernels",
            "most": reserved.bytes,
            "told": "the kernels take more bytes than placement reserved for this core"
            " and compiler",
            "remedy": "run `scons code-sizes` with the variables of this build, then build again",
        }
    ]


def _pools(manifest: dict[str, Any]) -> list[int]:
    """Bytes of each pool of activations, whole units of its alignment; a network of ours has one.

    Raises:
        KeyError, TypeError, ValueError: not a network's manifest.
    """
    found = [
        -(-int(pool["size"]) // int(pool["alignment"])) * int(pool["alignment"])
        for pool in manifest.get("activations", ())
    ]
    return found or [int(manifest["activations_bytes"])]


def _overrides(text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, text.split(",")):
        name, colon, memory = part.partition(":")
        if not colon:
            raise UserError(
                f"placement={text}: '{part}' is not object:memory",
                "for example weights:axi, as board.toml names it",
            )
        found[name.strip()] = memory.strip()
    return found
