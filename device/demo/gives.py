"""What a network gives, as a person reads it: a class by its name, or values with their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.comparison import Int8Array
from device.demo.takes import Float64Array
from device.link.messages import Info, Port
from device.validation.reference import Reference

# More numbers are a picture or a feature map: of those, the first are shown.
_MOST_VALUES = 256
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class Gives:
    """The outputs.

    Attributes:
        names: of the classes; of values, the units or "". As many as are shown.
        classes: the largest number is the class.
        index: the only number is the class itself.
    """

    ports: tuple[Port, ...]
    names: tuple[str, ...]
    classes: bool
    index: bool

    def told(self) -> dict[str, Any]:
        """For the page."""
        kind = "class" if self.index else "classes" if self.classes else "values"
        total = sum(port.bytes // _item(port) for port in self.ports)
        return {"kind": kind, "names": list(self.names), "total": total}

    def real(self, outputs: Int8Array) -> Float64Array:
        """All numbers of int8 [bytes of all outputs], one output after the other."""
        found, at = [], 0
        for port in self.ports:
            kind = np.dtype(port.type).newbyteorder("<")
            numbers = np.frombuffer(outputs[at : at + port.bytes].tobytes(), kind)
            real = numbers.astype(np.float64)
            found.append((real - port.zero_point) * port.scale if port.scale else real)
            at += port.bytes
        return np.concatenate(found)

    def read(self, outputs: Int8Array) -> dict[str, Any]:
        """What outputs say: the numbers that are shown, and the class or None."""
        real = self.real(outputs)
        shown = [round(float(number), 6) for number in np.nan_to_num(real[: len(self.names)])]
        best = int(real[0]) if self.index else int(real.argmax()) if self.classes else None
        return {"scores": shown, "best": best}


def gives(info: Info, reference: Reference | None) -> Gives:
    """What the firmware's network gives, with the names that came with its test inputs."""
    ports = info.outputs
    counts = [port.bytes // _item(port) for port in ports]
    names = reference.class_names if reference else ()
    units = reference.units if reference else ()
    values = reference is not None and (reference.targets is not None or bool(units))
    index = len(ports) == 1 and counts == [1] and ports[0].type == "int32"
    classes = not values and not index and len(ports) == 1 and 1 < counts[0] <= _MOST_CLASSES
    if classes or index:
        count = counts[0] if classes else len(names)
        shown = tuple(names[n] if n < len(names) else str(n) for n in range(count))
    else:
        shown = tuple(
            units[n] if n < len(units) else units[0] if len(units) == 1 else ""
            for n in range(min(sum(counts), _MOST_VALUES))
        )
    return Gives(ports, shown, classes, index)


def label_of(reference: Reference, index: int) -> int | Sequence[float] | None:
    """What a test input's label says: a class, values, or nothing."""
    if reference.labels is not None:
        return int(reference.labels[index])
    if reference.targets is not None:
        values: list[float] = reference.targets[index].astype(float).tolist()
        return values
    return None


def _item(port: Port) -> int:
    return np.dtype(port.type).itemsize
