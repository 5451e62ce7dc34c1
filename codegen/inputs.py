"""Inputs of a network, from a file without trust or seeded at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codegen.arrays import Array, read_arrays
from codegen.idx import SUFFIX, read_labeled
from codegen.ir.graph import Graph
from codegen.ir.preprocessing import undo
from support.described import CLASS_NAMES, TARGETS, UNITS, unpacked
from support.errors import UserError
from support.normalization import ARRAY, BYTES, FUNCTIONS, Step
from support.normalization import packed as packed_steps

# Random inputs: far more than any emulator runs, far less than a machine's memory.
MAX_ELEMENTS = 1 << 28
# An input that holds at least so much was trained on pixels as they are.
_BYTES_SPAN = 100


def parse_normalize(text: str) -> tuple[float, float]:
    """`mean,std` → two numbers; std is positive.

    Raises:
        UserError: anything else, also what float32 cannot hold.
    """
    remedy = "for example normalize=0.5,0.5"
    try:
        mean, std = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"normalize='{text}' is not 'mean,std'", remedy) from None
    with np.errstate(all="ignore"):
        usable = bool(np.isfinite(np.float32(mean))) and 0 < np.float32(std) < np.inf
    if not usable:
        raise UserError(f"normalize='{text}': mean must be finite, std positive", remedy)
    return mean, std


def by_name(graph: Graph, arrays: dict[str, Array]) -> dict[str, Array]:
    """Arrays named like the network's inputs as one array `inputs`, elements one after the other.

    What has an array `inputs` already, or not one for each of several inputs, stays as it is.
    """
    named = [arrays.get(value.name) for value in graph.inputs]
    if "inputs" in arrays or any(each is None or each.ndim == 0 for each in named):
        return arrays
    rows = [each.reshape(len(each), -1) for each in named if each is not None]
    if len({len(each) for each in rows}) != 1:
        return arrays
    return {**arrays, "inputs": np.concatenate(rows, axis=1)}


def check_inputs(
    arrays: dict[str, Array], path: Path, size: int, shapes: str = ""
) -> dict[str, Array]:
    """The arrays of an inputs file after looking at every value.

    Args:
        path: the file, for messages.
        size: elements of all inputs of the network.
        shapes: of its inputs, for messages.

    Returns:
        `inputs` [N, size], of the type that the file has, `labels` uint8 [N] when given, and
        `targets` float32 [N, values] and names as support/described.py has them.

    Raises:
        UserError: no inputs, wrong sizes or types, values that are not finite.
    """
    if "inputs" not in arrays:
        raise UserError(
            f"{path}: has no array 'inputs' (found: {', '.join(arrays) or 'nothing'})",
            "name the array 'inputs'",
        )
    values = arrays["inputs"]
    if values.ndim < 2 or len(values) == 0:
        raise UserError(f"{path}: inputs of shape {list(values.shape)}", "give [N, input size]")
    rows = values.reshape(len(values), -1)
    if rows.shape[1] != size:
        raise UserError(
            f"{path}: {rows.shape[1]} values per input (its shape is {list(values.shape)}),"
            f" the network takes {size}{shapes and f' ({shapes})'}",
            "give inputs of the network's shape, [N, …]",
        )
    good = np.isfinite(rows).all(axis=1)
    if not good.all():
        raise UserError(
            f"{path}: input {int(np.argmin(good))} holds values that are not finite",
            "leave it out, or look at how it was made",
        )
    found = {"inputs": rows}
    targets = arrays.get(TARGETS)
    if "labels" in arrays and arrays["labels"].dtype.kind == "f":
        targets = arrays["labels"]
    elif "labels" in arrays:
        found["labels"] = _labels(arrays["labels"], len(rows), path)
    if targets is not None and targets.dtype.kind == "f":
        found[TARGETS] = _targets(targets, len(rows), path)
    return found | {key: arrays[key] for key in (CLASS_NAMES, UNITS) if _are_names(arrays, key)}


def _are_names(arrays: dict[str, Array], key: str) -> bool:
    """Whether an array holds names as this project writes them; others' of that name are theirs."""
    given = arrays.get(key)
    if given is None or given.dtype != np.uint8 or given.ndim != 1:
        return False
    try:
        unpacked(given.tobytes())
    except ValueError:
        return False
    return True


