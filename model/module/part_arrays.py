"""One part of what `data()` returns, as arrays: a pair of them, of tensors, or a Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from model.module.parts import Array, Float32Array, Part
from model.module.refusal import Refusal


def part_of(value: Any, name: str, refuse: Refusal) -> Part:
    """One part, its values looked at."""
    if isinstance(value, tuple | list) and len(value) == 2 and not _two_items(value):
        given, labels = value
        many = isinstance(given, tuple) or (
            isinstance(given, list)
            and given
            and hasattr(given[0], "shape")
            and _array(given[0]).ndim > 1
        )
        inputs = tuple(map(_array, given)) if many else (_array(given),)
        labels = _array(labels)
    elif (
        hasattr(value, "__getitem__") and hasattr(value, "__len__") and not hasattr(value, "shape")
    ):
        inputs, labels = _stacked(value, name, refuse)
    else:
        raise refuse(
            f"'{name}' of data() has no labels (it is a {type(value).__name__})",
            f'give a pair, "{name}": (inputs, labels), or a Dataset of such items',
        )
    if labels.ndim == 0 or len(labels) == 0:
        raise refuse(f"'{name}' of data() is empty", "give it inputs and labels")
    real = tuple(_real(values, len(labels), name, refuse) for values in inputs)
    images = tuple(values.dtype == np.uint8 for values in inputs)
    return Part(real, _labels(labels, name, refuse), images)


def _array(values: Any) -> Array:
    """A tensor or anything that NumPy takes, as an array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)


def _stacked(dataset: Any, name: str, refuse: Refusal) -> tuple[tuple[Array, ...], Array]:
    """All items of a map-style Dataset: (inputs…, labels)."""
    items = [dataset[index] for index in range(len(dataset))]
    if not items or not all(isinstance(item, tuple | list) and len(item) >= 2 for item in items):
        raise refuse(
            f"the Dataset '{name}' of data() has no items (input, label)",
            "have its __getitem__ return both",
        )
    columns = [
        _equal([_array(v) for v in column], name, refuse) for column in zip(*items, strict=True)
    ]
    return tuple(columns[:-1]), columns[-1]


def _equal(rows: list[Array], name: str, refuse: Refusal) -> Array:
    """Rows of one shape as an array."""
    shapes = {row.shape for row in rows}
    if len(shapes) > 1:
        raise refuse(
            f"'{name}' holds inputs of different shapes ({', '.join(map(str, sorted(shapes)))})",
            "give all the same shape: crop, pad or resize them",
        )
    return np.stack(rows)


def _two_items(value: Sequence[Any]) -> bool:
    """Whether two things are two items (input, label), each like those of a Dataset, in a list.

    Labels of a pair would hardly be a tuple of arrays, nor its inputs end with a single number.
    """
    if not isinstance(value, list):
        return False
    if not all(isinstance(item, tuple | list) and len(item) >= 2 for item in value):
        return False
    alike = all(np.ndim(item[0]) > 0 for item in value)
    return alike and all(isinstance(item, tuple) or np.ndim(item[-1]) == 0 for item in value)


def _real(values: Array, count: int, name: str, refuse: Refusal) -> Float32Array:
    """Inputs as float32, the numbers that the data has."""
    if values.dtype.kind not in "fiub":
        raise refuse(f"inputs of '{name}' are {values.dtype}", "give numbers, all of one shape")
    if values.ndim < 2 or len(values) != count:
        raise refuse(
            f"inputs of '{name}' have shape {list(values.shape)} for {count} labels",
            "give [N, …], one input for each label",
        )
    with np.errstate(over="ignore"):
        real = values.astype(np.float32)
    finite = np.isfinite(real.reshape(count, -1)).all(axis=1)
    if not finite.all():
        raise refuse(
            f"input {int(np.argmin(finite))} of '{name}' holds values that are not finite",
            "leave it out, or look at how it was made",
        )
    return real


def _labels(labels: Array, name: str, refuse: Refusal) -> Array:
    """Classes [N] as they are given, or numbers float32 [N, values]."""
    if labels.ndim == 2 and labels.shape[1] == 1 and labels.dtype.kind != "f":
        labels = labels[:, 0]
    if labels.dtype.kind == "f":
        real = labels.astype(np.float32).reshape(len(labels), -1)
        finite = np.isfinite(real).all(axis=1)
        if not finite.all():
            raise refuse(
                f"label {int(np.argmin(finite))} of '{name}' is not finite", "leave that input out"
            )
        return real
    if labels.ndim != 1 or labels.dtype.kind not in "iubUS":
        raise refuse(
            f"labels of '{name}' are {labels.dtype} {list(labels.shape)}",
            "give a class for each input (whole numbers, names), or numbers as floats",
        )
    return labels
