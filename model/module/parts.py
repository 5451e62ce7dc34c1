"""The parts that a network is trained, calibrated and tested with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.evenly import evenly
from model.module import normalization
from support.normalization import Step

Float32Array = npt.NDArray[np.float32]
Array = npt.NDArray[Any]

CALIBRATING = 1000
"""Training inputs, evenly spread, that set the ranges of quantization where no part is for it."""


@dataclass(frozen=True)
class Part:
    """Inputs with labels.

    Attributes:
        inputs: float32 [N, …], for each of the network's inputs.
        labels: int64 [N], classes; or float32 [N, values] for regression.
        images: whether each of the inputs was uint8.
    """

    inputs: tuple[Float32Array, ...]
    labels: Array
    images: tuple[bool, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def chosen(self, indices: npt.NDArray[np.int64]) -> Part:
        """Some of them."""
        chosen = tuple(values[indices] for values in self.inputs)
        return Part(chosen, self.labels[indices], self.images)

    def spread(self, most: int) -> Part:
        """At most so many, evenly spread."""
        if len(self) <= most:
            return self
        return self.chosen(evenly(len(self), most))


@dataclass(frozen=True)
class Parts:
    """Everything that a network is trained, calibrated and tested with.

    Attributes:
        train, validation, test: the parts.
        classes: their names, in the order of the labels; () for regression.
        units: of the values that regression gives, or ().
        input_names: of the network's inputs.
        normalization: what each input, as the data has it, has gone through.
        columns: names of the columns that its source read the inputs from, or ().
        calibration: the part that sets the ranges of quantization; None: some training inputs do.
    """

    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]
    units: tuple[str, ...]
    input_names: tuple[str, ...]
    normalization: tuple[tuple[Step, ...], ...] = ()
    columns: tuple[str, ...] = ()
    calibration: Part | None = None

    @property
    def calibrating(self) -> Part:
        """What sets the ranges of quantization."""
        return self.calibration or self.train.spread(CALIBRATING)

    def figure(self, function: str) -> tuple[float, ...] | None:
        """What the first input's last step of a kind has: "Sub" the mean, "Div" the deviation."""
        steps = self.normalization[0] if self.normalization else ()
        found = [step.constants for step in steps if step.function == function]
        return found[-1] if found and steps[-1] != normalization.BYTES else None

    @property
    def regression(self) -> bool:
        """Whether labels are numbers rather than classes."""
        return self.train.labels.dtype.kind == "f"
