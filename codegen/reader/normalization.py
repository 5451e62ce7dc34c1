"""How data becomes a model's inputs, where whoever trained it wrote that into the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from codegen.arrays import read_arrays
from codegen.ir.graph import Graph
from codegen.ir.preprocessing import Arithmetic
from codegen.reader.context import ModelInput
from codegen.reader.text import shown
from support.errors import UserError
from support.normalization import ARRAY, KEY, Step, unpacked

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
    return _of_inputs(f"{path}: its metadata '{KEY}'", entries[0], inputs)


def _of_inputs(where: str, text: str, inputs: Sequence[ModelInput]) -> tuple[Steps, ...]:
    remedy = "make that file again, or leave that entry out"
    try:
        found = unpacked(text)
    except ValueError as error:
        raise UserError(f"{where}: {shown(str(error))}", remedy) from None
    if not found:
        return ()
    for name in found.keys() - {each.name for each in inputs}:
        raise UserError(f"{where} is of no input '{shown(name)}'", remedy)
    for each in inputs:
        for step in found.get(each.name, ()):
            if len(step.constants) not in (1, each.shape[1]):
                raise UserError(
                    f"{where} has {len(step.constants)} numbers for"
                    f" the {each.shape[1]} channels of input '{shown(each.name)}'",
                    remedy,
                )
    return tuple(
        tuple(_arithmetic(step, len(each.shape)) for step in found.get(each.name, ()))
        for each in inputs
    )


def with_normalization(graph: Graph, path: Path | None) -> Graph:
    """The graph with what its inputs' file says of them, where its model says nothing.

    Args:
        path: .npz of inputs; None: there is none.

    Raises:
        UserError: no such file, or what it says fits no input.
    """
    stored = read_arrays(path).get(ARRAY) if path is not None and not graph.normalization else None
    if stored is None or stored.dtype != np.uint8:
        return graph
    inputs = [ModelInput(value.name, value.shape) for value in graph.inputs]
    text = stored.tobytes().decode(errors="replace")
    where = f"{path}: its array '{ARRAY}'"
    return replace(graph, normalization=_of_inputs(where, text, inputs))


def _arithmetic(step: Step, rank: int) -> Arithmetic:
    shape = (1, -1, *[1] * (rank - 2))
    with np.errstate(over="ignore"):
        constant = np.array(step.constants, np.float32).reshape(shape)
    return Arithmetic(step.function, constant)
