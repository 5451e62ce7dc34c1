"""The network that the firmware answers for: what it may be asked, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.comparison import Int8Array
from device.demo.gives import Gives, gives, label_of
from device.demo.takes import Takes, TestsOnly, takes
from device.demo.training import Training
from device.link.messages import Info
from device.validation.reference import Reference
from support.errors import UserError

GIVEN, TEST = range(2)
"""The first byte of a question: an input that a person gives, or the number of a test input."""
_INDEX = 4


@dataclass(frozen=True)
class Question:
    """An input for the firmware.

    Attributes:
        stored: int8 [size].
        test: number of the test input, or None.
    """

    stored: Int8Array
    test: int | None = None


@dataclass(frozen=True)
class Network:
    """Everything about the network that the page shows.

    Attributes:
        reference: test inputs, and what the integer reference gives for them; or None.
    """

    takes: Takes
    gives: Gives
    reference: Reference | None

    @property
    def sizes(self) -> Mapping[int, int]:
        """Bytes behind each kind of question that there is."""
        given = {} if isinstance(self.takes, TestsOnly) else {GIVEN: self.takes.size}
        return given | ({} if self.reference is None else {TEST: _INDEX})

    def question(self, kind: int, payload: bytes) -> Question:
        """What the page asks, in the network's bytes.

        Raises:
            UserError: no such test input.
        """
        if kind == GIVEN and not isinstance(self.takes, TestsOnly):
            return Question(self.takes.stored(payload))
        index = int.from_bytes(payload, "little")
        if self.reference is None or index >= len(self.reference.inputs):
            raise UserError(f"there is no test input {index}", "load the page again")
        return Question(self.reference.inputs[index], index)

    def answer(self, question: Question, outputs: Int8Array) -> dict[str, Any]:
        """What the firmware's bytes say.

        Returns:
            scores (real values), stored output bytes, `best` (the class, or None), the input as
            the network `seen` it; of a test input its number, label, and whether the bytes are
            the reference's.
        """
        found = {**self.gives.read(outputs), "stored": outputs.tolist()}
        if not isinstance(self.takes, TestsOnly):
            found["seen"] = self.takes.seen(question.stored)
        if question.test is not None and self.reference is not None:
            found["test"] = question.test
            found["label"] = label_of(self.reference, question.test)
            found["identical"] = bool(
                np.array_equal(outputs, self.reference.outputs[question.test])
            )
        return found

    def told(self) -> dict[str, Any]:
        """For the page, before any question."""
        tests = 0 if self.reference is None else len(self.reference.inputs)
        return {"takes": self.takes.told(), "gives": self.gives.told(), "tests": tests}


def network_of(
    info: Info, manifest: Mapping[str, Any], training: Training, reference: Reference | None
) -> Network:
    """The network of a firmware.

    Raises:
        UserError: the test inputs are another network's.
    """
    if reference is not None:
        sizes = reference.inputs.shape[1], reference.outputs.shape[1]
        if sizes != (info.input_size, info.output_size):
            raise UserError(
                f"the firmware's network takes {info.input_size} and gives {info.output_size}"
                f" bytes, the test inputs have {sizes[0]} and {sizes[1]}",
                "flash the firmware of this build",
            )
    told = gives(info, reference)
    given = takes(info, manifest.get("inputs", ()), training, classes=told.classes)
    if isinstance(given, TestsOnly) and reference is None:
        raise UserError(
            f"there is nothing to ask this network: {given.why}", "give test inputs: inputs=x.npz"
        )
    return Network(given, told, reference)
