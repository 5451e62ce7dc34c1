"""What the firmware must find on its own test inputs: a count and a checksum of the reference's."""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import numpy as np

from codegen.arrays import read_arrays
from support.errors import UserError
from support.files import BUILD_AGAIN, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `expected`."""
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz of the subset")
    parser.add_argument("--out", type=Path, required=True, help="expected.json")


def run(arguments: argparse.Namespace) -> None:
    """Write {"success": right inputs or null without labels, "outputs_crc32": of all outputs}."""
    arrays = read_arrays(arguments.reference)
    outputs = arrays.get("outputs")
    if outputs is None or outputs.dtype != np.int8 or outputs.ndim != 2:
        raise UserError(f"{arguments.reference}: not a reference.npz", BUILD_AGAIN)
    success = None
    if "labels" in arrays:
        success = int((outputs.argmax(axis=1) == arrays["labels"]).sum())
    checksum = zlib.crc32(np.ascontiguousarray(outputs).tobytes())
    write_json(arguments.out, {"success": success, "outputs_crc32": checksum})
