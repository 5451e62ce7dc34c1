"""How data becomes a model's inputs, where whoever trained it wrote that into the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

from codegen.ir.preprocessing import Arithmetic
from codegen.reader.context import ModelInput
from codegen.reader.text import shown
from support.errors import UserError
from support.normalization import KEY, Step, unpacked

Steps = tuple[Arithmetic, ...]


def read_normalization(
    path: Path, model: onnx.ModelProto, inputs: Sequence[ModelInput]
) -> tuple[Steps, ...]:
    """The arithmetic from data to each of the model's inputs; () where nobody wrote it.

    Raises:
        UserError: an entry that cannot be read, or that fits no input.
    """
    entries = [entry.value for entry in model.metadata_props if entry.key == KEY]
    if not entries:
        return ()
    remedy = "export the model again, or take that entry out of its metadata"
    try:
        found = unpacked(entries[0])
    except ValueError as error:
        raise UserError(f"{path}: its metadata '{KEY}': {shown(str(error))}", remedy) from None
    if not found:
        return ()
    for name in found.keys() - {each.name for each in inputs}:
        raise UserError(f"{path}: its metadata '{KEY}' is of no input '{shown(name)}'", remedy)
    for each in inputs:
        for step in found.get(each.name, ()):
            if len(step.constants) not in (1, each.shape[1]):
                raise UserError(
                    f"{path}: its metadata '{KEY}' has {len(step.constants)} numbers for"
                    f" the {each.shape[1]} channels of input '{shown(each.name)}'",
                    remedy,
                )
    return tuple(
        tuple(_arithmetic(step, len(each.shape)) for step in found.get(each.name, ()))
        for each in inputs
    )


def _arithmetic(step: Step, rank: int) -> Arithmetic:
    shape = (1, -1, *[1] * (rank - 2))
    with np.errstate(over="ignore"):
        constant = np.array(step.constants, np.float32).reshape(shape)
    return Arithmetic(step.function, constant)
