"""What a measurement says: bytes, classes or values, cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.comparison import Comparison, compare
from device.link.messages import Info, Port, dequantize
from device.validation.measure import Measurement
from device.validation.reference import Reference
from support.scores import ClassScore, RegressionScore, of_classes, of_values

CYCLES, INSTRUCTIONS = "cycles", "instructions"


@dataclass(frozen=True)
class Cost:
    """What one inference costs.

    Attributes:
        unit: "cycles" of a real processor, or "instructions" that an emulator executed.
        microseconds: of the mean, from the board's clock; None on emulators.
    """

    unit: str
    mean: float
    smallest: int
    largest: int
    microseconds: float | None = None


@dataclass(frozen=True)
class Misclassified:
    """An input that was taken for another class than its label says."""

    image: int
    label: int
    predicted: int


@dataclass(frozen=True)
class Recognition:
    """How the firmware's decisions fit the labels.

    Attributes:
        confusion: [label][predicted] counts.
        classes: recall and precision of each class.
        class_names: in the order of the labels; () where they have none.
    """

    right: int
    total: int
    confusion: list[list[int]]
    misclassified: list[Misclassified]
    classes: list[ClassScore]
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Regression:
    """How near the firmware's values are to the labels, in their units.

    Attributes:
        overall: of all values together.
        each: of each value of the output, in its order.
        units: of each, or of all; () where they have none.
    """

    overall: RegressionScore
    each: list[RegressionScore]
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerVerdict:
    """One layer; `comparison` is None when the firmware does not show it."""

    index: int
    name: str
    comparison: Comparison | None
    mean_cost: float | None


@dataclass(frozen=True)
class Verdict:
    """Everything that `validate` tells.

    Attributes:
        inputs: how many there were to run; `done` were.
        stopped: why it ended early, or "".
        recognition, regression: None for inputs without such labels.
        cost: None when nothing measured it.
    """

    inputs: int
    done: int
    seconds: float
    stopped: str
    comparison: Comparison
    recognition: Recognition | None
    cost: Cost | None
    layers: list[LayerVerdict]
    regression: Regression | None = None

    @property
    def first_wrong_layer(self) -> LayerVerdict | None:
        """The first layer whose bytes differ: those behind it only inherit the mistake."""
        for layer in self.layers:
            if layer.comparison is not None and not layer.comparison.equal:
                return layer
        return None

    @property
    def passed(self) -> bool:
        """All inputs were run, and every byte is the reference's."""
        return not self.stopped and self.comparison.equal and self.first_wrong_layer is None


def judge(
    measured: Measurement,
    reference: Reference,
    info: Info,
    names: Sequence[str],
    *,
    emulated: bool,
) -> Verdict:
    """Compare what was run with the reference.

    Args:
        names: the layers' names, in order.
        emulated: the cycle counter of an emulated processor counts instructions.
    """
    done = measured.done
    counted, unit = _counted(measured, emulated=emulated)
    return Verdict(
        inputs=len(reference.inputs),
        done=done,
        seconds=measured.seconds,
        stopped=measured.stopped,
        comparison=compare(measured.outputs[:done].tobytes(), reference.outputs[:done]),
        recognition=_recognition(measured, reference),
        cost=None if counted is None else _cost(counted, unit, 0 if emulated else info.clock_hz),
        layers=_layers(measured, reference, names, unit),
        regression=_regression(measured, reference, info.outputs[0]),
    )


def _counted(measured: Measurement, *, emulated: bool) -> tuple[npt.NDArray[np.uint32] | None, str]:
    """The costs of the inputs that were run, and their unit; None when all are 0."""
    cycles, instructions = measured.cycles[: measured.done], measured.instructions[: measured.done]
    if not emulated:
        return (cycles if cycles.any() else None), CYCLES
    if instructions.any():
        return instructions, INSTRUCTIONS
    return (cycles if cycles.any() else None), INSTRUCTIONS


def _cost(counted: npt.NDArray[np.uint32], unit: str, clock_hz: int) -> Cost:
    mean = float(counted.mean(dtype=np.float64))
    microseconds = mean * 1e6 / clock_hz if clock_hz else None
    return Cost(unit, mean, int(counted.min()), int(counted.max()), microseconds)


def _recognition(measured: Measurement, reference: Reference) -> Recognition | None:
    if reference.labels is None or not measured.done:
        return None
    labels = reference.labels[: measured.done]
    predicted = measured.outputs[: measured.done].argmax(axis=1)
    classes = max(measured.outputs.shape[1], int(labels.max()) + 1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    wrong = [
        Misclassified(int(i), int(labels[i]), int(predicted[i]))
        for i in np.flatnonzero(predicted != labels)
    ]
    counts: list[list[int]] = confusion.tolist()
    return Recognition(
        int(np.trace(confusion)),
        len(labels),
        counts,
        wrong,
        of_classes(counts),
        reference.class_names,
    )


def _regression(measured: Measurement, reference: Reference, port: Port) -> Regression | None:
    if reference.targets is None or not measured.done:
        return None
    labels = reference.targets[: measured.done].T.tolist()
    outputs = dequantize(measured.outputs[: measured.done], port).T.tolist()
    each = [of_values([label], [found]) for label, found in zip(labels, outputs, strict=True)]
    return Regression(of_values(labels, outputs), each, reference.units)


def _layers(
    measured: Measurement, reference: Reference, names: Sequence[str], unit: str
) -> list[LayerVerdict]:
    found = []
    column = 0 if unit == CYCLES or not measured.instructions.any() else 1
    for index, expected in sorted(reference.layers.items()):
        name = names[index] if index < len(names) else f"layer {index}"
        shown = measured.layers.get(index)
        comparison, cost = None, None
        if shown is not None and measured.done:
            comparison = compare(shown[: measured.done].tobytes(), expected[: measured.done])
            cost = float(measured.layer_costs[index][column]) / measured.done or None
        found.append(LayerVerdict(index, name, comparison, cost))
    return found