def _labels(labels: Array, count: int, path: Path) -> Array:
    if labels.shape != (count,):
        raise UserError(
            f"{path}: labels of shape {list(labels.shape)} for {count} inputs", "give one for each"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 255:
        raise UserError(f"{path}: labels that are not classes 0 to 255", "give integers")
    return labels.astype(np.uint8)


def _targets(targets: Array, count: int, path: Path) -> Array:
    if targets.ndim == 0 or len(targets) != count:
        raise UserError(
            f"{path}: labels of shape {list(targets.shape)} for {count} inputs", "give one for each"
        )
    with np.errstate(over="ignore"):
        rows: Array = targets.reshape(count, -1).astype(np.float32)
    good = np.isfinite(rows).all(axis=1)
    if not good.all():
        raise UserError(
            f"{path}: label {int(np.argmin(good))} is not a finite number", "leave that input out"
        )
    return rows


def stored_targets(graph: Graph, arrays: dict[str, Array], path: Path) -> Array | None:
    """The labels of a regression in the order of the output's bytes, float32 [N, values].

    Args:
        arrays: from `check_inputs`; float inputs have their labels in the model's order.
        path: the file, for messages.

    Returns:
        None without such labels, or of a network whose output is not one of int8.

    Raises:
        UserError: not a value for each of the output.
    """
    targets = arrays.get(TARGETS)
    if targets is None or not graph.gives_scores:
        return None
    value = graph.outputs[0]
    if targets.shape[1] != value.size:
        raise UserError(
            f"{path}: {targets.shape[1]} values in each label, the network gives {value.size}",
            "for classes give whole numbers, for values labels of the output's shape",
        )
    return value.type.store(targets) if arrays["inputs"].dtype.kind == "f" else targets


def load_inputs(
    graph: Graph, path: Path, normalize: tuple[float, float] | None
) -> dict[str, Array]:
    """Read `inputs` (and `labels`) from .npy, .npz or MNIST's files: float32 [N, all elements].

    uint8 arrays are images: scaled to 0..1 unless the network takes 0..255, then normalized. Float
    arrays are taken as they are, or normalized when `normalize` is given. What was done is told in
    an array as support/normalization.py has it.

    Raises:
        UserError: no `inputs`, wrong sizes or types, values that are not finite in float32.
    """
    arrays = read_labeled(path) if path.name.endswith(SUFFIX) else read_arrays(path)
    size = graph.input_size
    shapes = " and ".join(str(list(value.shape)) for value in graph.inputs)
    found = check_inputs(by_name(graph, arrays), path, size, shapes)
    values = found["inputs"]
    if values.dtype != np.uint8 and values.dtype.kind != "f":
        raise UserError(f"{path}: inputs of type {values.dtype}", "give uint8 images or floats")
    steps: list[Step] = []
    if values.dtype == np.uint8 and not takes_bytes(graph):
        steps.append(Step("Div", (BYTES,)))
    if normalize is not None:
        steps += [Step("Sub", normalize[:1]), Step("Div", normalize[1:])]
    with np.errstate(over="ignore"):
        real = values.astype(np.float32)
        for step in steps:
            real = FUNCTIONS[step.function](real, np.float32(step.constants[0]))
    checked = check_inputs({**found, "inputs": real}, path, size)
    stored_targets(graph, checked, path)  # refused now, not when they are needed
    if steps:
        text = packed_steps({value.name: steps for value in graph.inputs})
        checked[ARRAY] = np.frombuffer(text.encode(), np.uint8)
    return checked


def takes_bytes(graph: Graph) -> bool:
    """Whether the first input is made for numbers of 0 to 255, not of 0 to 1."""
    value = graph.inputs[0]
    ends = np.full((2, *value.shape[1:]), [-128], np.int8)
    ends[1] = 127
    real = undo(graph.arithmetic(0), value.quantization.dequantize(ends))
    return bool(np.abs(real[1] - real[0]).mean() >= _BYTES_SPAN)


def random_inputs(graph: Graph, count: int, seed: int) -> dict[str, Array]:
    """`count` seeded inputs that use the whole range of the input's quantization, float32.

    Raises:
        UserError: a count or seed that makes no sense.
    """
    most = MAX_ELEMENTS // graph.input_size
    if not 1 <= count <= most:
        raise UserError(
            f"count {count}: there can be 1 to {most:,} random inputs",
            "give a smaller subset_size= (the command by itself: --count)",
        )
    draw = generator(seed)
    parts = []
    for index, value in enumerate(graph.inputs):
        stored = draw.integers(-128, 128, (count, *value.shape[1:]))
        real = undo(graph.arithmetic(index), value.quantization.dequantize(stored))
        parts.append(real.reshape(count, -1))
    # A scale near float32's end: the largest byte would be infinite.
    return {"inputs": np.nan_to_num(np.concatenate(parts, axis=1))}


def generator(seed: int) -> np.random.Generator:
    """NumPy's generator for a user's seed.

    Raises:
        UserError: a negative seed.
    """
    if seed < 0:
        raise UserError(f"seed {seed} is negative", "give 0 or more")
    return np.random.default_rng(seed)
