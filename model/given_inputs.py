"""Inputs for a network of anyone's, from an `.npz` or `.npy` file without trust."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model import numpy_files
from model.evenly import evenly
from model.float_onnx import NetworkInput
from model.module import normalization
from support.errors import UserError
from support.normalization import Step

Float32Array = npt.NDArray[np.float32]

_REMEDY = "make it with numpy.savez: inputs float32 [N, …], labels [N] where they are known"

JUDGES, FEWEST = 5, 20
"""Each fifth input judges what the others calibrated, where there are so many."""


@dataclass(frozen=True)
class GivenInputs:
    """Inputs, and what they are if that is known.

    Attributes:
        arrays: for each input of the network, float32 [N, *shape[1:]].
        labels: integers [N], or None.
        normalization: what each array went through when it was read.
    """

    arrays: dict[str, Float32Array]
    labels: npt.NDArray[np.int64] | None
    normalization: dict[str, tuple[Step, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def feed(self, index: int) -> dict[str, Float32Array]:
        """What onnxruntime reads at once: one input of each, [1, …]."""
        return {name: values[index : index + 1] for name, values in self.arrays.items()}

    def spread(self, most: int) -> GivenInputs:
        """At most so many, evenly spread."""
        if len(self) <= most:
            return self
        return self._chosen(evenly(len(self), most))

    def apart(self) -> tuple[GivenInputs, GivenInputs]:
        """Those that calibrate and those that judge, each fifth; of a few all do both."""
        if len(self) < FEWEST:
            return self, self
        judges = np.arange(len(self)) % JUDGES == JUDGES - 1
        return self._chosen(~judges), self._chosen(judges)

    def _chosen(self, which: npt.NDArray[Any]) -> GivenInputs:
        labels = None if self.labels is None else self.labels[which]
        arrays = {name: values[which] for name, values in self.arrays.items()}
        return GivenInputs(arrays, labels, self.normalization)


def read(
    path: Path, expected: tuple[NetworkInput, ...], normalize: tuple[float, float] | None
) -> GivenInputs:
    """Read `inputs` (or arrays named like the network's inputs) and `labels`.

    uint8 values are images: scaled to 0..1, then normalized. Floats are taken as they are, or
    normalized when `normalize` (mean, std) is given.

    Raises:
        UserError: no such arrays, other shapes than the network's, values that are not finite,
            labels that are not one whole number for each input.
    """
    arrays = numpy_files.read(path, _REMEDY)
    found: dict[str, Float32Array] = {}
    steps: dict[str, tuple[Step, ...]] = {}
    for each in expected:
        name = each.name if each.name in arrays else "inputs"
        if name not in arrays or (len(expected) > 1 and name == "inputs"):
            wanted = "inputs" if len(expected) == 1 else each.name
            told = ", ".join(arrays) or "nothing"
            raise UserError(
                f"{path}: has no array '{wanted}' (found: {told})",
                f"save it with numpy.savez('{path.name}', {_keyword(wanted)}, …)",
            )
        steps[each.name] = _steps(arrays[name], normalize)
        found[each.name] = _real(path, name, arrays[name], each, steps[each.name])
    counts = {len(values) for values in found.values()}
    if len(counts) != 1:
        raise UserError(
            f"{path}: its arrays have {', '.join(map(str, sorted(counts)))} rows",
            "give as many of each input",
        )
    labels = _labels(path, arrays["labels"], counts.pop()) if "labels" in arrays else None
    return GivenInputs(found, labels, {name: each for name, each in steps.items() if each})


def _steps(values: npt.NDArray[Any], normalize: tuple[float, float] | None) -> tuple[Step, ...]:
    """What makes a network's input of the numbers in an array."""
    before = (normalization.BYTES,) if values.dtype == np.uint8 else ()
    return (
        before
        if normalize is None
        else before + normalization.steps_of(normalize[:1], normalize[1:])
    )


def _keyword(name: str) -> str:
    return f"{name}=…" if name.isidentifier() else f"**{{'{name}': …}}"


def _real(
    path: Path,
    name: str,
    values: npt.NDArray[Any],
    expected: NetworkInput,
    steps: tuple[Step, ...],
) -> Float32Array:
    """One array as the network reads it, float32 [N, *shape[1:]]."""
    where = f"{path}: array '{name}'"
    if values.dtype != np.uint8 and values.dtype.kind != "f":
        raise UserError(f"{where} is {values.dtype}", "give float32, or uint8 images")
    shape = expected.shape[1:]
    if values.ndim < 1 or not len(values) or values.shape[1:] not in (shape, (expected.size,)):
        raise UserError(
            f"{where} has shape {list(values.shape)}, input '{expected.name}' takes"
            f" [N, {', '.join(map(str, shape))}]",
            "give inputs of the network's shape, in the network's order of axes",
        )
    with np.errstate(over="ignore"):
        real = normalization.apply(steps, values.astype(np.float32))
    finite = np.isfinite(real.reshape(len(real), -1)).all(axis=1)
    if not finite.all():
        raise UserError(
            f"{where}: input {int(np.argmin(finite))} holds values that are not finite",
            "leave it out, or look at how it was made",
        )
    return real.reshape(len(real), *shape)


def _labels(path: Path, labels: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    if labels.shape != (count,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise UserError(
            f"{path}: labels {labels.dtype} {list(labels.shape)} for {count} inputs",
            "give a class, a whole number from 0 up, for each, or no labels",
        )
    return labels.astype(np.int64)
