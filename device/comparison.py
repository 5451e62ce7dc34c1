"""What the firmware computed against what the reference says it computes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from support.errors import UserError
from support.files import DAMAGED_ARRAYS, check_given, in_words

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Difference:
    """The first byte that differs: the input's number, element of its output, both values."""

    image: int
    element: int
    firmware: int
    reference: int


@dataclass(frozen=True)
class Comparison:
    """How many of the reference's bytes the firmware gave.

    Attributes:
        identical: equal bytes at equal places.
        total: bytes of the reference.
        received: bytes of the firmware.
        first: the first difference among the bytes that both have.
    """

    identical: int
    total: int
    received: int
    first: Difference | None

    @property
    def equal(self) -> bool:
        """Every byte is there and right."""
        return self.identical == self.total == self.received

    def text(self) -> str:
        """The verdict in one or two lines."""
        line = f"{self.identical}/{self.total} output bytes identical to the reference"
        if self.received != self.total:
            line += f"\nthe firmware gave {self.received} bytes, the reference has {self.total}"
        if self.first is not None:
            at = self.first
            line += (
                f"\nfirst difference: input {at.image}, output {at.element}: "
                f"firmware {at.firmware}, reference {at.reference}"
            )
        return line


def read_outputs(path: Path) -> Int8Array:
    """`outputs` of a reference.npz: int8 [images, output size].

    Raises:
        UserError: missing, no .npz, or another content.
    """
    check_given(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            outputs: Int8Array = arrays["outputs"]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "build it first") from None
    except DAMAGED_ARRAYS as error:
        raise UserError(
            f"{path}: not a reference.npz ({in_words(error)})", "build it again"
        ) from None
    if outputs.dtype != np.int8 or outputs.ndim != 2:
        raise UserError(f"{path}: outputs are {outputs.dtype} {outputs.shape}, not int8 [N, size]")
    return outputs


def compare(results: bytes, outputs: Int8Array) -> Comparison:
    """Compare all output bytes of a run with the reference's `outputs`, int8 [N, size]."""
    received = np.frombuffer(results, dtype=np.int8)
    expected = outputs.reshape(-1)
    common = min(received.size, expected.size)
    differs = np.flatnonzero(received[:common] != expected[:common])
    first = None
    if differs.size:
        place = int(differs[0])
        image, element = divmod(place, outputs.shape[1])
        first = Difference(image, element, int(received[place]), int(expected[place]))
    return Comparison(common - int(differs.size), int(expected.size), int(received.size), first)
