"""The test subset: a seeded choice of inputs, quantized with the network's own parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from codegen.arrays import Array
from codegen.inputs import generator
from codegen.ir.graph import Graph
from codegen.literals import c_float
from codegen.reference import quantize_inputs
from codegen.render import render
from support.described import CLASS_NAMES, TARGETS, UNITS, unpacked
from support.errors import UserError

NAME = "test_subset"
"""Header and prefix of the symbols, where nobody gave another."""

# A byte's value times 255, with its decimals, fits 31 bits.
_LARGEST_STEP = 8e6
_MOST_DECIMALS = 8
# Labels with their decimals, and two more for the error's mean, fit 32 bits.
_LARGEST_SHOWN = 4e7


def choose(arrays: dict[str, Array], size: int, seed: int) -> npt.NDArray[np.int64]:
    """int64 [size]: indices of the chosen inputs, in rising order, without repetition.

    A size of 0 still chooses one: the image that is built into such an image-less firmware.

    Raises:
        UserError: more asked for than there are, or a negative seed.
    """
    total = len(arrays["inputs"])
    wanted = max(size, 1)
    if size < 0 or wanted > total:
        raise UserError(
            f"subset_size={size}: there are {total} test inputs", f"choose 0 to {total}"
        )
    chosen = generator(seed).choice(total, wanted, replace=False)
    return np.sort(chosen).astype(np.int64)


def make_subset(graph: Graph, arrays: dict[str, Array], size: int, seed: int) -> dict[str, Array]:
    """Indices, int8 inputs and (when known) labels or targets of the subset.

    Args:
        arrays: float inputs in the model's order; targets in the order of the output's bytes.
    """
    indices = choose(arrays, size, seed)
    values = arrays["inputs"][indices].astype(np.float32)
    subset: dict[str, Array] = {"indices": indices, "inputs": quantize_inputs(values, graph)}
    if "labels" in arrays and graph.gives_scores:
        subset["labels"] = arrays["labels"][indices].astype(np.uint8)
    if TARGETS in arrays and graph.gives_scores:
        subset |= {TARGETS: arrays[TARGETS][indices], UNITS: np.zeros(0, np.uint8)}
    return subset | {key: arrays[key] for key in (CLASS_NAMES, UNITS) if key in arrays}


def render_header(
    graph: Graph, subset: dict[str, Array], size: int, seed: int, name: str = NAME
) -> str:
    """The header.

    Args:
        name: its own and the prefix of its symbols; "mnist_test_subset" for those of the guide.
    """
    labels = subset.get("labels")
    context: dict[str, Any] = {
        "subset": name,
        "size": size,
        "seed": seed,
        "elements": graph.input_bytes,
        "outputs": graph.output_bytes,
        # Of the first input; with several, the network's own headers have the others'.
        "scale": float(graph.inputs[0].quantization.scale),
        "zero_point": graph.inputs[0].quantization.zero_point,
        "count": len(subset["inputs"]),
        "noun": "image" if _is_image(graph) else "input",
        "rows_text": _rows(subset) if size else "    " + _numbers(subset["inputs"][0]),
        "labels": None if labels is None else [int(v) for v in labels],
        "labels_text": "" if labels is None else _lines([int(v) for v in labels]),
        "classes": _names(subset, CLASS_NAMES),
        "values": _values(graph, subset),
    }
    return render("app/test_subset.h.j2", context)


def _is_image(graph: Graph) -> bool:
    """Whether the only input has height and width."""
    sides = graph.inputs[0].shape[2:]
    return len(graph.inputs) == 1 and len(sides) == 2 and min(sides) > 1


def _names(subset: dict[str, Array], key: str) -> tuple[str, ...]:
    return unpacked(subset[key].tobytes()) if key in subset else ()


@dataclass(frozen=True)
class Values:
    """How the bytes of a regression's output become real numbers on the console.

    Attributes:
        units: of each value, or of all; () for none.
        step: of one byte, in units of the last decimal shown.
        zero_point: the byte of 0.
        one: 10 to the number of decimals.
        targets: what each input's label says, as C; "" where it is not known.
    """

    units: tuple[str, ...]
    step: float
    zero_point: int
    one: int
    targets: str


def _values(graph: Graph, subset: dict[str, Array]) -> Values | None:
    """None for classes, for outputs that are no int8 numbers, and for what 32 bits do not hold."""
    if UNITS not in subset or not graph.gives_scores:
        return None
    quantization = graph.outputs[0].type.quantization
    scale = float(quantization.scale) if quantization is not None else 0.0
    if quantization is None or not 0 < scale < _LARGEST_STEP:
        return None
    decimals = min(_MOST_DECIMALS, max(0, -math.floor(math.log10(scale))))
    one = 10**decimals
    return Values(
        _names(subset, UNITS), scale * one, quantization.zero_point, one, _targets(subset, one)
    )


def _targets(subset: dict[str, Array], one: int) -> str:
    """The labels of a regression as C, a row each; "" where the console cannot write them."""
    targets = subset.get(TARGETS)
    if targets is None or max(1.0, float(np.abs(targets).max())) * one > _LARGEST_SHOWN:
        return ""
    return "\n".join(f"    {{{', '.join(map(c_float, row))}}}," for row in targets)


def _lines(values: list[int]) -> str:
    """Numbers as C, twenty a line."""
    rows = (values[i : i + 20] for i in range(0, len(values), 20))
    return "\n".join("    " + " ".join(f"{v}," for v in row) for row in rows)


def _numbers(row: Array) -> str:
    return ", ".join(map(str, row.tolist()))


def _rows(subset: dict[str, Array]) -> str:
    """One image a line, under a comment that says which it is."""
    lines = []
    for row, (index, values) in enumerate(zip(subset["indices"], subset["inputs"], strict=True)):
        label = f", label {subset['labels'][row]}" if "labels" in subset else ""
        lines.append(f"    /* {row}: input {index}{label} */\n    {{{_numbers(values)}}},")
    return "\n".join(lines)
