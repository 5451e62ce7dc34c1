"""Float inputs against what a network's int8 input can hold: clipped, or collapsed to a few bytes.

Both come of a normalization that is not the training's, or of a quantization that was calibrated
with other data, and bytes that are "identical to the
reference" say nothing about it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from codegen.arrays import Array
from codegen.ir.graph import Graph, Value
from codegen.reference import preprocess_inputs
from support.errors import UserError

# Calibration by percentiles or entropy leaves some values outside on purpose.
MOST_CLIPPED = 0.01
# No more bytes than these, of several times as many values: the scale is far too coarse.
FEW_BYTES, TIMES = 8, 4
# Values that are looked at for being different: sorting more takes seconds.
LOOKED_AT = 1 << 20
# The guide's own bundle was calibrated with random data: there, normalize= is the training's.
REMEDY = (
    "give normalize= and inputs= as in training; where they are, the model was quantized with"
    " other data: calibrate it with such inputs"
)


def add_strict(parser: argparse.ArgumentParser) -> None:
    """The argument that makes a warning of `check_range` an error."""
    parser.add_argument(
        "--strict", action="store_true", help="inputs that clip or collapse are an error"
    )


def check_range(values: Array, graph: Graph, path: Path, *, strict: bool) -> None:
    """Warn on stderr of inputs that the network's cannot hold.

    Args:
        values: floats [N, elements of all inputs], finite.
        path: the file they are from, for the message.

    Raises:
        UserError: what would be a warning, with `strict`.
    """
    values = preprocess_inputs(values.astype(np.float32, copy=False), graph)
    start, found = 0, ""
    for value in graph.inputs:
        found = found or complaint(values[:, start : start + value.size], value)
        start += value.size
    if not found:
        return
    if strict:
        raise UserError(f"{path}: {found}", REMEDY)
    print(f"warning: {path}: {found}: {REMEDY} (strict=1 makes this an error)", file=sys.stderr)


def complaint(values: Array, value: Value) -> str:
    """What is wrong with float inputs [N, input size], in words with the share; empty: nothing."""
    quantization = value.quantization
    scale, zero_point = quantization.scale, quantization.zero_point
    least, most = (float(scale) * (end - zero_point) for end in (-128, 127))
    holds = (
        f"the network's input holds {least:.4g} to {most:.4g} (scale {scale:.9g}, zero point"
        f" {zero_point}), these values reach from {values.min():.4g} to {values.max():.4g}"
    )
    with np.errstate(over="ignore"):
        steps = np.rint(values.astype(np.float32) / scale) + np.float32(zero_point)
    # One step beyond is rounding: -1 with scale 0.00784 and zero point -1 would be byte -129.
    clipped = float(np.mean((steps < -129) | (steps > 128)))
    if clipped > MOST_CLIPPED:
        return f"{100 * clipped:.1f} % of the values are clipped: {holds}"
    kept = np.bincount(np.clip(steps, -128, 127).astype(np.int16).reshape(-1) + 128)
    different = int(np.count_nonzero(kept))
    if values.size > 1 and different == 1:
        return f"all {values.size:,} input bytes are {int(kept.argmax()) - 128}: {holds}"
    given = len(np.unique(values.reshape(-1)[:LOOKED_AT])) if different <= FEW_BYTES else 0
    if given > TIMES * different:
        return f"{different} different bytes are left of {given:,} different values: {holds}"
    return ""
