"""From a .tflite file to the graph."""

from __future__ import annotations

from pathlib import Path

import onnx

from codegen.ir.graph import Graph
from codegen.reader.qdq import read_model
from codegen.reader.survey import Survey, UnsupportedNodes
from codegen.reader.text import shown
from codegen.reader.tflite import computed, moved
from codegen.reader.tflite.file import Operator, open_tflite
from codegen.reader.tflite.translation import REMEDY, Translation
from support.errors import UserError

READERS = {**computed.READERS, **moved.READERS}
AGAIN = "convert the network again, or express this by other operators: docs/operators.md"


def read_tflite(path: Path, survey: Survey | None = None) -> Graph:
    """Read an int8 .tflite file, batch 1.

    Args:
        survey: go on behind operators that cannot be read, and note them.

    Raises:
        UnsupportedNodes: the survey has found some.
        UserError: anything unsupported, naming file, operator and remedy.
    """
    model, shapes = translate(path, survey)
    try:
        return read_model(path, model, shapes, survey)
    except UnsupportedNodes:
        raise
    except UserError as error:
        # What to do with an ONNX file does not help here.
        raise UserError(error.message, AGAIN) from None


def translate(
    path: Path, survey: Survey | None = None
) -> tuple[onnx.ModelProto, dict[str, tuple[int, ...]]]:
    """The network as QDQ ONNX, and the shapes that the file declares, by ONNX name.

    Raises:
        UnsupportedNodes: the survey has found some.
        UserError: anything that cannot be said in ONNX.
    """
    translation = Translation(open_tflite(path))
    inputs = translation.begin()
    for operator in translation.file.operators:
        if survey is None:
            read_operator(translation, operator)
        else:
            _look_at(translation, operator, survey)
    if survey:
        survey.finish(str(path))
    return translation.model(inputs, translation.end()), translation.shapes


def _look_at(translation: Translation, operator: Operator, survey: Survey) -> None:
    """Write an operator down, or note why not."""
    reads = [shown(tensor.name) for tensor in operator.inputs if tensor is not None]
    writes = [shown(tensor.name) for tensor in operator.outputs]
    if survey.passes_over(reads, writes):
        return
    try:
        read_operator(translation, operator)
    except UserError as error:
        survey.note(writes[0] if writes else "unnamed", shown(operator.kind), error, writes)


def read_operator(translation: Translation, operator: Operator) -> None:
    """Write an operator down.

    Raises:
        UserError: one that cannot be said in ONNX.
    """
    if operator.kind not in READERS:
        raise translation.fail(operator, "unsupported operator", REMEDY)
    if not operator.outputs:
        raise UserError(
            f"{translation.file.path}: an operator {operator.kind} writes nothing",
            "convert the network again",
        )
    READERS[operator.kind](translation, operator)
