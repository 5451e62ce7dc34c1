"""Models of older opsets, lifted to the oldest that the reader knows by onnx's own converter."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import version_converter

from codegen.reader.context import Context
from codegen.reader.load import OPSETS, opset_of
from codegen.reader.schema import check_node
from codegen.reader.text import shown
from support.errors import UserError


def lifted(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in an opset that the reader knows.

    Raises:
        UserError: no opset, one that is too old or new, or a model that cannot be lifted.
    """
    version = opset_of(path, model)
    if version >= OPSETS.start:
        return model
    # The converter trusts its input: no node goes into it that is none in its opset.
    context = Context(str(path), (), {})
    for node in model.graph.node:
        check_node(context, node, version)
    try:
        lift: onnx.ModelProto = version_converter.convert_version(model, OPSETS.start)
    except Exception as error:
        raise UserError(
            f"{path}: onnx cannot lift it from opset {version} to {OPSETS.start}: {shown(error)}",
            "export with opset 17",
        ) from None
    return lift
